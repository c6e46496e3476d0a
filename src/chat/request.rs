//! What a client asks.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Dropped, Maker, Part, Reasoning, Tool, ToolChoice, work};

/// One call of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose protocol it was written in: its signatures, ids and shared fields are theirs.
    pub maker: Maker,
    /// The model to send it to. Routing replaces what the client wrote.
    pub model: String,
    pub stream: bool,
    /// OpenAI chat: send the totals in the stream too (`stream_options.include_usage`).
    pub include_usage: bool,
    /// In order; roles may repeat; [`Role::System`] may stand anywhere.
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub sampling: Sampling,
    pub reasoning: Reasoning,
    pub output: OutputFormat,
    /// Fields that have no place above, by their own names. Only a protocol of the same
    /// vendor can use them; any other notes them as dropped.
    pub unknown: Map<String, Value>,
    /// What the decoder itself had to leave out.
    pub dropped: Dropped,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub role: Role,
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Tokens, thinking included.
    pub max_output: Option<u64>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<f64>,
    pub seed: Option<i64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub stop: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum OutputFormat {
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    JsonSchema {
        name: Option<String>,
        description: Option<String>,
        schema: Value,
        strict: Option<bool>,
    },
}

impl Request {
    pub fn new(maker: Maker, model: impl Into<String>) -> Self {
        Self {
            maker,
            model: model.into(),
            stream: false,
            include_usage: false,
            turns: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            sampling: Sampling::default(),
            reasoning: Reasoning::default(),
            output: OutputFormat::Text,
            unknown: Map::new(),
            dropped: Dropped::default(),
        }
    }

    /// Adds parts under a role, joining them to the turn before if it has the same one.
    pub fn say(&mut self, role: Role, parts: Vec<Part>) {
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.turns.push(Turn { role, parts }),
        }
    }

    /// The system turns before anyone has spoken, and the rest.
    pub fn split_system(&self) -> (&[Turn], &[Turn]) {
        let spoken = self.turns.iter().position(|turn| turn.role != Role::System);
        self.turns.split_at(spoken.unwrap_or(self.turns.len()))
    }

    /// How hard to think, where saying nothing is an answer too: Anthropic's models think
    /// only when asked, others unless told not to.
    pub fn reasoning_meant(&self) -> Reasoning {
        let is_silent = self.reasoning == Reasoning::default();
        if is_silent && self.maker == Maker::Anthropic { Reasoning::OFF } else { self.reasoning }
    }

    /// The name of the tool that each call was made to, by the call's id; of several calls
    /// with one id, the last.
    pub fn called_names(&self) -> HashMap<&str, &str> {
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        let calls = parts.filter_map(|part| match part {
            Part::ToolUse(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        });
        calls.inspect(|_| work::step()).collect()
    }
}
