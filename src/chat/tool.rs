//! What the model may call.

use serde_json::Value;

use super::CachePoint;

#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    Function {
        name: String,
        description: Option<String>,
        /// JSON Schema of the arguments; `None` for a tool that takes none.
        schema: Option<Value>,
        strict: Option<bool>,
        cache: Option<CachePoint>,
    },
    /// OpenAI's custom tool: its argument is free text, `format` says of what kind.
    Freeform { name: String, description: Option<String>, format: Option<Value> },
    /// The upstream searches the web by itself.
    WebSearch(WebSearch),
    /// A tool that runs at its own vendor and exists nowhere else.
    Hosted { name: String },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebSearch {
    pub allowed_domains: Vec<String>,
    pub blocked_domains: Vec<String>,
    pub max_uses: Option<u64>,
    /// `city`, `region`, `country`, `timezone`, alike at OpenAI and Anthropic.
    pub location: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    Auto,
    None,
    /// Some tool, whichever.
    Required,
    /// This one.
    Named(String),
    /// Only these, and `required`: one of them.
    Allowed {
        names: Vec<String>,
        required: bool,
    },
}

impl Tool {
    /// The name the model calls it by, for tools that the client runs.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Function { name, .. } | Self::Freeform { name, .. } => Some(name),
            Self::WebSearch(_) | Self::Hosted { .. } => None,
        }
    }
}
