//! Reading a body as clients really write it: strings where lists are meant, numbers as
//! text, `null` for absent. What cannot be read names its field.

use serde_json::{Value, json};

use crate::protocol::{ErrorKind, Family, LocalError};

/// The field of a request that its protocol does not allow to be so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    pub field: String,
    pub problem: String,
}

impl Invalid {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    pub fn missing(field: impl Into<String>) -> Self {
        Self::new(field, "field required")
    }

    fn wrong_type(field: &str, expected: &str, got: &Value) -> Self {
        Self::new(field, format!("expected {expected}, got {}", type_name(got)))
    }

    /// The error in the vendor's own shape, with the field where the vendor has a place for it.
    pub fn body(&self, family: Family, request_id: &str) -> Value {
        let error = LocalError::new(ErrorKind::InvalidRequest, self.to_string());
        let mut body = family.error_body(&error, request_id);
        match family {
            Family::OpenAi => body["error"]["param"] = json!(self.field),
            Family::Anthropic => {}
            Family::Gemini => {
                body["error"]["details"] = json!([{
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": self.field, "description": self.problem}],
                }]);
            }
        }
        body
    }
}

/// The body as a JSON object.
pub fn object(body: &[u8]) -> Result<Value, Invalid> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Invalid::new("body", format!("could not be parsed as JSON ({error})")))?;
    if value.is_object() { Ok(value) } else { Err(Invalid::wrong_type("body", "an object", &value)) }
}

/// The list at `field`, which must be there and hold at least one element.
pub fn full_list<'a>(value: Option<&'a Value>, field: &str) -> Result<&'a [Value], Invalid> {
    match value {
        None | Some(Value::Null) => Err(Invalid::missing(field)),
        Some(Value::Array(items)) if items.is_empty() => {
            Err(Invalid::new(field, "at least one element is required"))
        }
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(Invalid::wrong_type(field, "a list", other)),
    }
}

/// The elements at `value`, or the one object that stands for a list of it (as in Google's own
/// examples); none when it is neither.
pub fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(object @ Value::Object(_)) => std::slice::from_ref(object),
        _ => &[],
    }
}

/// A count that may be absent, a whole float, or a number in quotes (as protobuf's JSON has it).
pub fn count(value: Option<&Value>, field: &str) -> Result<Option<u64>, Invalid> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let whole = match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole_number)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    whole.map(Some).ok_or_else(|| Invalid::wrong_type(field, "a whole number of at least 0", value))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
fn whole_number(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=9e15).contains(&number);
    fits.then_some(number as u64)
}

/// A string, or the strings of a list; empty ones left out.
pub fn strings(value: Option<&Value>) -> Vec<String> {
    let found = match value {
        Some(Value::String(text)) => vec![text.clone()],
        other => list(other).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
    };
    found.into_iter().filter(|text| !text.is_empty()).collect()
}

pub fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or(false)
}

/// What a user typed: the last text of a content that is a string or a list of parts.
///
/// Coding agents put `<system-reminder>` parts around the user's own words; quoting those
/// would look like a fault to the user.
pub fn typed_text(content: Option<&Value>) -> String {
    let texts = texts(content);
    let typed = texts.iter().rev().find(|text| !text.trim_start().starts_with("<system-reminder>"));
    typed.or(texts.last()).cloned().unwrap_or_default()
}

/// All text of a content that is a string, a part or a list of parts; anything else as JSON.
pub fn whole_text(content: Option<&Value>) -> String {
    match content {
        None | Some(Value::Null) => String::new(),
        Some(Value::Object(members)) if !members.contains_key("text") => json!(members).to_string(),
        content => texts(content).join("\n"),
    }
}

fn texts(content: Option<&Value>) -> Vec<String> {
    let parts = match content {
        Some(Value::String(text)) => return vec![text.clone()],
        other => list(other),
    };
    let text_of = |part: &Value| part.get("text").unwrap_or(part).as_str().map(str::to_owned);
    parts.iter().filter_map(text_of).filter(|text| !text.trim().is_empty()).collect()
}

/// One field of a multipart form, found without knowing its boundary: the value is the line
/// after the blank line that ends the part's headers.
pub fn form_field<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let start = memchr::memmem::find(body, format!("name=\"{name}\"").as_bytes())?;
    let part = &body[start..];
    let value = &part[memchr::memmem::find(part, b"\r\n\r\n")? + 4..];
    std::str::from_utf8(&value[..memchr::memmem::find(value, b"\r\n")?]).ok()
}

/// The form has a part of this name, whatever it holds.
pub fn form_has(body: &[u8], name: &str) -> bool {
    memchr::memmem::find(body, format!("name=\"{name}\"").as_bytes()).is_some()
        || memchr::memmem::find(body, format!("name=\"{name}[]\"").as_bytes()).is_some()
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number that does not fit",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
