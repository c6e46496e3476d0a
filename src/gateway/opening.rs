//! How an answer begins: its first bytes, and of a stream the whole first event, because
//! some providers say 200 and only then, as that event, that they are overloaded.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use memchr::{memchr2, memmem, memrchr2};
use serde_json::{Value, json};

use crate::protocol::Provider;
use crate::upstream::failure::classify;
use crate::upstream::{Failure, Fault, Scrubber};

/// An error is shorter than this, and only errors are waited for.
const MAX_ERROR: usize = 16 << 10;

/// What providers call the request's own fault.
const REQUEST_NAMES: [&str; 9] = [
    "invalid_request_error",
    "invalid_request",
    "invalid_prompt",
    "context_length_exceeded",
    "string_above_max_length",
    "content_policy_violation",
    "content_filter",
    "unsupported_parameter",
    "invalid_value",
];

/// The same of an image in it (`ResponseErrorCode`).
const IMAGE_NAMES: [&str; 14] = [
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "invalid_image_mode",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_content_policy_violation",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
];

/// The first bytes of a body; of events, as many as show whether the first is an error.
/// `None`: there are none.
pub async fn read<B>(body: &mut B, is_event_stream: bool) -> Result<Option<Bytes>, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut opening = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame?.into_data() else { continue };
        let is_enough = |so_far: &[u8]| {
            !is_event_stream || so_far.len() >= MAX_ERROR || first_data(whole_lines(so_far)).is_some()
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
    let failure = told(provider, headers, data, scrubber)?;
    (failure.fault != Fault::Request).then_some(failure)
}

/// Whose fault an error event tells of, where it tells.
pub fn fault(provider: Provider, data: &[u8]) -> Option<Fault> {
    let failure = told(provider, &HeaderMap::new(), data, &Scrubber::default())?;
    // Nobody weighs here whether a sentence is the request's own, so none is a verdict.
    Some(match failure.fault {
        Fault::AccountBySentence(_) => Fault::Request,
        fault => fault,
    })
}

fn told(provider: Provider, headers: &HeaderMap, data: &[u8], scrubber: &Scrubber) -> Option<Failure> {
    memmem::find(data, b"\"error\"")?;
    let event: Value = serde_json::from_slice(data).ok()?;
    let error = error_of(&event)?;
    let body = scrubber.scrub_text(json!({ "error": error }).to_string());
    Some(classify(provider, status_of(error)?, headers, body.as_bytes()))
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    &bytes[..memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1)]
}

/// The first line of data; comments and names of events come before it.
fn first_data(bytes: &[u8]) -> Option<&[u8]> {
    let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.find_map(|line| line.strip_prefix(b"data:")).map(<[u8]>::trim_ascii)
}

/// In an `error` member; in the event itself (`ResponseErrorEvent`); or in the response
/// that has failed (`ResponseFailedEvent`).
fn error_of(event: &Value) -> Option<&Value> {
    let places = [&event["error"], &event["response"]["error"]];
    let is_error = event["type"] == "error";
    places.into_iter().find(|place| place.is_object()).or_else(|| is_error.then_some(event))
}

/// The status that would have said the same.
fn status_of(error: &Value) -> Option<StatusCode> {
    if let Some(code) = error["code"].as_u64() {
        return StatusCode::from_u16(u16::try_from(code).ok()?).ok();
    }
    [&error["code"], &error["type"]].into_iter().filter_map(Value::as_str).find_map(status_named)
}

fn status_named(name: &str) -> Option<StatusCode> {
    Some(match name {
        "overloaded_error" => StatusCode::from_u16(529).ok()?,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => StatusCode::TOO_MANY_REQUESTS,
        "authentication_error" | "invalid_api_key" => StatusCode::UNAUTHORIZED,
        "permission_error" => StatusCode::FORBIDDEN,
        "api_error" | "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
        "request_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "not_found_error" | "model_not_found" => StatusCode::NOT_FOUND,
        name if REQUEST_NAMES.contains(&name) || IMAGE_NAMES.contains(&name) => StatusCode::BAD_REQUEST,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_error_is_known_by_its_words_wherever_it_stands() {
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
    fn in_the_midst_of_a_stream_the_requests_fault_is_known_and_no_sentence_is_a_verdict() {
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
            assert_eq!(fault(Provider::Gemini, data.as_bytes()), expected, "{data}");
        }
    }

    #[tokio::test]
    async fn a_stream_is_read_to_the_end_of_its_first_data_however_it_is_cut() {
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
