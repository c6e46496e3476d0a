//! The tools that the model may call.

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
    /// OpenAI's custom tool: its argument is free text, in an optional `format`.
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
    /// `city`, `region`, `country` and `timezone`, the same at OpenAI and Anthropic.
    pub location: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    Auto,
    None,
    /// Any one tool.
    Required,
    /// This one.
    Named(String),
    /// Only these; with `required`, one of them must be called.
    Allowed {
        names: Vec<String>,
        required: bool,
    },
}

impl Tool {
    /// The name that the model calls it by. `None` for tools that the client does not run.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Function { name, .. } | Self::Freeform { name, .. } => Some(name),
            Self::WebSearch(_) | Self::Hosted { .. } => None,
        }
    }
}
