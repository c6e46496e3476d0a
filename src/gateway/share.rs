//! The memory that one request may take, and all together: its bytes, their decoded values,
//! the earlier answers it refers to, what is sent upstream, and an answer that is read whole.
//!
//! A request over its own ceiling gets a 413: waiting would not help. One for which there is
//! no room at present gets a 503 with `Retry-After`, so that the machine does not swap.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::protocol::{ErrorKind, LocalError};

/// Bytes of the unit that memory is counted in.
const UNIT: usize = 64 << 10;
/// Bytes reserved for small requests, so that a few large ones that stall do not turn them
/// away.
const RESERVE: usize = 64 << 20;
/// A request with a body of at most this many bytes is small …
const SMALL: usize = 1 << 20;
/// … and may take up to this many bytes of the reserve.
const SMALL_IN_MEMORY: usize = 8 << 20;
/// A request may take its body limit this many times: a conversation of very many short
/// messages does. A list of zeros would take far more.
const GROWTH: usize = 4;
/// Bytes that a request may always take, however low its body limit is.
const LEAST_CEILING: usize = 64 << 20;

/// The memory for all requests together.
#[derive(Clone, Debug)]
pub struct Budget {
    rooms: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
}

/// The part of the budget that one request holds until this is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    /// Bytes that the body may have.
    max_body: u64,
    held: Mutex<Holdings>,
}

#[derive(Debug, Default)]
struct Holdings {
    /// Bytes of the body so far.
    arrived: usize,
    /// Bytes of the values of the body, beside their text.
    decoded: usize,
    /// Bytes of the earlier answers that are referred to, and of their values.
    referred: usize,
    referred_weight: usize,
    /// Bytes of the largest request that was encoded for an upstream.
    encoded: usize,
    /// Bytes of an answer that is read whole, and of its values.
    answer: usize,
    units: usize,
    rooms: Option<OwnedSemaphorePermit>,
    reserve: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// `bytes`: for all requests together, besides the reserve.
    pub fn new(bytes: usize) -> Self {
        let units = |bytes: usize| Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS)));
        Self { rooms: units(bytes), reserve: units(RESERVE) }
    }

    /// `max_body`: bytes that the request may send.
    pub fn open(&self, max_body: u64) -> Share {
        Share { budget: self.clone(), max_body, held: Mutex::default() }
    }
}

impl Share {
    /// Fails with a 413 where a body that states this length is too long.
    pub fn can_arrive(&self, length: u64) -> Result<(), LocalError> {
        if length > self.max_body { Err(self.too_long("the request body is")) } else { Ok(()) }
    }

    /// Counts bytes of the body that have come.
    pub fn arrived(&self, bytes: usize) -> Result<(), LocalError> {
        let mut held = self.held.lock();
        held.arrived += bytes;
        if held.arrived as u64 > self.max_body {
            return Err(self.too_long("the request body is"));
        }
        self.hold(&mut held)
    }

    /// Counts the values of the body, before they are decoded.
    pub fn decoded(&self, weight: usize) -> Result<(), LocalError> {
        let mut held = self.held.lock();
        held.decoded = weight;
        self.hold_values(&mut held)
    }

    /// References are about to be looked up again: those found before no longer count.
    pub fn refers_anew(&self) {
        let mut held = self.held.lock();
        (held.referred, held.referred_weight) = (0, 0);
    }

    /// Counts an earlier answer that takes the place of a reference to it.
    pub fn referred(&self, bytes: usize, weight: usize) -> Result<(), LocalError> {
        let mut held = self.held.lock();
        held.referred = held.referred.saturating_add(bytes);
        held.referred_weight = held.referred_weight.saturating_add(weight);
        if (held.arrived.saturating_add(held.referred)) as u64 > self.max_body {
            return Err(self.too_long("the request, together with the earlier answers it refers to, is"));
        }
        self.hold_values(&mut held)
    }

    /// Bytes of the earlier answers that are referred to.
    pub fn refers_to(&self) -> usize {
        self.held.lock().referred
    }

    /// Counts a request encoded for an upstream, which may be a quarter longer than the limit
    /// for the body: protocols differ.
    pub fn encoded(&self, bytes: usize) -> Result<(), LocalError> {
        if bytes as u64 > self.max_body.saturating_add(self.max_body / 4) {
            return Err(self.too_long("what the request becomes in the upstream's own protocol is"));
        }
        let mut held = self.held.lock();
        held.encoded = held.encoded.max(bytes);
        self.hold(&mut held)
    }

    /// Counts bytes of an answer that is read whole, or of its values.
    pub fn answered(&self, bytes: usize) -> Result<(), LocalError> {
        let mut held = self.held.lock();
        held.answer = held.answer.saturating_add(bytes);
        self.hold(&mut held)
    }

    /// Counts the values of a whole answer, before they are decoded.
    pub fn can_decode(&self, weight: usize) -> Result<(), LocalError> {
        if weight > self.ceiling() {
            let error = self.too_dense("the upstream's answer", weight);
            return Err(LocalError { kind: ErrorKind::BadGateway, ..error });
        }
        self.answered(weight)
    }

    fn hold_values(&self, held: &mut Holdings) -> Result<(), LocalError> {
        let weight = held.decoded.saturating_add(held.referred_weight);
        if weight > self.ceiling() {
            return Err(self.too_dense("the request", weight));
        }
        self.hold(held)
    }

    fn ceiling(&self) -> usize {
        let max_body = usize::try_from(self.max_body).unwrap_or(usize::MAX);
        max_body.saturating_mul(GROWTH).max(LEAST_CEILING)
    }

