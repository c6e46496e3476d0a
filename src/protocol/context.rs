//! What an encoder needs to know beside the answer it writes.

use std::collections::HashSet;

use super::names::{ToolNames, fit_id, id_seed};
use crate::chat::{Maker, Part, Request, Response, Tool};

/// Filled once per request, before the first byte of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each answers one question of one protocol")]
pub struct ResponseContext {
    /// Part of all ids that the upstream did not give: letters and digits.
    seed: String,
    /// The upstream's own id of the answer, where the client may refer to it there.
    answer_id: Option<String>,
    /// The id that the client knows its request by. An error event of Anthropic's names it.
    pub request_id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The model as the client named it, which its SDK expects in the answer.
    pub model: String,
    /// OpenAI chat: the stream ends with a chunk of totals.
    pub include_usage: bool,
    /// Gemini: one JSON array instead of server-sent events (no `alt=sse`).
    pub json_array: bool,
    /// Gemini: the client did not ask for thoughts. Older SDKs take them for the answer.
    pub hides_thoughts: bool,
    /// OpenAI: a `text_completion` (`/v1/completions`) instead of a chat completion.
    pub text_completion: bool,
    /// Tool names that the upstream was sent in another spelling.
    pub tool_names: ToolNames,
    /// Tools that take free text, by the client's names.
    freeform_tools: HashSet<String>,
}

impl ResponseContext {
    /// `seed`: a request id or a random text, for ids. `created`: seconds since 1970.
    pub fn new(seed: &str, created: u64, model: impl Into<String>) -> Self {
        let seed = id_seed(seed);
        Self { request_id: format!("req_{seed}"), seed, created, model: model.into(), ..Self::default() }
    }

    /// Adds what the answer depends on in its request.
    #[must_use]
    pub fn of_request(mut self, request: &Request, tool_names: ToolNames) -> Self {
        self.include_usage = request.include_usage;
        self.hides_thoughts = request.maker == Maker::Gemini && request.reasoning.visible != Some(true);
        self.tool_names = tool_names;
        self.freeform_tools = request.tools.iter().filter_map(freeform_name).collect();
        self
    }

    /// Adds what the client refers to later in an answer of its own protocol: the answer's id,
    /// and the tools that take free text.
    #[must_use]
    pub fn of_response(mut self, response: &Response) -> Self {
        self.answer_id.clone_from(&response.id);
        let calls = response.parts.iter().filter_map(|part| match part {
            Part::ToolUse(call) if call.freeform => Some(call.name.clone()),
            _ => None,
        });
        self.freeform_tools.extend(calls);
        self
    }

    /// The id of the whole answer: the upstream's, or `prefix` and the seed.
    pub fn id(&self, prefix: &str) -> String {
        self.answer_id.clone().unwrap_or_else(|| format!("{prefix}{}", self.seed))
    }

    /// The id of one item of the answer: `prefix`, the seed and the item's number.
    pub fn item_id(&self, prefix: &str, number: usize) -> String {
        format!("{prefix}{}_{number}", self.seed)
    }

    /// The upstream's id of a call, or a new one where it is empty.
    pub fn call_id(&self, upstream_id: &str, prefix: &str, number: usize) -> String {
        if upstream_id.is_empty() { self.item_id(prefix, number) } else { fit_id(upstream_id) }
    }

    /// Whether the client offered this tool as one that takes free text.
    pub fn is_freeform(&self, name: &str) -> bool {
        self.freeform_tools.contains(name)
    }
}

fn freeform_name(tool: &Tool) -> Option<String> {
    match tool {
        Tool::Freeform { name, .. } => Some(name.clone()),
        _ => None,
    }
}
