//! Estimates the tokens of a prompt. Each vendor tokenizes text in its own way; this uses
//! `cl100k_base`, on which the vocabularies of Llama, Qwen and GLM are based.

use tiktoken_rs::cl100k_base_singleton;

use crate::chat::{Blob, Part, Request, Source, Tool, ToolResult};
use crate::protocol::media;

/// Tokens of a turn beside its text.
const TURN: u64 = 4;
/// Tokens of a picture of medium size: vendors count from 258 to 1600.
const PICTURE: u64 = 1_000;
/// For a document or a recording, which vendors count by pages and seconds.
const FILE_BYTES_PER_TOKEN: usize = 50;

pub fn of_request(request: &Request) -> u64 {
    let mut counter = TokenCounter::default();
    for turn in &request.turns {
        counter.tokens += TURN;
        turn.parts.iter().for_each(|part| counter.part(part));
    }
    request.tools.iter().for_each(|tool| counter.tool(tool));
    counter.total()
}

pub fn of_texts(texts: &[String]) -> u64 {
    let mut counter = TokenCounter::default();
    for text in texts {
        counter.text(text);
    }
    counter.total()
}

/// The bytes that are really tokenized. Text beyond them counts at the same rate, so that
/// no prompt takes longer than part of a second.
const MOST_READ: usize = 1 << 20;
/// Text is tokenized in pieces of this many bytes: a run without spaces takes time by the square
/// of its length.
const PIECE: usize = 4 << 10;

#[derive(Default)]
struct TokenCounter {
    /// Tokens of everything that is not text.
    tokens: u64,
    tokens_read: u64,
    bytes_read: usize,
    bytes_unread: usize,
}

impl TokenCounter {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Text { text, .. } => self.text(text),
            Part::Thinking(thinking) => self.text(&thinking.text),
            Part::Image(_) => self.tokens += PICTURE,
            Part::Document(document) => self.document(&document.source),
            Part::Media(blob) => self.file(blob),
            Part::ToolUse(call) => {
                self.text(&call.name);
                self.text(&call.arguments);
            }
            Part::ToolResult(ToolResult { parts, .. }) => parts.iter().for_each(|part| self.part(part)),
            Part::RedactedThinking(_) | Part::CachePoint(_) => {}
        }
    }

    fn tool(&mut self, tool: &Tool) {
        self.tokens += TURN;
        if let Tool::Function { name, description, .. } | Tool::Freeform { name, description, .. } = tool {
            self.text(name);
            self.text(description.as_deref().unwrap_or_default());
        }
        if let Tool::Function { schema: Some(schema), .. } = tool {
            self.text(&schema.to_string());
        }
    }

    fn document(&mut self, source: &Source) {
        match source {
            Source::Inline(blob) => match media::decode_text(blob) {
                Some(text) => self.text(&text),
                None => self.file(blob),
            },
            Source::Text(text) => self.text(text),
            Source::Url { .. } | Source::StoredFile(_) => self.tokens += PICTURE,
        }
    }

    fn file(&mut self, blob: &Blob) {
        self.tokens += (blob.base64.len() / 4 * 3 / FILE_BYTES_PER_TOKEN) as u64;
    }

    fn text(&mut self, text: &str) {
        let (read, unread) = text.split_at(text.floor_char_boundary(MOST_READ - self.bytes_read));
        self.bytes_read += read.len();
        self.bytes_unread += unread.len();
        let mut rest = read;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE));
            self.tokens_read += cl100k_base_singleton().encode_ordinary(piece).len() as u64;
            rest = more;
        }
    }

    fn total(&self) -> u64 {
        let unread = self.tokens_read * self.bytes_unread as u64 / (self.bytes_read as u64).max(1);
        self.tokens + self.tokens_read + unread
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Image, Maker, Role};

    fn tokens(text: &str) -> u64 {
        of_texts(&[text.to_owned()])
    }

    #[test]
    fn texts_have_the_published_token_counts() {
        for (text, expected) in
            [("", 0), ("hello world", 2), ("tiktoken is great!", 6), ("お誕生日おめでとう", 9)]
        {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_takes_no_longer_to_count_and_counts_in_full() {
        let sentence = "The quick brown fox jumps over the lazy dog. ";
        let short = sentence.repeat(1_000);
        let long = sentence.repeat(100_000);
        let ratio = tokens(&long) as f64 / tokens(&short) as f64;
        assert!((ratio - 100.0).abs() < 1.0, "{ratio}");
        assert!(tokens(&"a".repeat(300_000)) > 10_000);
        assert!(tokens(&" ".repeat(300_000)) > 1_000);
    }

    #[test]
    fn everything_a_prompt_holds_counts() {
        let mut request = Request::new(Maker::Anthropic, "m");
        let mut last = of_request(&request);
        let mut grows = |request: &Request, what: &str| {
            let tokens = of_request(request);
            assert!(tokens > last, "{what}");
            last = tokens;
        };
        request.add(Role::User, vec![Part::text("hello")]);
        grows(&request, "a text");
        let source = Source::Url { url: "https://example.com/a.png".to_owned(), media_type: None };
        request.add(Role::User, vec![Part::Image(Image { source, detail: None })]);
        grows(&request, "a picture");
        request.tools.push(Tool::Function {
            name: "look".to_owned(),
            description: Some("looks".to_owned()),
            schema: Some(json!({"type": "object"})),
            strict: None,
            cache: None,
        });
        grows(&request, "a tool");
    }
}
