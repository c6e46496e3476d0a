//! Answers of every kind, out of every protocol into every other, whole and in pieces.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::assert_linear;
use crate::chat::{Collector, Event, Part};
use crate::protocol::{
    Observer, Protocol, ResponseContext, StreamDecoder, StreamEncoder, decode_response, encode_response,
};

const CHAT: Protocol = Protocol::OpenAiChat;
const RESPONSES: Protocol = Protocol::OpenAiResponses;
const ANTHROPIC: Protocol = Protocol::Anthropic;
const GEMINI: Protocol = Protocol::Gemini;

/// What there are many of, the protocol, and the events of an answer with `n` of them.
type Kind = (&'static str, Protocol, fn(usize) -> Vec<Value>);

const KINDS: &[Kind] = &[
    ("calls one after the other", CHAT, |n| (0..n).flat_map(|i| [chat_call(i), chat_piece(i)]).collect()),
    ("calls opened, then filled in reverse", CHAT, |n| {
        (0..n).map(chat_call).chain((0..n).rev().map(chat_piece)).collect()
    }),
    ("pieces of two calls in turn", CHAT, |n| {
        [0, 1].into_iter().map(chat_call).chain((0..n).map(|i| chat_piece(i % 2))).collect()
    }),
    ("calls of one event", CHAT, |n| {
        let calls: Vec<Value> =
            (0..n).map(|i| json!({"index": i, "function": {"name": "t", "arguments": "{}"}})).collect();
        vec![chat(&json!({"tool_calls": calls}))]
    }),
    ("words", CHAT, |n| vec![chat(&json!({"content": "word"})); n]),
    ("thoughts and words in turn", CHAT, |n| {
        (0..n)
            .flat_map(|_| [chat(&json!({"reasoning_content": "x"})), chat(&json!({"content": "x"}))])
            .collect()
    }),
    ("citations", CHAT, |n| {
        let citation = json!({"type": "url_citation", "url_citation": {"url": "https://a.b", "title": "t"}});
        vec![chat(&json!({"content": "x", "annotations": [citation]})); n]
    }),
    ("items opened, filled, and closed in reverse", RESPONSES, |n| {
        let item = |i: usize| json!({"type": "function_call", "call_id": format!("c{i}"), "name": "t"});
        let added = |i| json!({"type": "response.output_item.added", "output_index": i, "item": item(i)});
        let piece =
            |i| json!({"type": "response.function_call_arguments.delta", "output_index": i, "delta": "{}"});
        let done = |i| json!({"type": "response.output_item.done", "output_index": i, "item": item(i)});
        (0..n).map(added).chain((0..n).rev().map(piece)).chain((0..n).rev().map(done)).collect()
    }),
    ("items that come whole", RESPONSES, |n| {
        let text = json!({"type": "message", "content": [{"type": "output_text", "text": "x"}]});
        (0..n)
            .map(|i| json!({"type": "response.output_item.done", "output_index": i, "item": text}))
            .collect()
    }),
    ("pieces of texts and their annotations", RESPONSES, |n| {
        let found = json!({"url": "https://a.b", "title": "t", "start_index": 0, "end_index": 1});
        let piece = |i| {
            [
                json!({"type": "response.output_text.delta", "output_index": i, "delta": "x"}),
                json!({"type": "response.output_text.annotation.added", "output_index": i, "annotation": found}),
            ]
        };
        (0..n).flat_map(piece).collect()
    }),
    ("blocks opened, filled, and closed in reverse", ANTHROPIC, |n| {
        let start = |i: usize| {
            json!({"type": "content_block_start", "index": i,
            "content_block": {"type": "tool_use", "id": format!("c{i}"), "name": "t", "input": {}}})
        };
        let piece = |i| {
            json!({"type": "content_block_delta", "index": i,
            "delta": {"type": "input_json_delta", "partial_json": "{}"}})
        };
        let stop = |i| json!({"type": "content_block_stop", "index": i});
        (0..n).map(start).chain((0..n).rev().map(piece)).chain((0..n).rev().map(stop)).collect()
    }),
    ("signed thoughts and cited words", ANTHROPIC, |n| {
        let delta = |i, delta: Value| json!({"type": "content_block_delta", "index": i, "delta": delta});
        let cited = json!({"url": "https://a.b", "cited_text": "x"});
        let block = |i| {
            [
                delta(i, json!({"type": "thinking_delta", "thinking": "x"})),
                delta(i, json!({"type": "signature_delta", "signature": "x"})),
                delta(i, json!({"type": "text_delta", "text": "x"})),
                delta(i, json!({"type": "citations_delta", "citation": cited})),
                json!({"type": "content_block_stop", "index": i}),
            ]
        };
        (0..n).flat_map(block).collect()
    }),
    ("parts of one chunk", GEMINI, |n| vec![gemini(&vec![json!({"text": "x"}); n], &json!(null))]),
    ("signed calls", GEMINI, |n| {
        let call = json!({"functionCall": {"name": "t", "args": {}}, "thoughtSignature": "c2ln"});
        vec![gemini(&[call], &json!(null)); n]
    }),
    ("sources, and what each supports", GEMINI, |n| {
        let source = json!({"web": {"uri": "https://a.b", "title": "t"}});
        let support = |i: usize| json!({"segment": {"text": "x"}, "groundingChunkIndices": [n - 1 - i]});
        let grounding = json!({"groundingChunks": vec![source; n],
            "groundingSupports": (0..n).map(support).collect::<Value>()});
        vec![gemini(&[json!({"text": "x"})], &grounding)]
    }),
];

#[test]
fn twice_the_answer_is_twice_the_work_wherever_it_is_cut() {
    for (what, from, events) in KINDS {
        for to in Protocol::ALL {
            for cut in [usize::MAX, 1] {
                assert_linear(&format!("{what}, {from:?} to {to:?}, cut at {cut}"), |size| {
                    let mut stream = String::new();
                    allocation_counter::opt_out(|| stream = written(*from, &events(size)));
                    stream_through(*from, &stream, to, cut);
                });
            }
        }
    }
}

#[test]
fn twice_the_whole_answer_is_twice_the_work() {
    for (what, from, events) in KINDS {
        for to in Protocol::ALL {
            assert_linear(&format!("{what}, {from:?} to {to:?}, whole"), |size| {
                let mut whole = Vec::new();
                allocation_counter::opt_out(|| whole = joined(*from, &written(*from, &events(size))));
                let response = decode_response(*from, &whole).expect("an answer");
                assert!(!encode_response(to, &response, &context()).expect("encoded").is_empty());
            });
        }
    }
}

#[test]
fn an_observer_reads_every_byte_once_wherever_an_answer_is_cut() {
    for (what, from, events) in KINDS {
        for observer in [Observer::events, Observer::object, |_| Observer::array()] {
            assert_linear(&format!("{what}, watched"), |size| {
                let mut stream = String::new();
                allocation_counter::opt_out(|| stream = written(*from, &events(size)));
                let mut observer = observer(*from);
                stream.as_bytes().chunks(1).for_each(|byte| observer.push(byte));
                observer.finish();
            });
        }
    }
}

fn stream_through(from: Protocol, stream: &str, to: Protocol, cut: usize) {
    let (mut decoder, mut encoder) = (StreamDecoder::new(from), StreamEncoder::new(to, context()));
    let (mut events, mut out) = (Vec::new(), BytesMut::new());
    let mut has_finished = false;
    let mut write = |events: &mut Vec<Event>| {
        for event in events.drain(..) {
            has_finished |= matches!(event, Event::Finished(_));
            encoder.push(&event, &mut out);
            out.clear();
        }
    };
    for piece in stream.as_bytes().chunks(cut.min(stream.len())) {
        decoder.push(piece, &mut events);
        write(&mut events);
    }
    decoder.finish(&mut events);
    write(&mut events);
    assert!(has_finished, "{from:?}: the answer is whole");
}

/// The same answer whole, in the same protocol.
fn joined(from: Protocol, stream: &str) -> Vec<u8> {
    let (mut decoder, mut events) = (StreamDecoder::new(from), Vec::new());
    decoder.push(stream.as_bytes(), &mut events);
    decoder.finish(&mut events);
    let mut collector = Collector::default();
    for event in events {
        collector.push(event);
    }
    let mut response = collector.finish().expect("whole");
    for part in &mut response.parts {
        if let Part::ToolUse(call) = part {
            "{}".clone_into(&mut call.arguments);
        }
    }
    encode_response(from, &response, &context()).expect("encoded").to_vec()
}

fn context() -> ResponseContext {
    ResponseContext::new("id", 1, "m")
}

/// The events between those that their protocol starts and ends with.
fn written(from: Protocol, events: &[Value]) -> String {
    let (first, last) = match from {
        CHAT => (json!({"choices": []}), json!({"choices": [{"finish_reason": "stop"}]})),
        RESPONSES => (
            json!({"type": "response.created", "response": {}}),
            json!({"type": "response.completed", "response": {"status": "completed"}}),
        ),
        ANTHROPIC => (json!({"type": "message_start", "message": {}}), json!({"type": "message_stop"})),
        GEMINI => (json!({}), json!({"candidates": [{"finishReason": "STOP"}]})),
    };
    let events = std::iter::once(&first).chain(events).chain([&last]);
    let events: Vec<String> = events.map(|event| format!("data: {event}\r\n\r\n")).collect();
    events.concat()
}

fn chat(delta: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn chat_call(index: usize) -> Value {
    chat(&json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": "t"}}]}))
}

/// A piece of arguments that is a whole JSON object if it comes once.
fn chat_piece(index: usize) -> Value {
    chat(&json!({"tool_calls": [{"index": index, "function": {"arguments": "{}"}}]}))
}

fn gemini(parts: &[Value], grounding: &Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts}, "groundingMetadata": grounding}]})
}
