//! A mark on every request sent upstream, which shows when a request comes back: an account
//! whose `base_url` leads here, directly or through others, would turn one request into
//! thousands.
//!
//! Each process has its own mark, so that one portcullis may be another's upstream.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};

/// The header with the marks of all processes that a request has passed, one per value.
pub const NAME: &str = "x-portcullis-hop";

/// No real chain of proxies is longer.
const MOST_HOPS: usize = 8;

/// The error for a request that has come back.
pub const RETURNED: &str = "the base_url of this account points at portcullis itself: correct it";

static OWN: LazyLock<HeaderValue> = LazyLock::new(|| {
    let mut random = [0; 8];
    // Without randomness the process id still differs from all others on this computer.
    if getrandom::fill(&mut random).is_err() {
        random[..4].copy_from_slice(&std::process::id().to_le_bytes());
    }
    let text = format!("{:016x}", u64::from_le_bytes(random));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unknown"))
});

pub fn mark(headers: &mut HeaderMap) {
    headers.append(NAME, OWN.clone());
}

/// Whether a request has passed this process before, or goes in circles elsewhere.
pub fn has_returned(headers: &HeaderMap) -> bool {
    let mut marks = headers.get_all(NAME).iter();
    marks.any(|mark| mark == *OWN) || headers.get_all(NAME).iter().count() > MOST_HOPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_request_is_recognised_and_one_from_another_process_is_not() {
        let mut headers = HeaderMap::new();
        assert!(!has_returned(&headers));
        headers.append(NAME, HeaderValue::from_static("0123456789abcdef"));
        assert!(!has_returned(&headers));
        mark(&mut headers);
        assert!(has_returned(&headers));
    }

    #[test]
    fn more_hops_than_any_real_chain_are_a_circle() {
        let mut headers = HeaderMap::new();
        for number in 0..=MOST_HOPS {
            assert!(!has_returned(&headers), "{number}");
            headers.append(NAME, HeaderValue::from(number));
        }
        assert!(has_returned(&headers));
    }
}
