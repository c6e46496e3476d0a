//! Work grows linearly with the input: every kind of request and of answer is translated at
//! one size and at twice that, into every protocol, and must not cost much more than twice.
//! Work is counted, not timed: steps of the loops that look things up ([`work`]), allocations,
//! and the bytes they take.
//!
//! A new loop over data from outside must count its steps, and needs a line in the table of
//! [`requests`] or [`answers`].

mod answers;
mod memory;
mod requests;

use crate::chat::work;

/// The smaller of the two sizes.
const SIZE: usize = 500;

#[derive(Clone, Copy, Debug)]
struct Work {
    steps: u64,
    allocations: u64,
    bytes: u64,
    /// The most bytes held at once.
    peak: u64,
}

impl Work {
    fn of(work: impl FnOnce()) -> Self {
        let mut steps = 0;
        let used = allocation_counter::measure(|| steps = work::steps_of(work));
        Self { steps, allocations: used.count_total, bytes: used.bytes_total, peak: used.bytes_max }
    }
}

/// Panics if twice the size costs more than 2.2 times the work.
#[track_caller]
fn assert_linear(what: &str, mut work: impl FnMut(usize)) {
    // Set up once what lasts for the whole process.
    work(1);
    let (one, two) = (Work::of(|| work(SIZE)), Work::of(|| work(2 * SIZE)));
    // The slack is what growing by powers of two may add to small figures.
    for (figure, one, two, slack) in [
        ("steps", one.steps, two.steps, 100),
        ("allocations", one.allocations, two.allocations, 100),
        ("bytes", one.bytes, two.bytes, 10_000),
        ("peak", one.peak, two.peak, 50_000),
    ] {
        assert!(two * 10 <= (one + slack) * 22, "{what}: {figure} grow from {one} to {two}");
    }
}

#[test]
#[should_panic(expected = "a list searched for each: steps grow")]
fn quadratic_steps_are_found() {
    assert_linear("a list searched for each", |size| {
        (0..size).for_each(|number| (0..number).for_each(|_| work::step()));
    });
}

#[test]
#[should_panic(expected = "a copy for each: bytes grow")]
fn a_copy_for_each_is_found() {
    assert_linear("a copy for each", |size| (0..size).for_each(|_| drop(vec![1_u8; size])));
}
