//! What must hold for any input: nothing panics, streams are well framed, and a request that
//! a protocol can express survives encoding and decoding in it.

use portcullis::chat::{
    Blob, Delta, Event, Image, Maker, OutputFormat, Part, PartStart, Reasoning, Request, Role, Signature,
    Source, Thinking, Tool, ToolChoice, ToolResult, ToolUse,
};
use portcullis::protocol::{
    Protocol, RequestTarget, StreamDecoder, decode_error, decode_request, decode_response, encode_request,
    encode_response,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{
    ANTHROPIC, CHAT, GEMINI, RESPONSES, cases, context, decode_stream, encode_stream, read,
};
use super::well_framed::assert_well_framed;

const TARGET: RequestTarget<'_> = RequestTarget { model: Some("m"), stream: false };

/// Panics unless the events keep the order and have an end.
fn assert_whole(events: &[Event]) {
    assert_well_framed(events);
    assert!(matches!(events.last(), Some(Event::Finished(_) | Event::Failed(_))), "no end");
}

/// A conversation that all four protocols can express.
fn plain_request(maker: Maker) -> Request {
    let mut request = Request::new(maker, "m");
    let call = ToolUse {
        id: "call_1".to_owned(),
        name: "read".to_owned(),
        arguments: r#"{"path":"a"}"#.to_owned(),
        freeform: false,
    };
    let result = ToolResult {
        tool_use_id: "call_1".to_owned(),
        name: if maker == Maker::Gemini { "read".to_owned() } else { String::new() },
        parts: vec![Part::text("contents")],
        ..ToolResult::default()
    };
    let blob = Blob { media_type: "image/png".to_owned(), base64: "aGk=".to_owned() };
    request.add(Role::System, vec![Part::text("Be brief.")]);
    request.add(
        Role::User,
        vec![
            Part::text("Look"),
            Part::Image(Image {
                source: Source::Inline(blob),
                detail: (maker == Maker::OpenAi).then(|| "auto".to_owned()),
            }),
        ],
    );
    request.add(Role::Assistant, vec![Part::text("I will read."), Part::ToolUse(call)]);
    request.add(Role::User, vec![Part::ToolResult(result)]);
    request.tools.push(Tool::Function {
        name: "read".to_owned(),
        description: Some("Reads.".to_owned()),
        schema: Some(json!({"type": "object", "properties": {"path": {"type": "string"}}})),
        strict: (maker == Maker::OpenAi).then_some(false),
        cache: None,
    });
    request.tool_choice = Some(ToolChoice::Named("read".to_owned()));
    request.sampling.max_output = Some(500);
    request.sampling.temperature = Some(0.5);
    request
}

#[test]
fn a_request_survives_encoding_and_decoding_in_one_protocol() {
    for (protocol, maker) in [
        (CHAT, Maker::OpenAi),
        (RESPONSES, Maker::OpenAi),
        (ANTHROPIC, Maker::Anthropic),
        (GEMINI, Maker::Gemini),
    ] {
        let mut sent = plain_request(maker);
        if protocol == GEMINI {
            // Gemini 3 requires a signature on every call. An unsigned call gets a stand-in, which is
            // read as no signature.
            sent.model = "gemini-2.5-flash".to_owned();
        }
        let encoded = encode_request(protocol, &sent).expect("encodable");
        assert_eq!(encoded.dropped.to_string(), "", "{protocol:?}");
        let target = RequestTarget { model: Some(&sent.model), stream: false };
        let mut read = decode_request(protocol, &encoded.body, &target).expect("valid");
        read.include_usage = sent.include_usage;
        read.unknown.clear();
        assert_eq!(read, sent, "{protocol:?}");
    }
}

#[test]
fn thoughts_return_to_their_maker_through_every_client() {
    let own = |maker: Maker| {
        Part::Thinking(Thinking { text: "hm".to_owned(), signature: Some(Signature::new(maker, "c2ln")) })
    };
    let call = Part::ToolUse(ToolUse {
        id: "call_1".to_owned(),
        name: "read".to_owned(),
        arguments: "{}".to_owned(),
        freeform: false,
    });
    for (maker, clients) in [
        (Maker::Gemini, &[ANTHROPIC, RESPONSES, CHAT][..]),
        (Maker::Anthropic, &[RESPONSES, GEMINI][..]),
        (Maker::OpenAi, &[ANTHROPIC, GEMINI][..]),
    ] {
        for client in clients {
            let response = portcullis::chat::Response {
                parts: vec![own(maker), call.clone()],
                finish: portcullis::chat::FinishReason::ToolUse,
                ..Default::default()
            };
            let answer = encode_response(*client, &response, &context()).expect("an answer");
            let history = history_of(*client, &serde_json::from_slice(&answer).expect("JSON"));
            let request = decode_request(*client, history.to_string().as_bytes(), &TARGET).expect("valid");
            let turn = request.turns.iter().find(|turn| turn.role == Role::Assistant).expect("a turn");
            assert_eq!(turn.parts, vec![own(maker), call.clone()], "{maker:?} through {client:?}");
        }
    }
}

/// The request with which a client continues after an answer.
fn history_of(client: Protocol, answer: &Value) -> Value {
    match client {
        Protocol::OpenAiChat => json!({"model": "m", "messages": [answer["choices"][0]["message"]]}),
        Protocol::OpenAiResponses => json!({"model": "m", "input": answer["output"]}),
        Protocol::Anthropic => {
            json!({"model": "m", "messages": [{"role": "assistant", "content": answer["content"]}]})
        }
        Protocol::Gemini => json!({"contents": [answer["candidates"][0]["content"]]}),
    }
}

#[test]
fn texts_and_calls_survive_a_stream_through_every_protocol() {
    for from in Protocol::ALL {
        for file in cases(from, "streams", "sse") {
            let bytes = read(from, "streams", &file);
            let events = decode_stream(from, [bytes.as_slice()]);
            assert_whole(&events);
            if !matches!(events.last(), Some(Event::Finished(_))) {
                continue;
            }
            for to in Protocol::ALL {
                let written = encode_stream(to, context(), &events);
                let again = decode_stream(to, [written.as_bytes()]);
                assert_whole(&again);
                let (first, second) = (content(&events), content(&again));
                assert_eq!(second, first, "{file} by way of {to:?}");
            }
        }
    }
}

/// The texts and calls of an answer, which no protocol may lose.
fn content(events: &[Event]) -> (String, Vec<(String, Value)>) {
    let (mut text, mut calls) = (String::new(), Vec::<(String, String)>::new());
    for event in events {
        match event {
            Event::Delta(Delta::Text(piece)) => text.push_str(piece),
            Event::PartStarted(PartStart::ToolUse { name, .. }) => calls.push((name.clone(), String::new())),
            Event::Delta(Delta::Arguments(piece)) => {
                calls.last_mut().expect("an open call").1.push_str(piece);
            }
            _ => {}
        }
    }
    // A call that a token limit cut off is lost where arguments must be an object.
    let read = |arguments: &str| match arguments {
        "" => Some(json!({})),
        arguments => serde_json::from_str(arguments).ok(),
    };
    (text, calls.into_iter().filter_map(|(name, arguments)| Some((name, read(&arguments)?))).collect())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(WORDS), inner), 0..8).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Words of the protocols, so that random JSON reaches deep into the decoders.
