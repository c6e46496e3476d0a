//! When an upstream says to come back: the waits of its headers and of its error's body, as one
//! duration from now.
//!
//! Hints are read, never trusted: every wait is between zero and [`LONGEST`]. How long an
//! account really rests is for `accounts::health` to decide.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use crate::protocol::wait::{LONGEST, Wait, number, seconds, span, timestamp};

/// What an upstream says of waiting.
#[derive(Clone, Copy, Debug)]
pub struct RetryHint<'a> {
    pub headers: &'a HeaderMap,
    /// The wait that the body of its error names.
    pub body: Option<Wait>,
    pub now: SystemTime,
}

impl RetryHint<'_> {
    /// How long it asks to wait; the most explicit hint wins. `None`: it does not say.
    pub fn retry_after(self) -> Option<Duration> {
        self.header()
            .or_else(|| self.in_body())
            .or_else(|| self.anthropic_reset())
            .or_else(|| self.openai_reset())
            .map(|wait| wait.min(LONGEST))
    }

    /// The same where only a plain request to wait counts: beside an error of the server, a
    /// limit that is used up does not explain it.
    pub fn asked_wait(self) -> Option<Duration> {
        let asked = self.header().or_else(|| self.in_body());
        asked.filter(|wait| !wait.is_zero()).map(|wait| wait.min(LONGEST))
    }

    fn in_body(self) -> Option<Duration> {
        self.body.map(|wait| wait.from(self.now))
    }

    /// `retry-after-ms` (OpenAI, Azure), else `Retry-After` as seconds or as an HTTP date.
    fn header(self) -> Option<Duration> {
        let milliseconds = text(self.headers, "retry-after-ms").and_then(number);
        if let Some(milliseconds) = milliseconds {
            return seconds(milliseconds / 1000.0);
        }
        let value = text(self.headers, "retry-after")?;
        match number(value) {
            Some(number) => seconds(number),
            None => Some(Wait::Until(httpdate::parse_http_date(value).ok()?).from(self.now)),
        }
    }

    /// `anthropic-ratelimit-*-reset` (RFC 3339): the latest of the limits that are used up.
    fn anthropic_reset(self) -> Option<Duration> {
        self.headers
            .iter()
            .filter_map(|(name, value)| {
                let limit = name.as_str().strip_prefix("anthropic-ratelimit-")?.strip_suffix("-reset")?;
                let remaining = text(self.headers, &format!("anthropic-ratelimit-{limit}-remaining"))?;
                let reset = timestamp(value.to_str().ok()?)?;
                (number(remaining)? <= 0.0).then(|| Wait::Until(reset).from(self.now))
            })
            .max()
    }

    /// `x-ratelimit-reset-requests` and `-tokens`: the later of the limits that are used up.
    /// A limit that does not say what remains counts as used up.
    fn openai_reset(self) -> Option<Duration> {
        ["requests", "tokens"]
            .into_iter()
            .filter_map(|limit| {
                let remaining =
                    text(self.headers, &format!("x-ratelimit-remaining-{limit}")).and_then(number);
                let reset = span(text(self.headers, &format!("x-ratelimit-reset-{limit}"))?)?;
                (remaining.unwrap_or(0.0) <= 0.0).then_some(reset)
            })
            .max()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::ErrorReport;

    /// 2026-01-02T03:04:05Z.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045)
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let entry = |&(name, value): &(&str, &str)| {
            let name: HeaderName = name.parse().expect("a header name");
            (name, HeaderValue::from_str(value).expect("a header value"))
        };
        pairs.iter().map(entry).collect()
    }

    fn retry_after(headers: &HeaderMap, body: &[u8]) -> Option<Duration> {
        RetryHint { headers, body: ErrorReport::of_body(body).wait, now: now() }.retry_after()
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], body: &str, expected_ms: Option<u64>) {
        let hint = retry_after(&headers(pairs), body.as_bytes());
        assert_eq!(hint, expected_ms.map(Duration::from_millis), "{pairs:?} {body}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let cases = [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", " 1.5 ", Some(1_500)),
            ("retry-after", "0", Some(0)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "Fri, 02 Jan 2026 03:05:05 GMT", Some(60_000)),
            ("retry-after", "Friday, 02-Jan-26 03:05:05 GMT", Some(60_000)),
            ("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ];
        for (name, value, expected) in cases {
            check(&[(name, value)], "", expected);
        }
        check(&[("retry-after", "9"), ("retry-after-ms", "8500")], "", Some(8_500));
    }

    #[test]
    fn nonsense_is_no_hint_and_centuries_are_bounded() {
        for nonsense in ["-1", "nan", "inf", "1e9", "soon", "", ".", "--", "Fri, 99 Foo 2026 03:05:05 GMT"] {
            check(&[("retry-after", nonsense)], "", None);
            check(&[("x-ratelimit-reset-tokens", nonsense)], "", None);
        }
        let longest = u64::try_from(LONGEST.as_millis()).ok();
        for centuries in ["99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            check(&[("retry-after", centuries)], "", longest);
        }
        check(&[("x-ratelimit-reset-tokens", &format!("{}h", "9".repeat(400)))], "", longest);
    }

    #[test]
    fn anthropic_waits_for_the_latest_of_the_limits_that_are_used_up() {
        let limits = [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-01-02T03:04:15Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-01-02T03:04:35+00:00"),
            ("anthropic-ratelimit-output-tokens-remaining", "8000"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-01-02T03:09:05Z"),
        ];
        check(&limits, "", Some(30_000));
        check(&limits[4..], "", None);
        check(&[limits[1]], "", None);
    }

    #[test]
    fn openai_resets_are_go_durations() {
        let cases = [
            ("1m30.5s", Some(90_500)),
            ("20ms", Some(20)),
            ("6h0m0s", Some(21_600_000)),
            ("1d2h", Some(93_600_000)),
            ("0s", Some(0)),
            ("59", Some(59_000)),
            ("1m30", None),
            ("s", None),
            ("1x", None),
            ("-5s", None),
        ];
        for (value, expected) in cases {
            check(&[("x-ratelimit-reset-requests", value)], "", expected);
        }
    }

    #[test]
    fn an_openai_limit_with_something_left_does_not_delay() {
        let limits = [
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-reset-requests", "2h"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "1.25s"),
        ];
        check(&limits, "", Some(1_250));
        check(&limits[..2], "", None);
    }

    #[test]
    fn bodies_name_a_delay_too() {
        let cases = [
            (
                r#"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.5s"}]}}"#,
                Some(3_500),
            ),
            (r#"[{"error":{"details":[{"retryDelay":"34s"}]}}]"#, Some(34_000)),
            (r#"{"error":{"details":[{"metadata":{"quotaResetDelay":"1h0m2.5s"}}]}}"#, Some(3_602_500)),
            (
                r#"{"error":{"details":[{"metadata":{"quotaResetTimeStamp":"2026-01-02T03:04:25Z"}}]}}"#,
                Some(20_000),
            ),
            (
                r#"{"error":{"message":"Rate limit reached. Please try again in 6m0s. Visit …"}}"#,
                Some(360_000),
            ),
            (
                r#"{"error":{"message":"You exceeded your current quota. Please retry in 34.07s."}}"#,
                Some(34_070),
            ),
            (r#"{"error":{"message":"try again in 5 minutes"}}"#, None),
            (r#"{"error":{"details":[{"retryDelay":"-3s"},{"retryDelay":7}]}}"#, None),
            (r#"{"error":"try again in 3s"}"#, None),
            (r#"{"error":{"details":{"retryDelay":"3s"}}}"#, None),
            ("[]", None),
            ("<html>", None),
        ];
        for (body, expected) in cases {
            check(&[], body, expected);
        }
        check(&[("retry-after", "2")], cases[0].0, Some(2_000));
    }

    proptest! {
        #[test]
        fn any_value_gives_a_bounded_hint(
            name in prop::sample::select(vec![
                "retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "anthropic-ratelimit-x-reset",
            ]),
            value in "[ -~]{0,40}|-?[0-9]{1,40}(\\.[0-9]{0,40})?(ns|ms|s|m|h|d)?",
            body in any::<Vec<u8>>(),
        ) {
            let exhausted = ("anthropic-ratelimit-x-remaining", "0");
            let hint = retry_after(&headers(&[(name, &value), exhausted]), &body);
            prop_assert!(hint.is_none_or(|wait| wait <= LONGEST));
        }

        #[test]
        fn any_delay_in_a_body_gives_a_bounded_hint(delay in "\\PC{0,40}|[0-9.]{1,20}[a-zµ0-9.]{0,8}") {
            let body = serde_json::json!({"error": {
                "details": [{"retryDelay": delay, "metadata": {"quotaResetDelay": delay, "quotaResetTimeStamp": delay}}],
                "message": format!("try again in {delay}"),
            }});
            let hint = retry_after(&HeaderMap::new(), body.to_string().as_bytes());
            prop_assert!(hint.is_none_or(|wait| wait <= LONGEST));
        }
    }
}
