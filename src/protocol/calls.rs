//! The tool calls of one answer: the open one, those that wait for it to end, and the finished
//! ones. Each is found by its key in constant time.

use std::collections::{HashMap, VecDeque};

use crate::chat::{PartStart, work};

#[derive(Debug, Default)]
pub struct Calls {
    /// Calls that began while another was open, in order.
    waiting: VecDeque<WaitingCall>,
    /// The number of calls that have left the queue.
    dequeued: usize,
    places: HashMap<u64, Place>,
}

/// The state of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Open,
    /// The number it took when it joined the queue, counted from the answer's start.
    Waiting(usize),
    Finished,
}

#[derive(Debug)]
pub struct WaitingCall {
    pub key: u64,
    pub start: PartStart,
    pub arguments: String,
    pub is_whole: bool,
}

impl Calls {
    /// The number of calls so far, in any state.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn knows(&self, key: u64) -> bool {
        work::step();
        self.places.contains_key(&key)
    }

    pub fn opened(&mut self, key: u64) {
        self.places.insert(key, Place::Open);
    }

    pub fn finished(&mut self, key: u64) {
        self.places.insert(key, Place::Finished);
    }

    /// Adds a call to the end of the queue.
    pub fn wait(&mut self, key: u64, start: PartStart) {
        self.places.insert(key, Place::Waiting(self.dequeued + self.waiting.len()));
        self.waiting.push_back(WaitingCall { key, start, arguments: String::new(), is_whole: false });
    }

    /// The call, if it is in the queue.
    pub fn waiting(&mut self, key: u64) -> Option<&mut WaitingCall> {
        work::step();
        let Some(Place::Waiting(number)) = self.places.get(&key) else { return None };
        self.waiting.get_mut(number.checked_sub(self.dequeued)?)
    }

    /// Takes the first call out of the queue.
    pub fn next(&mut self) -> Option<WaitingCall> {
        work::step();
        let call = self.waiting.pop_front()?;
        self.dequeued += 1;
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use crate::chat::{FinishReason, Part};
    use crate::protocol::framing::Frame;

    #[test]
    fn waiting_calls_keep_their_arguments_and_their_order() {
        let mut frame = Frame::default();
        let keys = [7, 3, 9, 1];
        for key in keys {
            frame.call(key, &key.to_string(), "tool", false);
        }
        frame.call_is_whole(7);
        for key in [1, 9, 3] {
            frame.arguments(key, &format!("{{\"key\":{key}}}"));
            frame.call_is_whole(key);
        }
        frame.call(5, "5", "tool", false);
        frame.finish(FinishReason::Stop);
        let arguments: Vec<String> = frame
            .into_response()
            .expect("finished")
            .parts
            .into_iter()
            .filter_map(|part| match part {
                Part::ToolUse(call) => Some(format!("{} {}", call.id, call.arguments)),
                _ => None,
            })
            .collect();
        assert_eq!(arguments, ["7 {}", "3 {\"key\":3}", "9 {\"key\":9}", "1 {\"key\":1}", "5 {}"]);
    }
}
