//! Counts steps in tests, so that they can say how work grows without asking a clock.
//! Outside of tests it is nothing.

/// One step of a loop over what somebody else has sent.
#[cfg(not(test))]
#[inline]
pub const fn step() {}

#[cfg(test)]
pub use counting::{step, steps_of};

#[cfg(test)]
mod counting {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    pub fn step() {
        STEPS.with(|steps| steps.set(steps.get() + 1));
    }

    /// How many steps this thread takes to do that.
    pub fn steps_of(work: impl FnOnce()) -> u64 {
        let before = STEPS.with(Cell::get);
        work();
        STEPS.with(Cell::get) - before
    }
}
