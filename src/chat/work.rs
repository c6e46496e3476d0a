//! Counts steps in tests, which can so measure how work grows without a clock. Outside of
//! tests it does nothing.

/// Counts one step of a loop over data from outside.
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

    /// The steps that this thread takes for `work`.
    pub fn steps_of(work: impl FnOnce()) -> u64 {
        let before = STEPS.with(Cell::get);
        work();
        STEPS.with(Cell::get) - before
    }
}
