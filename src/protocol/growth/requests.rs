//! Requests of every kind, into every protocol.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::assert_linear;
use crate::chat::{Maker, Request, Signature};
use crate::protocol::openai_responses::reference::{AnswerStore, Json};
use crate::protocol::{
    Limits, Operation, Protocol, RequestTarget, ResponseContext, decode_request, decode_responses_request,
    encode_request, side,
};

const CHAT: Protocol = Protocol::OpenAiChat;
const RESPONSES: Protocol = Protocol::OpenAiResponses;
const ANTHROPIC: Protocol = Protocol::Anthropic;
const GEMINI: Protocol = Protocol::Gemini;

/// The protocols and models to encode for. Google's older models take no references in schemas.
const TARGETS: [(Protocol, &str); 5] = [
    (CHAT, "gpt-4o"),
    (RESPONSES, "gpt-5.1"),
    (ANTHROPIC, "claude-opus-4-5"),
    (GEMINI, "gemini-3-pro-preview"),
    (GEMINI, "gemini-2.0-flash"),
];

/// What there are many of, the protocol, and the fields of a request with `n` of them.
type Kind = (&'static str, Protocol, fn(usize) -> Value);

const KINDS: &[Kind] = &[
    ("tools whose names become one", CHAT, |n| tools(n, |i| json!({"name": foreign(i)}))),
    ("tools whose names are cut to one", CHAT, |n| {
        tools(n, |i| json!({"name": format!("{}.{:03}{}", "x".repeat(58), i / 2, ["..", ",,"][i % 2])}))
    }),
    ("tools that take the names of others", CHAT, |n| {
        let name = |i| if i % 2 == 0 { foreign(i) } else { format!("_____{}", i / 2) };
        tools(n, |i| json!({"name": name(i)}))
    }),
    ("tools of one name", CHAT, |n| tools(n, |_| json!({"name": "a b"}))),
    ("strict tools", CHAT, |n| tools(n, |_| json!({"name": "t", "strict": true, "parameters": closed(3)}))),
    ("properties of a strict tool", CHAT, |n| {
        tools(1, |_| json!({"name": "t", "strict": true, "parameters": closed(n)}))
    }),
    ("properties of an answer", CHAT, |n| {
        let format = json!({"name": "a", "strict": true, "schema": closed(n)});
        json!({"messages": [], "response_format": {"type": "json_schema", "json_schema": format}})
    }),
    ("required fields that do not exist", CHAT, |n| {
        tools(1, |_| json!({"name": "t", "parameters": {"required": names(n), "properties": {"a": {}}}}))
    }),
    ("references to one definition", CHAT, |n| {
        let properties = object(n, |_| json!({"$ref": "#/$defs/a"}));
        tools(
            1,
            |_| json!({"name": "t", "parameters": {"properties": properties, "$defs": {"a": closed(3)}}}),
        )
    }),
    ("tools that hold themselves", CHAT, |n| {
        let itself = object(3, |_| json!({"$ref": "#"}));
        tools(n, |_| json!({"name": "t", "parameters": {"properties": itself}}))
    }),
    ("definitions that lead to each other", CHAT, |n| {
        let defs = object(n, |i| json!({"properties": {"next": {"$ref": format!("#/$defs/n{}", i + 1)}}}));
        tools(1, |_| json!({"name": "t", "parameters": {"$ref": "#/$defs/n0", "$defs": defs}}))
    }),
    ("alternatives", CHAT, |n| {
        let list: Vec<Value> = (0..n).map(|i| json!({"const": i.to_string()})).collect();
        tools(
            1,
            |_| json!({"name": "t", "parameters": {"properties": {"a": {"anyOf": list, "allOf": list}}}}),
        )
    }),
    ("values of an enum", CHAT, |n| {
        tools(1, |_| json!({"name": "t", "parameters": {"properties": {"a": {"enum": names(n)}}}}))
    }),
    ("unknown keywords", CHAT, |n| {
        tools(1, |_| json!({"name": "t", "parameters": {"properties": {"a": object(n, |i| json!(i))}}}))
    }),
    ("tools of which some are allowed", CHAT, |n| {
        let mut body = tools(n, |i| json!({"name": format!("n{i}")}));
        let allowed: Vec<Value> = names(n).into_iter().map(|name| json!({"name": name})).collect();
        body["tool_choice"] = json!({"type": "allowed_tools", "mode": "auto", "tools": allowed});
        body
    }),
    ("free text tools of which some are allowed", RESPONSES, |n| {
        let tool = |name: &String| json!({"type": "custom", "name": name});
        let tools: Vec<Value> = names(n).iter().map(tool).collect();
        json!({"input": [], "tools": tools, "tool_choice": {"type": "allowed_tools", "tools": tools}})
    }),
    ("tools that are offered again", RESPONSES, |n| {
        let tools: Vec<Value> =
            (0..n).map(|i| json!({"type": "function", "name": format!("n{}", i / 2)})).collect();
        json!({"input": [{"type": "additional_tools", "tools": tools}], "tools": tools})
    }),
    ("tools of namespaces", RESPONSES, |n| {
        let tool = |name: &String| json!({"type": "namespace", "name": name, "tools": [{"type": "function", "name": "t"}]});
        json!({"input": [], "tools": names(n).iter().map(tool).collect::<Value>()})
    }),
    ("calls and results in reverse", CHAT, |n| {
        let calls: Vec<Value> = (0..n).map(chat_call).collect();
        let results = (0..n).rev().map(|i| json!({"role": "tool", "tool_call_id": id(i), "content": "x"}));
        let call = json!({"role": "assistant", "tool_calls": calls});
        json!({"messages": std::iter::once(call).chain(results).collect::<Value>()})
    }),
    ("turns with a call and its result", CHAT, |n| {
        let turn = |i| {
            [
                json!({"role": "assistant", "tool_calls": [chat_call(i)]}),
                json!({"role": "user", "content": "meanwhile"}),
                json!({"role": "tool", "tool_call_id": id(i), "content": "x"}),
            ]
        };
        json!({"messages": (0..n).flat_map(turn).collect::<Value>()})
    }),
    ("results of one call", CHAT, |n| {
        let result = json!({"role": "tool", "tool_call_id": id(0), "content": "x"});
        let call = json!({"role": "assistant", "tool_calls": [chat_call(0)]});
        json!({"messages": std::iter::once(call).chain(vec![result; n]).collect::<Value>()})
    }),
    ("calls of tools whose names change", CHAT, |n| {
        let mut body = tools(n, |i| json!({"name": foreign(i)}));
        let calls: Vec<Value> = (0..n)
            .map(|i| json!({"id": id(i), "function": {"name": foreign(i), "arguments": "{}"}}))
            .collect();
        body["messages"] = json!([{"role": "assistant", "tool_calls": calls}]);
        body
    }),
    ("calls and results in reverse", ANTHROPIC, |n| {
        let calls: Value =
            (0..n).map(|i| json!({"type": "tool_use", "id": id(i), "name": "t", "input": {}})).collect();
        let results: Value = (0..n)
            .rev()
            .map(|i| json!({"type": "tool_result", "tool_use_id": id(i), "content": "x"}))
            .collect();
        json!({"messages": [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]})
    }),
    ("parts of a result", ANTHROPIC, |n| {
        let parts = vec![json!({"type": "text", "text": "x"}); n];
        let call = json!({"type": "tool_use", "id": "c", "name": "t", "input": object(n, |i| json!(i))});
        let result = json!({"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": parts});
        json!({"messages": [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]})
    }),
    ("blocks of every kind", ANTHROPIC, |n| {
        let block = |i| {
            [
                json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}),
                json!({"type": "thinking", "thinking": "x", "signature": "x"}),
                json!({"type": format!("unknown {i}")}),
            ]
        };
        let blocks: Value = (0..n).flat_map(block).collect();
        json!({"system": [{"type": "text", "text": "x"}], "messages": [{"role": "assistant", "content": blocks}]})
    }),
    ("system texts", ANTHROPIC, |n| {
        let text = json!({"type": "text", "text": "x"});
        json!({"system": vec![text; n], "messages": vec![json!({"role": "system", "content": "x"}); n]})
    }),
    ("calls without ids and results in reverse", GEMINI, |n| {
        let call = |i| json!({"functionCall": {"name": format!("n{i}"), "args": {}}});
        let result = |i| json!({"functionResponse": {"name": format!("n{i}"), "response": {}}});
        json!({"contents": [{"role": "model", "parts": (0..n).map(call).collect::<Value>()},
                            {"parts": (0..n).rev().map(result).collect::<Value>()}]})
    }),
    ("calls of one name, claimed by id and by name", GEMINI, |n| {
        let call = |i| json!({"functionCall": {"id": id(i), "name": "t", "args": {}}});
        let result = |i| match i % 2 {
            0 => json!({"functionResponse": {"id": id(i), "name": "t", "response": {"a": 1}}}),
            _ => json!({"functionResponse": {"name": "t", "response": {"a": 1}}}),
        };
        json!({"contents": [{"role": "model", "parts": (0..n).map(call).collect::<Value>()},
                            {"parts": (0..n).rev().map(result).collect::<Value>()}]})
    }),
    ("texts, as short as can be", GEMINI, |n| json!({"contents": vec!["x"; n]})),
    ("texts in one content", GEMINI, |n| json!({"contents": [{"parts": vec!["x"; n]}]})),
    (
        "pieces of a thought",
        GEMINI,
        |n| json!({"contents": [{"role": "model", "parts": vec![json!({"text": "x", "thought": true}); n]}]}),
    ),
    ("functions", GEMINI, |n| {
        let function =
            |name: &String| json!({"name": name, "parameters": {"type": "OBJECT", "nullable": true}});
        let functions: Value = names(n).iter().map(function).collect();
        let config = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": names(n)}});
        json!({"contents": "x", "tools": [{"functionDeclarations": functions}], "toolConfig": config})
    }),
    (
        "tools of Google's own",
        GEMINI,
        |n| json!({"contents": "x", "tools": (0..n).map(|i| json!({format!("tool{i}"): {}})).collect::<Value>()}),
    ),
    ("items of every kind", RESPONSES, |n| {
        let item = |i| {
            [
                json!({"role": "user", "content": [{"type": "input_text", "text": "x"}]}),
                json!({"type": "reasoning", "summary": [], "encrypted_content": "x"}),
                json!({"type": "custom_tool_call", "call_id": id(i), "name": "t", "input": "x"}),
                json!({"type": "custom_tool_call_output", "call_id": id(i), "output": "x"}),
                json!({"type": format!("unknown {i}")}),
            ]
        };
        json!({"input": (0..n).flat_map(item).collect::<Value>()})
    }),
    ("calls and results in reverse", RESPONSES, |n| {
        let call = |i| json!({"type": "custom_tool_call", "call_id": id(i), "name": "t", "input": "x"});
        let result = |i| json!({"type": "function_call_output", "call_id": id(i), "output": "x"});
        json!({"input": (0..n).map(call).chain((0..n).rev().map(result)).collect::<Value>()})
    }),
    ("messages", CHAT, |n| json!({"messages": vec![json!({"role": "user", "content": "x"}); n]})),
    ("unknown fields", CHAT, |n| {
        let mut body = object(n, |i| json!(i));
        body.insert("messages".to_owned(), json!([]));
        Value::Object(body)
    }),
    ("stop sequences", CHAT, |n| json!({"messages": [], "stop": names(n)})),
];

