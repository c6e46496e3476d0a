//! Reading fixtures and comparing snapshots.

use std::path::{Path, PathBuf};

use portcullis::chat::Event;
use portcullis::protocol::{Protocol, ResponseContext, StreamDecoder, StreamEncoder};

pub const CHAT: Protocol = Protocol::OpenAiChat;
pub const RESPONSES: Protocol = Protocol::OpenAiResponses;
pub const ANTHROPIC: Protocol = Protocol::Anthropic;
pub const GEMINI: Protocol = Protocol::Gemini;

/// The protocol in the names of directories and snapshots.
pub const fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAiChat => "openai_chat",
        Protocol::OpenAiResponses => "openai_responses",
        Protocol::Anthropic => "anthropic",
        Protocol::Gemini => "gemini",
    }
}

pub fn others(from: Protocol) -> impl Iterator<Item = Protocol> {
    Protocol::ALL.into_iter().filter(move |to| *to != from)
}

pub fn directory(protocol: Protocol, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(word(protocol)).join(kind)
}

pub fn read(protocol: Protocol, kind: &str, file: &str) -> Vec<u8> {
    let path = directory(protocol, kind).join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All fixtures of a kind, in order.
pub fn cases(protocol: Protocol, kind: &str, extension: &str) -> Vec<String> {
    let mut cases: Vec<String> = std::fs::read_dir(directory(protocol, kind))
        .expect("a directory of fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    cases.sort();
    cases
}

/// Compares with `<case>.<to>.snap` beside the fixture.
pub fn compare(from: Protocol, kind: &str, case: &str, to: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory(from, kind));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("{case}.{to}"), text));
}

pub fn context() -> ResponseContext {
    let mut context = ResponseContext::new("req-0001", 1_700_000_000, "asked-model");
    context.include_usage = true;
    context
}

pub fn decode_stream<'a>(from: Protocol, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = StreamDecoder::new(from);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut events);
    }
    decoder.finish(&mut events);
    events
}

pub fn encode_stream(to: Protocol, context: ResponseContext, events: &[Event]) -> String {
    let mut encoder = StreamEncoder::new(to, context);
    let mut out = bytes::BytesMut::new();
    for event in events {
        encoder.push(event, &mut out);
    }
    String::from_utf8(out.to_vec()).expect("text")
}

pub fn pretty(json: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(json).expect("JSON");
    serde_json::to_string_pretty(&value).expect("JSON")
}
