//! Renames the model inside a Gemini body: in each request of a batch, and in the request
//! whose tokens are counted. Google refuses a model that differs from the path's.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::Frames;

const PREFIX: &str = "models/";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    requests: Vec<Named<'a>>,
    #[serde(borrow, alias = "generate_content_request")]
    generate_content_request: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

/// The body with `model` in place of `asked`, and every other byte as it was. A body that
/// cannot be read is returned as it is, for the upstream to refuse.
pub fn renamed(frames: Frames, asked: &str, model: &str) -> Frames {
    let asked = asked.strip_prefix(PREFIX).unwrap_or(asked);
    let model = model.strip_prefix(PREFIX).unwrap_or(model);
    if asked == model {
        return frames;
    }
    let body = frames.to_bytes();
    let value = Bytes::from(serde_json::Value::from(format!("{PREFIX}{model}")).to_string());
    frames.splice_all(&places(&body, asked), &value)
}

fn places(body: &[u8], asked: &str) -> Vec<Range<usize>> {
    let Ok(read) = serde_json::from_slice::<Body<'_>>(body) else { return Vec::new() };
    let named = read.requests.iter().chain(&read.generate_content_request);
    let values = named.filter_map(|named| named.model).map(RawValue::get);
    let repeated = values.filter(|value| is_named(value, asked));
    let mut places: Vec<_> = repeated
        .map(|value| {
            let start = value.as_ptr().addr() - body.as_ptr().addr();
            start..start + value.len()
        })
        .collect();
    places.sort_unstable_by_key(|place| place.start);
    places
}

fn is_named(value: &str, asked: &str) -> bool {
    serde_json::from_str::<Cow<'_, str>>(value)
        .is_ok_and(|name| name.strip_prefix(PREFIX).unwrap_or(&name) == asked)
}
