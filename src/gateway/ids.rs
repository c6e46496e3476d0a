//! Ids that cannot be guessed from one another: a client that knows the id of an answer can
//! continue its conversation, and read it.

use std::cell::RefCell;

/// Bytes of an id: 128 bits.
const BYTES: usize = 16;
/// Ids asked of the system at a time; one call costs more than everything else here.
const BATCH: usize = 64;

thread_local! {
    static BATCHES: RefCell<Batch> = const { RefCell::new(Batch { bytes: [0; BYTES * BATCH], used: BATCH }) };
}

struct Batch {
    bytes: [u8; BYTES * BATCH],
    /// Ids that were handed out; their bytes are zeroed.
    used: usize,
}

/// 32 hexadecimal digits, all of them random.
pub fn random() -> String {
    format!("{:032x}", BATCHES.with_borrow_mut(Batch::next))
}

/// The id of a request, sent to its client.
pub fn of_request() -> String {
    format!("req_{:032x}", BATCHES.with_borrow_mut(Batch::next))
}

impl Batch {
    fn next(&mut self) -> u128 {
        if self.used == BATCH {
            getrandom::fill(&mut self.bytes).expect("the operating system gives random numbers");
            self.used = 0;
        }
        let (taken, _) = self.bytes[self.used * BYTES..].as_chunks_mut::<BYTES>();
        let id = u128::from_le_bytes(std::mem::take(&mut taken[0]));
        self.used += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_tells_of_another() {
        let drawn = |_| (0..1_000).map(|_| random()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|number| std::thread::spawn(move || drawn(number))).collect();
        let ids: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().expect("drawn")).collect();
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        for place in 0..32 {
            let digits: HashSet<u8> = ids.iter().map(|id| id.as_bytes()[place]).collect();
            assert_eq!(digits.len(), 16, "digit {place} does not take every value");
        }
    }

    #[test]
    fn a_request_is_named_apart_from_its_answers() {
        assert!(of_request().starts_with("req_") && of_request().len() == 36);
    }
}