#[test]
fn twice_the_request_is_twice_the_work() {
    for (what, from, fields) in KINDS {
        for (to, model) in TARGETS {
            assert_linear(&format!("{what}, {from:?} to {to:?} ({model})"), |size| {
                let mut body = fields(size);
                body["model"] = json!("m");
                let body = allocation_free(|| body.to_string());
                translate(*from, body.as_bytes(), to, model);
            });
        }
    }
}

fn translate(from: Protocol, body: &[u8], to: Protocol, model: &str) {
    let target = RequestTarget { model: Some("m"), stream: false };
    let mut request = decode_request(from, body, &target).expect("valid");
    model.clone_into(&mut request.model);
    send(&mut request, to);
}

fn send(request: &mut Request, to: Protocol) {
    request.restore_signatures(|_| Some(Signature::new(Maker::Gemini, "c2ln")));
    let encoded = encode_request(to, request).expect("encodable");
    let context = ResponseContext::new("id", 1, "m").of_request(request, encoded.tool_names);
    for tool in &request.tools {
        assert!(tool.name().is_none_or(|name| !context.tool_names.sent(name).is_empty()));
    }
}

/// Runs `make` without counting its allocations: writing the test's input is not part of the work.
fn allocation_free<T>(make: impl FnOnce() -> T) -> T {
    let mut made = None;
    allocation_counter::opt_out(|| made = Some(make()));
    made.expect("made")
}

