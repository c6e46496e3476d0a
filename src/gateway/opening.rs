//! The beginning of an answer: its first bytes, and of a stream the whole first event, because
//! some providers answer 200 and then report in that event that they are overloaded.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use memchr::memchr2;

use crate::chat;
use crate::protocol::sse::{self, Lines, end_of_lines};
use crate::protocol::{ErrorReport, Provider};
use crate::upstream::failure::classify_event;
use crate::upstream::{Failure, Fault, Scrubber};

/// The longest first event that is waited for: only errors matter, and these are shorter.
const MAX_ERROR: usize = 16 << 10;

/// The first bytes of a body; of events, enough to see whether the first is an error. `None` if
/// the body is empty.
pub async fn read<B>(body: &mut B, is_event_stream: bool) -> Result<Option<Bytes>, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut opening = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame?.into_data() else { continue };
        let is_enough = |so_far: &[u8]| {
            !is_event_stream
                || so_far.len() >= MAX_ERROR
                || first_data(&so_far[..end_of_lines(so_far)]).is_some()
        };
        if opening.is_empty() {
            if !bytes.is_empty() && is_enough(&bytes) {
                return Ok(Some(bytes));
            }
            opening.extend_from_slice(&bytes);
        } else {
            opening.extend_from_slice(&bytes);
            let has_line_end = memchr2(b'\n', b'\r', &bytes).is_some();
            if (has_line_end || opening.len() >= MAX_ERROR) && is_enough(&opening) {
                break;
            }
        }
    }
    Ok((!opening.is_empty()).then(|| opening.freeze()))
}

/// The failure that a stream begins with, unless it is the request's own fault.
pub fn error(
    provider: Provider,
    headers: &HeaderMap,
    opening: &[u8],
    scrubber: &Scrubber,
) -> Option<Failure> {
    let data = first_data(opening).filter(|data| data.len() <= MAX_ERROR)?;
    let mut failure = ErrorReport::of_event(data)?.without_status();
    failure.message = scrubber.scrub_text(failure.message);
    let failure = classify_event(provider, headers, &failure)?;
    (failure.fault != Fault::Request).then_some(failure)
}

/// Whose fault a failure in the middle of a stream is, if the upstream named its kind. No
/// sentence is believed here, since it is not searched for in the request.
pub fn fault(provider: Provider, failure: &chat::Failure) -> Option<Fault> {
    Some(match classify_event(provider, &HeaderMap::new(), failure)?.fault {
        Fault::AccountBySentence(_) => Fault::Request,
        fault => fault,
    })
}

/// The first line of data; comments and the event's name come before it. The last line needs
/// no end.
fn first_data(mut bytes: &[u8]) -> Option<&[u8]> {
    let data = |line| sse::field(line, b"data").map(<[u8]>::trim_ascii);
    let mut lines = Lines::default();
    while let Some(line) = lines.cut(&mut bytes) {
        if let Some(data) = data(line) {
            return Some(data);
        }
    }
    data(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::decode_error_event;

    #[track_caller]
    fn check(data: &str, fault: Option<&Fault>) {
        let failure = error(
            Provider::OpenAi,
            &HeaderMap::new(),
            format!("data: {data}\n\n").as_bytes(),
            &Scrubber::default(),
        );
        assert_eq!(failure.as_ref().map(|failure| &failure.fault), fault, "{data}");
    }

    #[test]
    fn an_error_is_known_by_its_names_wherever_it_stands() {
        let overloaded = Fault::Overloaded { retry_after: None };
        let limited = Fault::RateLimited { retry_after: None, per_model: true };
        let spent = Fault::Spent { retry_after: None };
        for (data, fault) in [
            (r#"{"error":{"code":503,"message":"m"}}"#, Some(&overloaded)),
            (r#"{"error":{"type":"overloaded_error"}}"#, Some(&overloaded)),
            (r#"{"error":{"type":"requests","code":"rate_limit_exceeded"}}"#, Some(&limited)),
            (r#"{"type":"error","code":"server_error","message":"m"}"#, Some(&overloaded)),
            (
                r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}"#,
                Some(&limited),
            ),
            (r#"{"error":{"type":"authentication_error"}}"#, Some(&Fault::Account)),
            (r#"{"error":{"type":"server_error","code":"insufficient_quota"}}"#, Some(&spent)),
            (r#"{"error":{"type":"invalid_request_error"}}"#, None),
            (r#"{"error":{"code":400}}"#, None),
            (r#"{"type":"response.created","response":{"error":null}}"#, None),
            (r#"{"choices":[],"error":null}"#, None),
            ("\"error\"", None),
            ("[\"error\"", None),
        ] {
            check(data, fault);
        }
    }

    #[test]
    fn in_the_middle_of_a_stream_the_fault_is_named_and_no_sentence_is_a_verdict() {
        let long = "x".repeat(3 * MAX_ERROR);
        let failed = format!(
            r#"{{"type":"response.failed","response":{{"instructions":"{long}","error":{{"code":"invalid_prompt"}}}}}}"#
        );
        for (data, expected) in [
            (r#"{"error":{"type":"invalid_request_error","code":null}}"#, Some(Fault::Request)),
            (r#"{"type":"error","error":{"type":"not_found_error"}}"#, Some(Fault::Request)),
            (failed.as_str(), Some(Fault::Request)),
            (r#"{"error":{"code":400,"message":"api key not valid x is unknown"}}"#, Some(Fault::Request)),
            (r#"{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}"#, Some(Fault::Account)),
            (r#"{"error":{"type":"of_a_new_kind"}}"#, None),
        ] {
            assert_eq!(fault(Provider::Gemini, &decode_error_event(data.as_bytes())), expected, "{data}");
        }
    }

    #[tokio::test]
    async fn a_stream_is_read_to_the_end_of_its_first_data_wherever_it_is_cut() {
        for text in
            ["data: {}\n\n", "event: x\r\ndata: {}\r\n\r\n", ": hello\n\ndata:{}\r", "id: 1\rdata: {}\r\r"]
        {
            for size in 1..=text.len() {
                let frames = text.as_bytes().chunks(size).map(|chunk| {
                    Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::copy_from_slice(chunk)))
                });
                let frames: Vec<_> = frames.collect();
                let mut body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
                let opening = read(&mut body, true).await.expect("readable").expect("some");
                assert!(text.as_bytes().starts_with(&opening), "{text:?} by {size}");
                assert_eq!(first_data(&opening), Some(&b"{}"[..]), "{text:?} by {size}");
            }
        }
    }
}
