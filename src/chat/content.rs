//! The ordered parts of a turn.

use serde_json::{Map, Value};

use super::{Signature, crowd};

/// One piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text {
        text: String,
        citations: Vec<Citation>,
    },
    Thinking(Thinking),
    /// Thinking that only the models of its maker can read.
    RedactedThinking(Signature),
    Image(Image),
    Document(Document),
    /// Sound or video.
    Media(Blob),
    ToolUse(ToolUse),
    ToolResult(ToolResult),
    /// Everything up to here is worth caching. Comes after the part it was written on.
    CachePoint(CachePoint),
}

/// What the model thought, and the signature that its maker wants back.
///
/// A signature belongs to what follows it: the next tool use or text of the turn or, at the
/// turn's end, the turn itself. Gemini writes it on the part that follows, Anthropic and
/// OpenAI on the thinking. A part with a signature and no text is therefore usual.
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

/// Where the bytes of an image or a document come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Inline(Blob),
    Url {
        url: String,
        media_type: Option<String>,
    },
    /// An id in the file store of the vendor whose protocol the client speaks.
    StoredFile(String),
    /// The plain text of a document.
    Text(String),
}

/// Bytes as padded base64 in the standard alphabet.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    pub media_type: String,
    pub base64: String,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUse {
    /// Empty where the upstream gave none: the encoder of the answer makes one up.
    pub id: String,
    pub name: String,
    /// JSON as the model wrote it. It may be empty (no arguments) or cut off.
    pub arguments: String,
    /// A custom tool of OpenAI's: `arguments` is free text, not JSON.
    pub freeform: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    pub tool_use_id: String,
    /// The tool. Empty where the protocol names the call by its id alone.
    pub name: String,
    pub parts: Vec<Part>,
    pub is_error: bool,
    pub freeform: bool,
}

/// A hint to cache the prompt up to here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CachePoint {
    /// The lifetime, in the steps that Anthropic offers: `5m` or `1h`.
    pub ttl: Option<String>,
}

/// A web page that a text cites.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    pub url: String,
    pub title: String,
    pub cited_text: String,
    /// Start and end in the text, in characters, where the upstream states them.
    pub span: Option<(usize, usize)>,
}

impl Part {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), citations: Vec::new() }
    }

    /// The thinking that a slot of a protocol holds: a signature, and the text beside it.
    pub fn signed(mut signature: Signature, text: String) -> Self {
        if signature.is_redacted() {
            signature.id = None;
            return Self::RedactedThinking(signature);
        }
        Self::Thinking(Thinking { text, signature: Some(signature) })
    }
}

impl ToolUse {
    /// The member that holds a freeform tool's text where a tool takes JSON alone.
    pub const FREEFORM_FIELD: &str = "input";

    /// The arguments as an object; no text at all is an empty object. `None` where the text
    /// is not a JSON object (a token limit may have cut it off) or holds [too many
    /// values](super::crowd).
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

    /// The arguments as JSON text, also those of a freeform tool.
    pub fn arguments_json(&self) -> String {
        if self.freeform {
            return Value::Object(self.arguments_object().unwrap_or_default()).to_string();
        }
        if self.arguments.trim().is_empty() { "{}".to_owned() } else { self.arguments.clone() }
    }

    /// The free text inside arguments that came as JSON; other arguments unchanged.
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
