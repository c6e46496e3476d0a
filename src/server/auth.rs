//! Whether a client holds the key: one extraction for every way to send it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, HeaderMap};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;

use super::policy::Policy;
use crate::desktop::peer::Peer;
use crate::protocol::{ErrorKind, LocalError};

/// Wrong keys that an address may send within [`WINDOW`] before it has to wait.
const MAX_REFUSALS: u32 = 20;
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses remembered at once.
const MAX_PEERS: usize = 4096;

/// The headers that hold a key.
const HEADERS: &str = "`Authorization: Bearer KEY`, `x-api-key: KEY` or `x-goog-api-key: KEY`";

/// Fails unless one of the keys that were sent is right: any one valid key lets a request in.
pub fn check(policy: &Policy, headers: &HeaderMap, query: Option<&str>) -> Result<(), LocalError> {
    let mut presented = keys(headers, query).peekable();
    let nothing_sent = presented.peek().is_none();
    if presented.any(|key| policy.is_key(&key)) {
        return Ok(());
    }
    let what = if nothing_sent { "no API key was sent" } else { "the API key is not the one of this proxy" };
    Err(LocalError::new(
        ErrorKind::Unauthenticated,
        format!("{what}. Send the key that `portcullis key show` prints as {HEADERS}"),
    ))
}

/// Where no key is required: fails unless the client is the agent's own user or root, or sends
/// the key.
pub fn check_peer(
    policy: &Policy,
    peer: Peer,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<(), LocalError> {
    let is_welcome = matches!(peer, Peer::Ours | Peer::Unknown);
    if is_welcome || keys(headers, query).any(|key| policy.is_key(&key)) {
        return Ok(());
    }
    let message = if peer == Peer::Gone {
        "the client hung up before its user on this computer could be looked up".to_owned()
    } else {
        format!(
            "this proxy belongs to another user of this computer. Send its API key as {HEADERS}: that user gets it \
             with `portcullis key show`"
        )
    };
    Err(LocalError::new(ErrorKind::Forbidden, message))
}

/// Whether a request holds a key, right or wrong.
pub fn presents_a_key(headers: &HeaderMap, query: Option<&str>) -> bool {
    keys(headers, query).next().is_some()
}

/// Every key in a request: in its headers and its query.
fn keys<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> impl Iterator<Item = Vec<u8>> + 'a {
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| without_scheme(value.as_bytes()));
    let named = ["x-api-key", "x-goog-api-key"].into_iter().flat_map(|name| headers.get_all(name));
    let in_query =
        query.into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.strip_prefix("key="));
    bearer
        .chain(named.map(http::HeaderValue::as_bytes))
        .map(|key| key.trim_ascii().to_vec())
        .chain(in_query.map(|key| percent_decode_str(key).collect()))
        .filter(|key| !key.is_empty())
}

/// `K`, from `Bearer K` or a bare `K`. A client without a key sends `Bearer` alone: spaces at the
/// end of a header's value are not part of it.
fn without_scheme(value: &[u8]) -> &[u8] {
    match value.split_at_checked(6) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(b"bearer") && !starts_a_word(key) => key,
        _ => value,
    }
}

fn starts_a_word(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| !byte.is_ascii_whitespace())
}

/// The query without the client's key, for upstreams and records.
pub fn without_key(query: Option<&str>) -> Option<String> {
    let kept: Vec<&str> = query?.split('&').filter(|pair| !pair.starts_with("key=")).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

/// Slows down guessing from the network. Loopback is never locked out: otherwise any web page
/// could lock the user out of the proxy.
#[derive(Debug, Default)]
pub struct Guesses {
    peers: Mutex<HashMap<IpAddr, Tally>>,
}

#[derive(Debug)]
struct Tally {
    since: Instant,
    refusals: u32,
}

impl Guesses {
    /// Fails, with the time to wait, when this address has sent too many wrong keys.
    pub fn check(&self, peer: IpAddr, now: Instant) -> Result<(), LocalError> {
        let peers = self.peers.lock();
        let Some(tally) = peers.get(&peer) else { return Ok(()) };
        let passed = now.saturating_duration_since(tally.since);
        if tally.refusals < MAX_REFUSALS || passed >= WINDOW {
            return Ok(());
        }
        Err(LocalError::new(
            ErrorKind::RateLimited,
            "too many wrong API keys from this address; wait a minute",
        )
        .retry_after(WINDOW.saturating_sub(passed)))
    }

    /// Counts a wrong key from this address.
    pub fn refused(&self, peer: IpAddr, now: Instant) {
        if peer.to_canonical().is_loopback() {
            return;
        }
        let mut peers = self.peers.lock();
        if peers.len() >= MAX_PEERS {
            peers.retain(|_, tally| now.saturating_duration_since(tally.since) < WINDOW);
            if peers.len() >= MAX_PEERS {
                peers.clear();
            }
        }
        let tally = peers.entry(peer).or_insert(Tally { since: now, refusals: 0 });
        if now.saturating_duration_since(tally.since) >= WINDOW {
            *tally = Tally { since: now, refusals: 0 };
        }
        tally.refusals += 1;
        if tally.refusals == MAX_REFUSALS {
            tracing::warn!(%peer, "wrong API keys from {peer}: refusing it for a minute");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[(&'static str, &'static str)], query: Option<&str>) -> Vec<String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        keys(&headers, query).map(|key| String::from_utf8(key).expect("text")).collect()
    }

    #[test]
    fn finds_the_key_wherever_it_stands() {
        assert_eq!(sent(&[("authorization", "Bearer sk-1")], None), ["sk-1"]);
        assert_eq!(sent(&[("authorization", "bearer  sk-1")], None), ["sk-1"]);
        assert_eq!(sent(&[("authorization", "sk-1")], None), ["sk-1"]);
        assert_eq!(sent(&[("x-api-key", "sk-1"), ("x-goog-api-key", "sk-2")], None), ["sk-1", "sk-2"]);
        assert_eq!(sent(&[], Some("alt=sse&key=sk%2D1")), ["sk-1"]);
        assert_eq!(sent(&[("authorization", "bearer-of-news")], None), ["bearer-of-news"]);
        assert!(sent(&[("authorization", "Bearer ")], Some("key=&monkey=x")).is_empty());
        assert!(sent(&[("authorization", "Bearer")], None).is_empty());
    }

    #[test]
    fn the_key_leaves_the_query() {
        assert_eq!(without_key(Some("alt=sse&key=sk-1&x=y")).as_deref(), Some("alt=sse&x=y"));
        assert_eq!(without_key(Some("key=sk-1")), None);
    }

    #[test]
    fn a_guesser_waits_and_the_user_never_does() {
        let guesses = Guesses::default();
        let now = Instant::now();
        let [stranger, user] = ["192.168.1.9", "127.0.0.1"].map(|ip| ip.parse().expect("an address"));
        for _ in 0..MAX_REFUSALS {
            assert!(guesses.check(stranger, now).is_ok());
            guesses.refused(stranger, now);
            guesses.refused(user, now);
        }
        assert!(guesses.check(user, now).is_ok());
        let error = guesses.check(stranger, now).expect_err("too many");
        assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(WINDOW)));
        assert!(guesses.check(stranger, now + WINDOW).is_ok());
    }
}
