//! What the demo says to an [`Ask`]: decided once, written down by each protocol.

use serde_json::{Value, json};

use super::ask::{Ask, Format, LastTurn};
use super::{schema, tokens, wording};

pub struct Reply {
    pub content: Content,
    pub finish: Finish,
    pub usage: Usage,
}

pub enum Content {
    /// Prose, or the JSON that was asked for.
    Text(String),
    ToolCall {
        name: String,
        arguments: Value,
    },
}

pub enum Finish {
    Complete,
    TokenLimit,
    /// The client's own stop sequence, which the text ends before.
    StopSequence(String),
    ToolCall,
}

/// Estimated, see [`tokens`].
#[derive(Clone, Copy)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
}

impl Usage {
    pub const fn total_tokens(self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

impl Reply {
    pub fn to(ask: &Ask, model: &str) -> Self {
        match ask.tool_to_call() {
            Some(tool) => Self::call(tool.name.clone(), schema::smallest(&tool.parameters), ask.input_tokens),
            None => Self::say(&words_for(ask, model), ask),
        }
    }

    fn call(name: String, arguments: Value, input_tokens: u64) -> Self {
        // A function's arguments are an object in every protocol, whatever its schema says.
        let arguments = if arguments.is_object() { arguments } else { json!({}) };
        let output_tokens = tokens::of_text(&name) + tokens::of_text(&arguments.to_string());
        let usage = Usage { input_tokens, output_tokens };
        Self { content: Content::ToolCall { name, arguments }, finish: Finish::ToolCall, usage }
    }

    fn say(words: &str, ask: &Ask) -> Self {
        let (text, finish) = shorten(words, &ask.stop, ask.max_tokens);
        let output_tokens = tokens::of_text(text) * ask.answers;
        let usage = Usage { input_tokens: ask.input_tokens, output_tokens };
        Self { content: Content::Text(text.to_owned()), finish, usage }
    }
}

fn words_for(ask: &Ask, model: &str) -> String {
    let prose = || match &ask.last_turn {
        LastTurn::User(message) => wording::to_user(message, model),
        LastTurn::ToolResult(result) => wording::to_tool_result(result),
    };
    match &ask.format {
        Format::Text => prose(),
        Format::AnyJson => json!({"message": prose()}).to_string(),
        Format::Schema(schema) => schema::smallest(schema).to_string(),
        Format::Verbatim(value) => value.clone(),
    }
}

/// Ends the text before the first stop sequence or at the token limit, whichever comes first.
fn shorten<'a>(words: &'a str, stop: &[String], max_tokens: Option<u64>) -> (&'a str, Finish) {
    let first_stop =
        stop.iter().filter_map(|stop| Some((words.find(stop.as_str())?, stop))).min_by_key(|(at, _)| *at);
    let (text, finish) = match first_stop {
        Some((at, stop)) => (&words[..at], Finish::StopSequence(stop.clone())),
        None => (words, Finish::Complete),
    };
    let affordable = tokens::first(text, max_tokens.unwrap_or(u64::MAX));
    if affordable.len() < text.len() { (affordable, Finish::TokenLimit) } else { (text, finish) }
}

/// The pieces a streamed text arrives in: a few words each, or a few characters where a
/// script has no spaces.
pub fn pieces(text: &str) -> Vec<&str> {
    const SHORT: usize = 16;
    const LONG: usize = 48;
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let natural = letter == ' ' || !letter.is_ascii();
        if (end - start >= SHORT && natural) || end - start >= LONG {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Streamed arguments in two pieces, split where neither piece is JSON by itself, so that a
/// client that parses too early notices here and not in production.
pub fn halves(arguments: &str) -> [&str; 2] {
    let (first, second) = arguments.split_at(arguments.ceil_char_boundary(arguments.len() / 2));
    [first, second]
}
