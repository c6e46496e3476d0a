//! The order of events that the doc of `chat` promises. The library's own tests read this
//! file too.

use super::chat::{Delta, Event, PartStart};

/// Panics unless the events keep the order.
pub fn assert_well_framed(events: &[Event]) {
    let (mut started, mut open, mut over) = (false, None, false);
    for event in events {
        assert!(!over, "{event:?} after the end");
        match event {
            Event::Started { .. } => assert!(!std::mem::replace(&mut started, true), "started twice"),
            Event::PartStarted(start) => {
                assert!(started && open.is_none(), "{start:?} inside {open:?}");
                open = Some(start.clone());
            }
            Event::Delta(delta) => match (delta, &open) {
                (Delta::Text(_) | Delta::Citation(_), Some(PartStart::Text))
                | (Delta::Thinking(_) | Delta::Signature(_), Some(PartStart::Thinking))
                | (Delta::Arguments(_), Some(PartStart::ToolUse { .. })) => {}
                _ => panic!("{delta:?} inside {open:?}"),
            },
            Event::PartFinished => assert!(open.take().is_some(), "nothing to finish"),
            Event::Usage(_) => assert!(started, "usage before the start"),
            Event::Finished(_) => {
                assert!(started && open.is_none(), "finished inside {open:?}");
                over = true;
            }
            Event::Failed(_) => over = true,
        }
    }
}
