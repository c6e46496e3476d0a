//! How long an upstream asks to wait, as its bodies spell it: Google's `RetryInfo`, and sentences.
//!
//! A hint is read, never trusted: no wait is longer than [`LONGEST`].

use std::time::{Duration, SystemTime};

use serde_json::Value;

/// The longest wait that is believed, so that no later sum can overflow.
pub const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Where a sentence names a wait: "Please try again in 6m0s." (OpenAI), "Please retry in
/// 34.07s." (Gemini).
const PHRASES: [&str; 2] = ["try again in ", "retry in "];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    For(Duration),
    Until(SystemTime),
}

impl Wait {
    /// As a duration from this moment on; zero if the wait is over.
    pub fn from(self, now: SystemTime) -> Duration {
        match self {
            Self::For(duration) => duration,
            Self::Until(moment) => moment.duration_since(now).unwrap_or_default().min(LONGEST),
        }
    }

    /// The wait, where it is a duration: `protocol` has no clock.
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Self::For(duration) => Some(duration),
            Self::Until(_) => None,
        }
    }
}

/// The wait that an error names: `RetryInfo.retryDelay`, `quotaResetDelay` or
/// `quotaResetTimeStamp` in Google's `details`, else a sentence in its message.
pub fn of_error(error: &Value) -> Option<Wait> {
    let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let delay = |value: &Value| span(value.as_str()?).map(Wait::For);
    let reset = |metadata: &Value| {
        let moment = || timestamp(metadata["quotaResetTimeStamp"].as_str()?).map(Wait::Until);
        delay(&metadata["quotaResetDelay"]).or_else(moment)
    };
    details
        .iter()
        .find_map(|detail| delay(&detail["retryDelay"]))
        .or_else(|| details.iter().find_map(|detail| reset(&detail["metadata"])))
        .or_else(|| in_sentence(error["message"].as_str()?).map(Wait::For))
}

fn in_sentence(message: &str) -> Option<Duration> {
    let after = PHRASES.iter().find_map(|phrase| Some(message.split_once(phrase)?.1))?;
    let word = after.split_whitespace().next()?.trim_end_matches(['.', ',', ')']);
    // Without a unit the number begins a phrase such as "5 minutes".
    word.ends_with(char::is_alphabetic).then(|| span(word)).flatten()
}

/// A span as Go and protobuf write it: `1m30.5s`, `20ms`, `3.5s`; a bare number is seconds.
///
/// `jiff` does not fit: its spans also take `3 seconds ago` and `P1D`, and refuse numbers that
/// are too large, which are to end at [`LONGEST`].
pub fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Some(number) = number(rest) {
        return seconds(number);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let unit = &unit[..unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len())];
        total += value * unit_seconds(unit)?;
        rest = &rest[digits + unit.len()..];
    }
    seconds(total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

/// A moment as RFC 3339 writes it.
pub fn timestamp(text: &str) -> Option<SystemTime> {
    Some(text.trim().parse::<jiff::Timestamp>().ok()?.into())
}

/// So many seconds, at most [`LONGEST`]; `None` if they are negative or not a number.
pub fn seconds(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST))
}

/// A plain decimal: `f64` would also take `inf`, `nan` and `1e9`.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_is_read_out_of_a_sentence() {
        for (message, millis) in [
            ("Rate limit. Please try again in 20s. Visit", Some(20_000)),
            ("Please try again in 6ms.", Some(6)),
            ("Please try again in 1m2.5s.", Some(62_500)),
            ("Please try again in 1h0m2s.", Some(3_602_000)),
            ("Please try again in 3m.", Some(180_000)),
            ("Please retry in 34.07s.", Some(34_070)),
            ("Please try again in a while", None),
            ("try again in 5 minutes", None),
            ("no hint", None),
        ] {
            let wait = of_error(&json!({"message": message}));
            assert_eq!(wait, millis.map(Duration::from_millis).map(Wait::For), "{message}");
        }
    }

    #[test]
    fn a_moment_is_counted_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let until = |seconds| Wait::Until(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(until(1_030).from(now), Duration::from_secs(30));
        assert_eq!(until(970).from(now), Duration::ZERO);
        assert_eq!(until(u64::from(u32::MAX) * 1_000).from(now), LONGEST);
    }
}