/// Holds every item, and conversations of as many items as the number in their id.
struct AnyAnswers;

impl AnswerStore for AnyAnswers {
    fn item(&self, _: &str) -> Option<Json> {
        Some(Arc::from(r#"{"role":"assistant","content":"x"}"#))
    }

    fn conversation(&self, response_id: &str) -> Option<Vec<Json>> {
        (0..response_id.parse().ok()?).map(|_| self.item("")).collect()
    }
}

#[test]
fn twice_the_references_are_twice_the_work() {
    for (to, model) in TARGETS {
        assert_linear(&format!("references to {to:?}"), |size| {
            let body = allocation_free(|| {
                let references = vec![json!({"type": "item_reference", "id": "i"}); size];
                json!({"model": model, "input": references, "previous_response_id": size.to_string()})
                    .to_string()
            });
            let read = decode_responses_request(body.as_bytes(), &AnyAnswers, Limits::default());
            let (mut request, added) = read.expect("valid");
            assert_eq!(added.input.len(), size);
            send(&mut request, to);
        });
    }
}

#[test]
fn twice_the_texts_to_embed_are_twice_the_work() {
    let gemini = |n| json!({"requests": vec![json!({"content": {"parts": [{"text": "x"}]}}); n]});
    let openai = |n| json!({"model": "m", "input": vec!["x"; n]});
    let parts = |n| json!({"content": {"parts": vec![json!({"text": "x"}); n]}});
    let kinds: [(Operation, &dyn Fn(usize) -> Value); 4] = [
        (Operation::BatchEmbedContents, &gemini),
        (Operation::Embeddings, &openai),
        (Operation::EmbedContent, &parts),
        (Operation::GenerateContent, &|n| json!({"contents": vec!["x"; n]})),
    ];
    for (operation, body) in kinds {
        for to in [CHAT, GEMINI] {
            assert_linear(&format!("{operation:?} to {to:?}"), |size| {
                let body = allocation_free(|| body(size).to_string());
                let request = side::decode_request(operation, body.as_bytes(), "m").expect("valid");
                side::encode_request(to, &request, "m", Limits::default())
                    .expect("encodable")
                    .expect("a call");
            });
        }
    }
}

fn tools(count: usize, function: impl Fn(usize) -> Value) -> Value {
    let tool = |i| json!({"type": "function", "function": function(i)});
    json!({"messages": [], "tools": (0..count).map(tool).collect::<Value>()})
}

/// A closed object of this many fields, all of them required.
fn closed(fields: usize) -> Value {
    json!({"type": "object", "additionalProperties": false, "required": names(fields),
           "properties": object(fields, |_| json!({"type": "string", "minLength": 1}))})
}

fn object(fields: usize, value: impl Fn(usize) -> Value) -> Map<String, Value> {
    (0..fields).map(|i| (format!("n{i}"), value(i))).collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("n{i}")).collect()
}

/// A name of four letters, which every protocol changes to the same one.
fn foreign(number: usize) -> String {
    let digit = |place: u32| u32::try_from(number >> (5 * place) & 31).expect("five bits");
    (0..4).map(|place| char::from_u32(0x4E00 + digit(place)).expect("a letter")).collect()
}

fn id(number: usize) -> String {
    format!("call_{number}")
}

fn chat_call(number: usize) -> Value {
    json!({"id": id(number), "function": {"name": "t", "arguments": "{}"}})
}
