//! Streams: as each client reads them, and the same wherever the bytes are cut.

use portcullis::chat::{Collector, Delta, Event, FinishReason, PartStart};
use portcullis::protocol::{
    Protocol, RequestTarget, ToolNames, decode_request, encode_response, stream_keep_alive,
};
use serde_json::json;

use super::support::{
    ANTHROPIC, CHAT, GEMINI, RESPONSES, cases, compare, context, decode_stream, encode_stream, others, read,
    word,
};

#[test]
fn streams_are_read_by_every_other_client() {
    for from in Protocol::ALL {
        for file in cases(from, "streams", "sse") {
            let case = file.strip_suffix(".sse").expect("listed by its ending");
            let bytes = read(from, "streams", &file);
            let events = decode_stream(from, [bytes.as_slice()]);
            for to in others(from) {
                let text = encode_stream(to, context(), &events);
                compare(from, "streams", case, word(to), &text.replace("\r\n", "\n"));
            }
        }
    }
}

#[test]
fn where_the_bytes_are_cut_and_how_lines_end_changes_nothing() {
    for from in Protocol::ALL {
        for file in cases(from, "streams", "sse") {
            let bytes = read(from, "streams", &file);
            let whole = decode_stream(from, [bytes.as_slice()]);
            assert_eq!(decode_stream(from, bytes.chunks(1)), whole, "{file} byte by byte");
            assert_eq!(decode_stream(from, bytes.chunks(7)), whole, "{file} in sevens");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for ending in ["\r\n", "\r"] {
                let other = text.replace('\n', ending);
                assert_eq!(decode_stream(from, other.as_bytes().chunks(3)), whole, "{file} {ending:?}");
            }
        }
    }
}

/// Whether the event with the reason for the end has come. What follows it (totals, `[DONE]`)
/// may be lost.
fn has_reason(from: Protocol, seen: &str) -> bool {
    let marks: &[&str] = match from {
        Protocol::OpenAiChat => &["\"finish_reason\": \"", "[DONE]"],
        Protocol::OpenAiResponses => &["event: response.completed", "event: response.incomplete"],
        Protocol::Anthropic => &["event: message_stop"],
        Protocol::Gemini => &["\"finishReason\":", "\"blockReason\":"],
    };
    marks.iter().any(|mark| seen.contains(mark))
}

fn looks_finished(to: Protocol, text: &str) -> bool {
    let marks: &[&str] = match to {
        Protocol::OpenAiChat => &["\"finish_reason\":\"", "[DONE]"],
        Protocol::OpenAiResponses => &["event: response.completed", "event: response.incomplete"],
        Protocol::Anthropic => &["\"stop_reason\":\"", "event: message_stop"],
        Protocol::Gemini => &["\"finishReason\":"],
    };
    marks.iter().any(|mark| text.contains(mark))
}

#[test]
fn a_stream_that_breaks_off_never_looks_finished() {
    for from in Protocol::ALL {
        for file in cases(from, "streams", "sse") {
            let bytes = read(from, "streams", &file);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let ends: Vec<usize> = text.match_indices("\n\n").map(|(at, _)| at + 2).collect();
            for end in ends.into_iter().filter(|end| !has_reason(from, &text[..*end])) {
                let events = decode_stream(from, [&text.as_bytes()[..end]]);
                assert!(matches!(events.last(), Some(Event::Failed(_))), "{file} cut at {end}");
                for to in Protocol::ALL {
                    let written = encode_stream(to, context(), &events);
                    assert!(!looks_finished(to, &written), "{file} cut at {end} for {to:?}:\n{written}");
                }
            }
        }
    }
}

#[test]
fn chat_totals_come_only_on_request() {
    let bytes = read(ANTHROPIC, "streams", "text.sse");
    let events = decode_stream(ANTHROPIC, [bytes.as_slice()]);
    let mut unasked = context();
    unasked.include_usage = false;
    let written = encode_stream(CHAT, unasked, &events);
    assert!(!written.contains("\"choices\":[]") && !written.contains("usage"), "{written}");
    assert!(encode_stream(CHAT, context(), &events).contains("\"choices\":[],\"usage\":{"));
}

#[test]
fn gemini_thoughts_reach_only_clients_that_ask_for_them() {
    let events = [
        Event::Started { id: None, model: None, usage: None },
        Event::PartStarted(PartStart::Thinking),
        Event::Delta(Delta::Thinking("six by nine".to_owned())),
        Event::PartFinished,
        Event::PartStarted(PartStart::Text),
        Event::Delta(Delta::Text("42".to_owned())),
        Event::PartFinished,
        Event::Finished(FinishReason::Stop),
    ];
    let mut collector = Collector::default();
    events.iter().cloned().for_each(|event| collector.push(event));
    let whole = collector.finish().expect("an answer");
    for (config, is_visible) in [
        (json!({}), false),
        (json!({"thinkingConfig": {"thinkingLevel": "HIGH"}}), false),
        (json!({"thinkingConfig": {"includeThoughts": true}}), true),
    ] {
        let body =
            json!({"contents": [{"role": "user", "parts": [{"text": "go"}]}], "generationConfig": config});
        let target = RequestTarget { model: Some("m"), stream: true };
        let request = decode_request(GEMINI, body.to_string().as_bytes(), &target).expect("a request");
        let context = context().of_request(&request, ToolNames::default());
        let streamed = encode_stream(GEMINI, context.clone(), &events);
        let whole = encode_response(GEMINI, &whole, &context).expect("an answer");
        for written in [streamed.as_str(), str::from_utf8(&whole).expect("text")] {
            assert_eq!(written.contains("six by nine"), is_visible, "{config}: {written}");
            assert!(written.contains("42"), "{config}: {written}");
        }
    }
}

#[test]
fn gemini_without_sse_is_one_json_array() {
    for file in cases(ANTHROPIC, "streams", "sse") {
        let bytes = read(ANTHROPIC, "streams", &file);
        let events = decode_stream(ANTHROPIC, [bytes.as_slice()]);
        let mut array = context();
        array.json_array = true;
        let written = encode_stream(GEMINI, array, &events);
        let parsed: Vec<serde_json::Value> = serde_json::from_str(&written).expect(&file);
        assert!(!parsed.is_empty(), "{file}");
    }
}

#[test]
fn a_silent_upstream_is_bridged_where_the_client_allows_it() {
    assert!(stream_keep_alive(ANTHROPIC).is_some_and(|ping| ping.starts_with(b"event: ping\n")));
    for openai in [CHAT, RESPONSES] {
        assert!(stream_keep_alive(openai).is_some_and(|comment| comment.starts_with(b":")));
    }
    assert_eq!(stream_keep_alive(GEMINI), None);
}
