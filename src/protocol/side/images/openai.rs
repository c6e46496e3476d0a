//! `openai.types.ImageGenerateParams` and `ImagesResponse`, both ways.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, Response};
use crate::chat::{Blob, Dropped, Failure};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::openai_chat::wire::Usage;
use crate::protocol::side::SideEncoded;
use crate::protocol::{Operation, ResponseContext, json as json_text};

const KNOWN: [&str; 6] = ["model", "prompt", "n", "size", "response_format", "stream"];
/// The most pictures of one call.
const MOST: u64 = 10;

pub fn decode_request(mut body: Object) -> Outcome<Request> {
    if field::boolean(&body, "stream")?.unwrap_or(false) {
        return Err(InvalidField::new("another vendor's model sends its pictures whole").at("stream"));
    }
    let count = field::count(&body, "n")?.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(InvalidField::new(format!("must be 1 to {MOST}")).at("n"));
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
        .ok_or_else(|| InvalidField::new("must be auto or, for example, 1024x1024").at("size"))
}

/// Chooses the nearest size. `gpt-image-1` and `dall-e-3` have one size in common; a model that
/// lacks the chosen one refuses it itself.
pub fn encode_request(request: &Request, model: &str) -> SideEncoded {
    let mut dropped = request.dropped.clone();
    let mut body = json!({"model": model, "prompt": request.prompt, "n": request.count});
    if let Some((width, height)) = request.size {
        let long = if model.starts_with("dall-e-") { 1792 } else { 1536 };
        let size = match width.cmp(&height) {
            Ordering::Equal => (1024, 1024),
            Ordering::Greater => (long, 1024),
            Ordering::Less => (1024, long),
        };
        dropped.note_if(size.0 * height != size.1 * width, "imageConfig.aspectRatio");
        body["size"] = json!(format!("{}x{}", size.0, size.1));
    }
    if model.starts_with("dall-e-") {
        // Later models answer in base64 alone, and refuse the field.
        body["response_format"] = json!("b64_json");
    }
    SideEncoded {
        operation: Operation::ImageGenerations,
        body: json_text::to_bytes(&body),
        copies: 1,
        dropped,
    }
}

#[derive(Deserialize)]
struct ImagesResponse {
    data: Vec<Image>,
    #[serde(default)]
    output_format: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Image {
    b64_json: String,
}

pub fn decode_response(body: &[u8]) -> Result<Response, Failure> {
    let answer: ImagesResponse = serde_json::from_slice(body).map_err(|error| json_text::nonsense(&error))?;
    let media_type = format!("image/{}", answer.output_format.as_deref().unwrap_or("png"));
    let image = |image: Image| Blob { media_type: media_type.clone(), base64: image.b64_json };
    let images = answer.data.into_iter().map(image).collect();
    Ok(Response { images, usage: answer.usage.map(Usage::to_chat) })
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

/// `ImagesResponse.output_format`, where it has a word for the format.
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
    fn fields_that_only_openai_has_are_noted() {
        let request = read(&json!({"model": "m", "prompt": "a cat", "n": 2, "size": "1024x1536",
            "quality": "high", "background": "auto", "response_format": "url"}))
        .expect("valid");
        assert_eq!((request.count, request.size), (2, Some((1024, 1536))));
        assert_eq!(request.dropped.to_string(), "response_format, quality");
    }

    #[test]
    fn a_shape_becomes_a_size_of_the_model_and_differences_are_noted() {
        for (model, size, sent, dropped) in [
            ("gpt-image-1", (3, 2), "1536x1024", ""),
            ("gpt-image-1", (9, 16), "1024x1536", "imageConfig.aspectRatio"),
            ("dall-e-3", (1, 1), "1024x1024", ""),
            ("dall-e-3", (16, 9), "1792x1024", "imageConfig.aspectRatio"),
        ] {
            let request = Request { count: 1, size: Some(size), ..Request::default() };
            let encoded = encode_request(&request, model);
            let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
            assert_eq!(body["size"], sent, "{model} {size:?}");
            assert_eq!(body.get("response_format").is_some(), model == "dall-e-3");
            assert_eq!(encoded.dropped.to_string(), dropped, "{model} {size:?}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_field() {
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
