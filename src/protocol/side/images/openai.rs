//! `openai.types.ImageGenerateParams` and `ImagesResponse`, as a client writes and reads
//! them.

use serde_json::{Value, json};

use super::{Request, Response};
use crate::chat::{Blob, Dropped};
use crate::protocol::ResponseContext;
use crate::protocol::field::{self, Invalid, Object, Outcome};

const KNOWN: [&str; 6] = ["model", "prompt", "n", "size", "response_format", "stream"];
/// As many as OpenAI draws in one call.
const MOST: u64 = 10;

pub fn decode_request(mut body: Object) -> Outcome<Request> {
    if field::boolean(&body, "stream")?.unwrap_or(false) {
        return Err(Invalid::new("another vendor's model gives its pictures whole").at("stream"));
    }
    let count = field::count(&body, "n")?.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(Invalid::new(format!("must be 1 to {MOST}")).at("n"));
    }
    let mut dropped = Dropped::default();
    let format = field::string(&body, "response_format")?;
    dropped.note_if(format.is_some_and(|format| format != "b64_json"), "response_format");
    for (key, value) in field::unknown(&mut body, &KNOWN) {
        if value != "auto" {
            dropped.note(key);
        }
    }
    Ok(Request {
        prompt: field::required_string(&body, "prompt")?.to_owned(),
        count: usize::try_from(count).unwrap_or(1),
        size: decode_size(&body)?,
        dropped,
    })
}

/// `1024x1536`, or `auto`.
fn decode_size(body: &Object) -> Outcome<Option<(u32, u32)>> {
    let Some(size) = field::string(body, "size")?.filter(|size| *size != "auto") else { return Ok(None) };
    let side = |text: &str| text.parse().ok().filter(|side| *side > 0);
    size.split_once('x')
        .and_then(|(width, height)| Some(Some((side(width)?, side(height)?))))
        .ok_or_else(|| Invalid::new("must be auto or, for example, 1024x1024").at("size"))
}

pub fn encode_response(response: Response, context: &ResponseContext) -> Value {
    let format = response.images.first().and_then(format);
    let data: Value = response.images.into_iter().map(|image| json!({"b64_json": image.base64})).collect();
    let mut body = json!({"created": context.created, "data": data});
    if let Some(format) = format {
        body["output_format"] = json!(format);
    }
    if let Some(usage) = response.usage {
        body["usage"] = json!({
            "input_tokens": usage.input,
            "input_tokens_details": {"text_tokens": usage.input, "image_tokens": 0},
            "output_tokens": usage.output,
            "total_tokens": usage.total(),
        });
    }
    body
}

/// The formats that `ImagesResponse.output_format` has words for.
fn format(image: &Blob) -> Option<&'static str> {
    ["png", "jpeg", "webp"].into_iter().find(|format| image.media_type.ends_with(format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LocalError;

    fn read(body: &Value) -> Result<Request, LocalError> {
        decode_request(body.as_object().expect("an object").clone()).map_err(LocalError::from)
    }

    #[test]
    fn what_only_openai_can_do_is_named() {
        let request = read(&json!({"model": "m", "prompt": "a cat", "n": 2, "size": "1024x1536",
            "quality": "high", "background": "auto", "response_format": "url"}))
        .expect("valid");
        assert_eq!((request.count, request.size), (2, Some((1024, 1536))));
        assert_eq!(request.dropped.to_string(), "response_format, quality");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_name() {
        for (body, expected) in [
            (json!({"n": 1}), "prompt: this field is required"),
            (json!({"prompt": "a", "n": 0}), "n: must be 1 to 10"),
            (json!({"prompt": "a", "n": 11}), "n: must be 1 to 10"),
            (json!({"prompt": "a", "size": "large"}), "size: must be"),
            (json!({"prompt": "a", "size": "0x10"}), "size: must be"),
            (json!({"prompt": "a", "stream": true}), "stream: another"),
        ] {
            let error = read(&body).expect_err("refused");
            assert!(error.message.starts_with(expected), "{body}: {error}");
        }
    }
}
