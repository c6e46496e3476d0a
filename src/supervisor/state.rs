//! The proxy's life as a pure function.
//!
//! ```text
//!              start            bound
//!  Stopped ───────────▶ Starting ─────▶ Running ◀──┐ rebound
//!   ▲  ▲                 │    ▲           │ │ └────┘
//!   │  │ stop     failed │    │ start     │ └─ stop ─▶ Draining ── start ─▶ Starting
//!   │  └──────── Failed ◀┘    │           │                │
//!   │              └──────────┘           │             drained
//!   └─────────────────────────────────────┴────────────────┘
//! ```

use crate::control::ProxyState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    StartAsked,
    Bound,
    StartFailed,
    StopAsked,
    Drained,
}

/// The state after an input. An input without an arrow in the diagram changes nothing.
pub const fn next(state: ProxyState, input: Input) -> ProxyState {
    use ProxyState::{Draining, Failed, Running, Starting, Stopped};
    match (state, input) {
        (Stopped | Failed | Draining, Input::StartAsked) => Starting,
        (Starting | Running, Input::Bound) => Running,
        (Starting, Input::StartFailed) => Failed,
        (Running, Input::StopAsked) => Draining,
        (Starting | Failed, Input::StopAsked) | (Draining, Input::Drained) => Stopped,
        (state, _) => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProxyState::{Draining, Failed, Running, Starting, Stopped};

    #[test]
    fn every_arrow_of_the_diagram_and_no_other() {
        let arrows = [
            (Stopped, Input::StartAsked, Starting),
            (Starting, Input::Bound, Running),
            (Starting, Input::StartFailed, Failed),
            (Starting, Input::StopAsked, Stopped),
            (Running, Input::StopAsked, Draining),
            (Failed, Input::StartAsked, Starting),
            (Failed, Input::StopAsked, Stopped),
            (Draining, Input::StartAsked, Starting),
            (Draining, Input::Drained, Stopped),
        ];
        let inputs = [Input::StartAsked, Input::Bound, Input::StartFailed, Input::StopAsked, Input::Drained];
        for state in [Stopped, Starting, Running, Draining, Failed] {
            for input in inputs {
                let arrow = arrows.iter().find(|(from, with, _)| (*from, *with) == (state, input));
                let expected = arrow.map_or(state, |(_, _, to)| *to);
                assert_eq!(next(state, input), expected, "{state:?} + {input:?}");
            }
        }
    }
}
