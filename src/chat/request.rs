//! A client's request.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Dropped, Maker, Part, Reasoning, Signature, Thinking, Tool, ToolChoice, work};

/// One call of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The vendor whose protocol the client speaks: signatures, ids and unknown fields are its own.
    pub maker: Maker,
    /// The model to ask. Routing replaces the one that the client wrote.
    pub model: String,
    pub stream: bool,
    /// OpenAI chat: the stream ends with the totals (`stream_options.include_usage`).
    pub include_usage: bool,
    /// In order. Roles may repeat, and [`Role::System`] may stand anywhere.
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub sampling: Sampling,
    pub reasoning: Reasoning,
    pub output: OutputFormat,
    /// All other fields, by their own names. A protocol of the same vendor may pass them on;
    /// the others note them as dropped.
    pub unknown: Map<String, Value>,
    /// What the decoder left out.
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
    /// Tokens, including those of thinking.
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

    /// Adds parts to the last turn if it has this role, else as a new turn.
    pub fn add(&mut self, role: Role, parts: Vec<Part>) {
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.turns.push(Turn { role, parts }),
        }
    }

    /// The leading system turns, and the rest.
    pub fn split_system(&self) -> (&[Turn], &[Turn]) {
        let spoken = self.turns.iter().position(|turn| turn.role != Role::System);
        self.turns.split_at(spoken.unwrap_or(self.turns.len()))
    }

    /// How hard to think if the client set nothing: Anthropic's models think only when asked,
    /// the others unless thinking is turned off.
    pub fn reasoning_meant(&self) -> Reasoning {
        let is_silent = self.reasoning == Reasoning::default();
        if is_silent && self.maker == Maker::Anthropic { Reasoning::OFF } else { self.reasoning }
    }

    /// The tool of each call, by the call's id. Of several calls with one id, the last counts.
    pub fn called_names(&self) -> HashMap<&str, &str> {
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        let calls = parts.filter_map(|part| match part {
            Part::ToolUse(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        });
        calls.inspect(|_| work::step()).collect()
    }

    /// Puts back the signatures that a client did not return: `remembered` gives the one that
    /// stood before the call with this id. A signed call keeps its own.
    pub fn restore_signatures(&mut self, mut remembered: impl FnMut(&str) -> Option<Signature>) {
        for turn in &mut self.turns {
            let mut parts: Vec<Part> = Vec::with_capacity(turn.parts.len());
            for part in std::mem::take(&mut turn.parts) {
                let found = match &part {
                    Part::ToolUse(call) if !parts.last().is_some_and(is_signed) => remembered(&call.id),
                    _ => None,
                };
                let thinking = |signature| Thinking { text: String::new(), signature: Some(signature) };
                parts.extend(found.map(|signature| Part::Thinking(thinking(signature))));
                parts.push(part);
            }
            turn.parts = parts;
        }
    }
}

fn is_signed(part: &Part) -> bool {
    matches!(part, Part::Thinking(Thinking { signature: Some(_), .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ToolUse;

    #[test]
    fn a_remembered_signature_goes_before_its_call_once() {
        let call = |id: &str| Part::ToolUse(ToolUse { id: id.to_owned(), ..ToolUse::default() });
        let mut request = Request::new(Maker::OpenAi, "m");
        request.add(Role::Assistant, vec![call("a"), call("b")]);
        let remembered = |id: &str| (id == "b").then(|| Signature::new(Maker::Gemini, "s"));
        request.restore_signatures(remembered);
        request.restore_signatures(remembered);
        let signed = Part::Thinking(Thinking {
            text: String::new(),
            signature: Some(Signature::new(Maker::Gemini, "s")),
        });
        assert_eq!(request.turns[0].parts, vec![call("a"), signed, call("b")]);
    }
}
