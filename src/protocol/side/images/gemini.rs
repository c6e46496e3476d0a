//! Pictures through `generateContent` with `google.genai.types.ImageConfig`, both ways.

use serde_json::{Value, json};

use super::{Request, Response};
use crate::chat::{self, Dropped, Failure, FailureKind};
use crate::protocol::field::{self, Object};
use crate::protocol::gemini::wire::{Blob, Chunk, Part, Usage};
use crate::protocol::gemini::{self, spelling};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::media::standard_base64;
use crate::protocol::operation::RequestTarget;
use crate::protocol::side::SideEncoded;
use crate::protocol::{Operation, ResponseContext, json as json_text};

/// The values of `aspectRatio`, and the pixels of each
/// (<https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios>).
const SHAPES: [(&str, (u32, u32)); 10] = [
    ("1:1", (1024, 1024)),
    ("2:3", (832, 1248)),
    ("3:2", (1248, 832)),
    ("3:4", (864, 1184)),
    ("4:3", (1184, 864)),
    ("4:5", (896, 1152)),
    ("5:4", (1152, 896)),
    ("9:16", (768, 1344)),
    ("16:9", (1344, 768)),
    ("21:9", (1536, 672)),
];

const KNOWN_CONFIG: [&str; 3] = ["responseModalities", "candidateCount", "imageConfig"];

/// Reads a request for a picture out of a conversation: its texts, in order.
pub fn decode_request(body: Object) -> Outcome<Request> {
    let target = RequestTarget { model: Some(""), stream: false };
    let mut body = spelling::to_camel_case(body);
    let config = body.remove("generationConfig");
    let chat = gemini::request::decode(body, &target)?;
    let mut request = Request { count: 1, dropped: chat.dropped.clone(), ..Request::default() };
    for part in chat.turns.iter().flat_map(|turn| &turn.parts) {
        match part {
            chat::Part::Text { text, .. } if request.prompt.is_empty() => request.prompt.clone_from(text),
            chat::Part::Text { text, .. } => {
                request.prompt.push_str("\n\n");
                request.prompt.push_str(text);
            }
            _ => return Err(InvalidField::new("this model draws from text alone").at("contents")),
        }
    }
    chat.unknown.into_iter().for_each(|(key, _)| request.dropped.note(key));
    if let Some(config) = config {
        let config = field::as_object(&config).map_err(|invalid| invalid.at("generationConfig"))?;
        decode_config(config, &mut request).map_err(|invalid| invalid.at("generationConfig"))?;
    }
    Ok(request)
}

fn decode_config(config: &Object, request: &mut Request) -> Outcome<()> {
    let count = field::count(config, "candidateCount")?.unwrap_or(1).clamp(1, 10);
    request.count = usize::try_from(count).unwrap_or(1);
    if let Some(image) = field::object(config, "imageConfig")? {
        let ratio = field::string(image, "aspectRatio")?;
        let known = SHAPES.iter().find(|(known, _)| ratio == Some(known));
        request.size = known.map(|(ratio, _)| parts_of(ratio));
        request.dropped.note_if(known.is_none() && ratio.is_some(), "imageConfig.aspectRatio");
        request.dropped.note_if(field::get(image, "imageSize").is_some(), "imageConfig.imageSize");
    }
    for key in field::unknown_names(config, &KNOWN_CONFIG) {
        request.dropped.note(format!("generationConfig.{key}"));
    }
    Ok(())
}

/// `16:9` as two numbers.
fn parts_of(ratio: &str) -> (u32, u32) {
    let side = |text: &str| text.parse().unwrap_or(1);
    ratio.split_once(':').map_or((1, 1), |(width, height)| (side(width), side(height)))
}

/// A call for each picture: these models refuse a `candidateCount` above one.
pub fn encode_request(request: &Request) -> SideEncoded {
    let mut dropped = request.dropped.clone();
    let mut config = json!({"responseModalities": ["IMAGE"]});
    if let Some(size) = request.size {
        config["imageConfig"] = json!({"aspectRatio": aspect_ratio(size, &mut dropped)});
    }
    let contents = json!([{"role": "user", "parts": [{"text": request.prompt}]}]);
    SideEncoded {
        operation: Operation::GenerateContent,
        body: json_text::to_bytes(&json!({"contents": contents, "generationConfig": config})),
        copies: request.count,
        dropped,
    }
}

/// The nearest shape. A different number of pixels is noted.
fn aspect_ratio((width, height): (u32, u32), dropped: &mut Dropped) -> &'static str {
    let slant = |(width, height): (u32, u32)| (f64::from(width) / f64::from(height)).ln();
    let distance = |shape: (u32, u32)| (slant(shape) - slant((width, height))).abs();
    let nearest = SHAPES.iter().min_by(|(_, one), (_, other)| distance(*one).total_cmp(&distance(*other)));
    let (ratio, size) = nearest.unwrap_or(&SHAPES[0]);
    dropped.note_if(*size != (width, height), "size");
    ratio
}