const WORDS: &[&str] = &[
    "model",
    "messages",
    "role",
    "user",
    "assistant",
    "system",
    "content",
    "type",
    "text",
    "image",
    "source",
    "tool_use",
    "tool_result",
    "id",
    "name",
    "input",
    "tools",
    "function",
    "function_call",
    "call_id",
    "output",
    "contents",
    "parts",
    "functionCall",
    "functionResponse",
    "args",
    "response",
    "inlineData",
    "data",
    "choices",
    "delta",
    "index",
    "tool_calls",
    "arguments",
    "finish_reason",
    "stop",
    "usage",
    "item",
    "message_start",
    "message",
    "content_block_start",
    "content_block",
    "content_block_delta",
    "text_delta",
    "message_stop",
    "response.output_item.added",
    "response.output_text.delta",
    "response.completed",
    "candidates",
    "finishReason",
    "STOP",
    "thought",
    "thoughtSignature",
    "generationConfig",
    "thinkingConfig",
    "parameters",
    "properties",
    "items",
    "$ref",
    "#",
    "anyOf",
    "tool_choice",
    "reasoning",
    "summary",
];

proptest! {
    #[test]
    fn random_json_never_makes_a_decoder_panic(value in any_json()) {
        let mut body = json!({"model": "m", "messages": [], "input": [], "contents": []});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, &value) {
            body.extend(more.clone());
        }
        for text in [value.to_string(), body.to_string()] {
            for from in Protocol::ALL {
                if let Ok(request) = decode_request(from, text.as_bytes(), &TARGET) {
                    for to in Protocol::ALL {
                        let _ = encode_request(to, &request);
                    }
                }
                if let Ok(response) = decode_response(from, text.as_bytes()) {
                    for to in Protocol::ALL {
                        let _ = encode_response(to, &response, &context());
                    }
                }
                let _ = decode_error(http::StatusCode::BAD_REQUEST, text.as_bytes());
            }
        }
    }

    #[test]
    fn random_events_never_make_a_malformed_stream(random in prop::collection::vec(any_json(), 0..12), cut in 1usize..9) {
        let events: Vec<String> = random.iter().map(|event| format!("data: {event}\n\n")).collect();
        let text = events.concat();
        for from in Protocol::ALL {
            let events = decode_stream(from, text.as_bytes().chunks(cut));
            assert_whole(&events);
            for to in Protocol::ALL {
                let _ = encode_stream(to, context(), &events);
            }
        }
    }

    #[test]
    fn random_bytes_never_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for from in Protocol::ALL {
            let _ = decode_request(from, &bytes, &TARGET);
            let _ = decode_response(from, &bytes);
            let mut events = Vec::new();
            let mut decoder = StreamDecoder::new(from);
            decoder.push(&bytes, &mut events);
            decoder.finish(&mut events);
            assert_whole(&events);
        }
    }

    #[test]
    fn recorded_events_in_any_order_stay_well_framed(order in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        for from in Protocol::ALL {
            let recorded: Vec<String> = cases(from, "streams", "sse")
                .iter()
                .flat_map(|file| {
                    let text = String::from_utf8_lossy(&read(from, "streams", file)).into_owned();
                    text.split("\n\n").map(|event| format!("{event}\n\n")).collect::<Vec<_>>()
                })
                .collect();
            let text: String = order.iter().map(|index| index.get(&recorded).as_str()).collect();
            assert_whole(&decode_stream(from, [text.as_bytes()]));
        }
    }
}

#[test]
fn schemas_formats_and_reasoning_survive_between_the_openai_protocols() {
    let mut request = plain_request(Maker::OpenAi);
    request.model = "gpt-5.1".to_owned();
    request.sampling.temperature = None;
    request.reasoning = Reasoning { effort: Some(portcullis::chat::Effort::High), ..Reasoning::default() };
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}},
                        "required": ["a"], "additionalProperties": false});
    request.output = OutputFormat::JsonSchema {
        name: Some("reply".to_owned()),
        description: None,
        schema,
        strict: Some(true),
    };
    for protocol in [CHAT, RESPONSES] {
        let encoded = encode_request(protocol, &request).expect("encodable");
        let read = decode_request(protocol, &encoded.body, &TARGET).expect("valid");
        assert_eq!(
            (read.output, read.reasoning),
            (request.output.clone(), request.reasoning),
            "{protocol:?}"
        );
    }
}
