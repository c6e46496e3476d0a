//! A request once its dialect no longer matters: what the demo has to know to answer it.

use serde_json::Value;

pub struct Ask {
    pub last_turn: LastTurn,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    pub format: Format,
    /// `None`: as long as it takes.
    pub max_tokens: Option<u64>,
    pub stop: Vec<String>,
    /// How many alternatives (`n`, `candidateCount`).
    pub answers: u64,
    /// Estimated, see [`super::tokens`].
    pub input_tokens: u64,
}

/// What the conversation ends with.
pub enum LastTurn {
    User(String),
    ToolResult(String),
}

/// A function the client can run.
pub struct Tool {
    pub name: String,
    /// JSON Schema, or Gemini's dialect of it.
    pub parameters: Value,
}

pub enum ToolChoice {
    Auto,
    Never,
    Any,
    Named(String),
}

/// What the answer's text has to be.
pub enum Format {
    Text,
    AnyJson,
    Schema(Value),
    /// One of the values the client listed (Gemini's `text/x.enum`).
    Verbatim(String),
}

impl Ask {
    /// The most alternatives an answer has, whatever was asked for.
    pub const MOST_ANSWERS: u64 = 8;

    /// The tool to call: one that the client insists on, or one the user talks about.
    /// After a tool's result there is none, so that an agent's loop ends.
    pub fn tool_to_call(&self) -> Option<&Tool> {
        let LastTurn::User(message) = &self.last_turn else { return None };
        match &self.tool_choice {
            ToolChoice::Never => None,
            ToolChoice::Any => self.mentioned_tool(message).or(self.tools.first()),
            ToolChoice::Named(name) => self.tools.iter().find(|tool| tool.name == *name),
            ToolChoice::Auto => self.mentioned_tool(message),
        }
    }

    /// The tool that shares most words with the message, or the first when the message only
    /// speaks of tools.
    ///
    /// A client with many tools is a coding agent, and some of its tools write files and run
    /// commands: there an everyday word like "write" must not set one off.
    fn mentioned_tool(&self, message: &str) -> Option<&Tool> {
        const FEW: usize = 8;
        let words = words(message);
        let speaks_of_tools = ["tool", "tools"].iter().any(|word| words.iter().any(|spoken| spoken == word))
            || ["ツール", "工具"].iter().any(|word| message.contains(word));
        let best = self.tools.iter().rev().max_by_key(|tool| tool.mentions(&words))?;
        let is_mentioned = best.mentions(&words) > 0;
        if is_mentioned && (speaks_of_tools || self.tools.len() <= FEW) {
            Some(best)
        } else {
            self.tools.first().filter(|_| speaks_of_tools)
        }
    }
}

impl Tool {
    /// How many words of this tool's name are in a message. Short ones (`get`, `run`) are in
    /// every message, so they count only as the whole name.
    fn mentions(&self, message: &[String]) -> usize {
        const SHORTEST: usize = 4;
        if message.contains(&self.name.to_lowercase()) {
            return usize::MAX;
        }
        words(&self.name).iter().filter(|word| word.len() >= SHORTEST && message.contains(word)).count()
    }
}

/// The ASCII words of a text in lower case, with `snake_case` and `camelCase` taken apart.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for letter in text.chars() {
        let hump = letter.is_ascii_uppercase() && previous.is_ascii_lowercase();
        if hump || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
        previous = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