pub fn decode_response(body: &[u8]) -> Result<Response, Failure> {
    let answer: Chunk<'_> = serde_json::from_slice(body).map_err(|error| json_text::nonsense(&error))?;
    let drawn = parts(&answer).filter(|part| !part.thought).filter_map(|part| part.inline_data.as_ref());
    let images: Vec<chat::Blob> = drawn.map(image).collect();
    if images.is_empty() {
        let message = format!("the model drew no picture: {}", reason(&answer));
        return Err(Failure::new(FailureKind::InvalidRequest, message));
    }
    Ok(Response { images, usage: answer.usage_metadata.map(Usage::to_chat) })
}

/// One candidate with all pictures, as these models write it.
pub fn encode_response(response: &Response, context: &ResponseContext) -> Value {
    let part =
        |image: &chat::Blob| json!({"inlineData": {"mimeType": image.media_type, "data": image.base64}});
    let parts: Value = response.images.iter().map(part).collect();
    let content = json!({"role": "model", "parts": parts});
    let mut body = json!({
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "modelVersion": context.model,
        "responseId": context.id(""),
    });
    if let Some(usage) = response.usage {
        body["usageMetadata"] = json!(Usage::of_chat(usage));
    }
    body
}

fn parts<'a, 'b>(answer: &'a Chunk<'b>) -> impl Iterator<Item = &'a Part<'b>> {
    answer.candidates.iter().flat_map(|candidate| &candidate.content.parts)
}

fn image(blob: &Blob<'_>) -> chat::Blob {
    chat::Blob { media_type: blob.mime_type.to_string(), base64: standard_base64(&blob.data) }
}

/// The model's text in place of a picture, or Google's reason to hold it back.
fn reason<'a>(answer: &'a Chunk<'_>) -> &'a str {
    let text = parts(answer).filter(|part| !part.thought).find_map(|part| part.text.some());
    let blocked = answer.prompt_feedback.as_ref().and_then(|feedback| feedback.block_reason.some());
    let held_back = answer.candidates.first().and_then(|candidate| candidate.finish_reason.some());
    text.or(blocked).or(held_back).unwrap_or("it gave no reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(size: (u32, u32)) -> (String, String) {
        let request =
            Request { prompt: "a cat".to_owned(), count: 1, size: Some(size), ..Request::default() };
        let encoded = encode_request(&request);
        let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
        let ratio = body["generationConfig"]["imageConfig"]["aspectRatio"].as_str().expect("text").to_owned();
        (ratio, encoded.dropped.to_string())
    }

    #[test]
    fn a_size_becomes_the_nearest_shape_and_other_pixels_are_noted() {
        for (size, ratio, dropped) in [
            ((1024, 1024), "1:1", ""),
            ((512, 512), "1:1", "size"),
            ((1536, 1024), "3:2", "size"),
            ((1024, 1536), "2:3", "size"),
            ((1792, 1024), "16:9", "size"),
            ((1024, 1792), "9:16", "size"),
        ] {
            assert_eq!(sent(size), (ratio.to_owned(), dropped.to_owned()), "{size:?}");
        }
    }

    #[test]
    fn a_request_for_a_picture_is_read_in_either_spelling() {
        let body = json!({
            "system_instruction": {"parts": [{"text": "draw"}]},
            "contents": [{"parts": [{"text": "a cat"}]}],
            "generation_config": {"candidate_count": 2, "image_config": {"aspect_ratio": "16:9", "image_size": "4K"}},
        });
        let request = decode_request(body.as_object().expect("an object").clone()).expect("valid");
        assert_eq!((request.prompt.as_str(), request.count), ("draw\n\na cat", 2));
        assert_eq!(request.size, Some((16, 9)));
        assert_eq!(request.dropped.to_string(), "imageConfig.imageSize");
    }

    #[test]
    fn pictures_are_read_without_the_drafts() {
        let body = json!({"candidates": [{"content": {"parts": [
            {"thought": true, "inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"text": "here"},
            {"inlineData": {"mimeType": "image/png", "data": "-_8"}},
        ]}}], "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1290}});
        let response = decode_response(body.to_string().as_bytes()).expect("a picture");
        let image = chat::Blob { media_type: "image/png".to_owned(), base64: "+/8=".to_owned() };
        assert_eq!(response.images, [image]);
        assert_eq!(response.usage.map(|usage| (usage.input, usage.output)), Some((3, 1290)));
    }

    #[test]
    fn an_answer_without_a_picture_is_a_refusal_with_its_reason() {
        for (body, reason) in [
            (json!({"candidates": [{"content": {"parts": [{"text": "I will not"}]}}]}), "I will not"),
            (json!({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}), "IMAGE_SAFETY"),
            (json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "PROHIBITED_CONTENT"),
        ] {
            let failure = decode_response(body.to_string().as_bytes()).expect_err("none");
            assert_eq!(failure.kind, FailureKind::InvalidRequest);
            assert!(failure.message.ends_with(reason), "{}", failure.message);
        }
    }
}