    /// Acquires the units that are missing for what is held.
    fn hold(&self, held: &mut Holdings) -> Result<(), LocalError> {
        let total = held.total();
        let missing = total.div_ceil(UNIT).saturating_sub(held.units);
        if missing == 0 {
            return Ok(());
        }
        let Budget { rooms, reserve } = &self.budget;
        let wanted = u32::try_from(missing).unwrap_or(u32::MAX);
        if let Ok(granted) = Arc::clone(rooms).try_acquire_many_owned(wanted) {
            merge(&mut held.rooms, granted);
        } else {
            let is_small = held.arrived <= SMALL && total <= SMALL_IN_MEMORY;
            let granted = Arc::clone(reserve).try_acquire_many_owned(wanted).ok().filter(|_| is_small);
            merge(&mut held.reserve, granted.ok_or_else(busy)?);
        }
        held.units += missing;
        Ok(())
    }

    fn too_long(&self, what: &str) -> LocalError {
        let megabytes = self.max_body >> 20;
        LocalError::new(
            ErrorKind::TooLarge,
            format!("{what} over the limit of {megabytes} MB (max_body_mb under [proxy])"),
        )
    }

    fn too_dense(&self, what: &str, weight: usize) -> LocalError {
        let (weight, ceiling) = (weight >> 20, self.ceiling() >> 20);
        LocalError::new(
            ErrorKind::TooLarge,
            format!(
                "{what} has so many JSON values that decoding it would take about {weight} MB of memory, \
                 over the limit of {ceiling} MB (which follows max_body_mb under [proxy])"
            ),
        )
    }
}

impl Holdings {
    const fn total(&self) -> usize {
        self.arrived
            .saturating_add(self.decoded)
            .saturating_add(self.referred)
            .saturating_add(self.referred_weight)
            .saturating_add(self.encoded)
            .saturating_add(self.answer)
    }
}

fn merge(share: &mut Option<OwnedSemaphorePermit>, granted: OwnedSemaphorePermit) {
    match share {
        Some(share) => share.merge(granted),
        None => *share = Some(granted),
    }
}

fn busy() -> LocalError {
    LocalError::new(ErrorKind::Unavailable, "too many large requests at once; try again in a moment")
        .retry_after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: usize = 1 << 20;

    fn share(budget: &Budget) -> Share {
        budget.open(100 << 20)
    }

    fn kind(outcome: Result<(), LocalError>) -> Option<ErrorKind> {
        outcome.err().map(|error| error.kind)
    }

    #[test]
    fn small_requests_have_room_of_their_own() {
        let budget = Budget::new(64 * MEGABYTE);
        let large = share(&budget);
        large.arrived(64 * MEGABYTE).expect("there is room");
        assert_eq!(kind(large.arrived(1)), Some(ErrorKind::Unavailable));
        let small: Vec<_> = (0..64).map(|_| share(&budget)).collect();
        for one in &small {
            one.arrived(MEGABYTE).expect("room for a small one");
        }
        assert_eq!(kind(share(&budget).arrived(1)), Some(ErrorKind::Unavailable), "the reserve ends, too");
        drop(small);
        let grows = share(&budget);
        grows.arrived(MEGABYTE).and_then(|()| grows.decoded(7 * MEGABYTE)).expect("small in memory, too");
        assert_eq!(kind(grows.encoded(MEGABYTE)), Some(ErrorKind::Unavailable), "not small any more");
        drop((large, grows));
        share(&budget).arrived(64 * MEGABYTE).expect("everything was given back");
    }

    #[test]
    fn what_no_waiting_would_help_is_too_large() {
        let budget = Budget::new(4096 * MEGABYTE);
        let take = |take: fn(&Share) -> Result<(), LocalError>| kind(take(&share(&budget)));
        assert_eq!(take(|share| share.arrived(100 << 20)), None);
        assert_eq!(take(|share| share.arrived((100 << 20) + 1)), Some(ErrorKind::TooLarge));
        assert_eq!(take(|share| share.decoded(400 << 20)), None);
        assert_eq!(take(|share| share.decoded((400 << 20) + 1)), Some(ErrorKind::TooLarge));
        assert_eq!(take(|share| share.referred((100 << 20) + 1, 0)), Some(ErrorKind::TooLarge));
        assert_eq!(take(|share| share.encoded(125 << 20)), None);
        assert_eq!(take(|share| share.encoded((125 << 20) + 1)), Some(ErrorKind::TooLarge));
        assert_eq!(take(|share| share.can_decode((400 << 20) + 1)), Some(ErrorKind::BadGateway));
        let both = share(&budget);
        both.arrived(60 << 20).expect("within");
        assert_eq!(kind(both.referred(41 << 20, 0)), Some(ErrorKind::TooLarge), "both count together");
        let dense = share(&budget);
        dense.decoded(300 << 20).expect("within");
        assert_eq!(kind(dense.referred(1, 101 << 20)), Some(ErrorKind::TooLarge), "values, too");
        dense.refers_anew();
        dense.referred(1, 100 << 20).expect("an earlier look does not count");
    }

    #[test]
    fn another_try_holds_no_more_than_the_first() {
        let budget = Budget::new(10 * MEGABYTE);
        let share = share(&budget);
        for _ in 0..3 {
            share.encoded(8 * MEGABYTE).expect("the one before is gone");
        }
        assert_eq!(kind(share.encoded(11 * MEGABYTE)), Some(ErrorKind::Unavailable));
    }
}
