//! The ordered parts a turn is made of.

use serde_json::{Map, Value};

use super::{Signature, crowd};

/// One piece of a turn, in the order it was said.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text {
        text: String,
        citations: Vec<Citation>,
    },
    Thinking(Thinking),
    /// Thinking that only its maker can read.
    RedactedThinking(Signature),
    Image(Image),
    Document(Document),
    /// Sound or video.
    Media(Blob),
    ToolUse(ToolUse),
    ToolResult(ToolResult),
    /// Everything up to here is worth caching. Follows the part it was written on.
    CachePoint(CachePoint),
}

/// What the model thought, and the proof its maker wants back.
///
/// A signature belongs to what follows it: to the next tool use or text of the turn, or,
/// at the turn's end, to the turn itself. (Gemini writes it on the part that follows,
/// Anthropic and OpenAI on the thinking.) So a part with a signature and no text is usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinking {
    pub text: String,
    pub signature: Option<Signature>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub source: Source,
    /// OpenAI's `detail`.
    pub detail: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub source: Source,
    pub name: Option<String>,
}

/// Where the bytes of an image or a document are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Inline(Blob),
    Url {
        url: String,
        media_type: Option<String>,
    },
    /// An id in the store of the vendor the client believes to talk to.
    StoredFile(String),
    /// A document that is plain text.
    Text(String),
}

/// Bytes as base64 in the standard alphabet, padded.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    pub media_type: String,
    pub base64: String,
}

/// A call of a tool. `id` is empty where the upstream gave none: whoever encodes the
/// answer makes one up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUse {
    pub id: String,
    pub name: String,
    /// JSON as the model wrote it: possibly empty (no arguments) and possibly cut off.
    pub arguments: String,
    /// OpenAI's custom tools take free text; then `arguments` is that text, not JSON.
    pub freeform: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    pub tool_use_id: String,
    /// Empty where the protocol names the call by id alone.
    pub name: String,
    pub parts: Vec<Part>,
    pub is_error: bool,
    pub freeform: bool,
}

/// A hint, with the lifetime Anthropic offers (`5m`, `1h`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CachePoint {
    pub ttl: Option<String>,
}

/// A source on the web that a text rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    pub url: String,
    pub title: String,
    pub cited_text: String,
    /// Where in the text the citation stands, in characters, if the upstream says so.
    pub span: Option<(usize, usize)>,
}

impl Part {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), citations: Vec::new() }
    }
}

impl ToolUse {
    /// The name under which a freeform tool's text travels where tools take JSON only.
    pub const FREEFORM_FIELD: &str = "input";

    /// The arguments as an object: none at all means an empty one. `None` where the
    /// text is not a JSON object, for instance because a token limit cut it off, or one of
    /// [more values](super::crowd) than anybody means.
    pub fn arguments_object(&self) -> Option<Map<String, Value>> {
        if self.freeform {
            let input = Value::String(self.arguments.clone());
            return Some(Map::from_iter([(Self::FREEFORM_FIELD.to_owned(), input)]));
        }
        if self.arguments.trim().is_empty() {
            return Some(Map::new());
        }
        if crowd::is_crowded(self.arguments.as_bytes()) {
            return None;
        }
        serde_json::from_str(&self.arguments).ok()
    }

    /// The arguments as JSON text, whatever kind of tool it is.
    pub fn arguments_json(&self) -> String {
        if self.freeform {
            return Value::Object(self.arguments_object().unwrap_or_default()).to_string();
        }
        if self.arguments.trim().is_empty() { "{}".to_owned() } else { self.arguments.clone() }
    }

    /// The free text inside arguments that travelled as JSON; the text itself if it did not.
    pub fn freeform_text(arguments: &str) -> String {
        if crowd::is_crowded(arguments.as_bytes()) {
            return arguments.to_owned();
        }
        match serde_json::from_str::<Map<String, Value>>(arguments) {
            Ok(mut object) => match object.remove(Self::FREEFORM_FIELD) {
                Some(Value::String(text)) => text,
                _ => arguments.to_owned(),
            },
            Err(_) => arguments.to_owned(),
        }
    }
}
