//! Tools that the upstream is sent under other names or in another form, and the way of their
//! calls back to the client.

use portcullis::chat::Event;
use portcullis::protocol::{
    Protocol, RequestTarget, ResponseContext, decode_request, decode_response, encode_request,
    encode_response,
};
use serde_json::{Value, json};

use super::support::{ANTHROPIC, CHAT, GEMINI, RESPONSES, decode_stream, encode_stream};

/// The context for the answer to a client's request.
fn context(from: Protocol, to: Protocol, body: &Value) -> ResponseContext {
    let target = RequestTarget { model: Some("m"), stream: true };
    let request = decode_request(from, body.to_string().as_bytes(), &target).expect("valid");
    let encoded = encode_request(to, &request).expect("encodable");
    ResponseContext::new("req-1", 1, "m").of_request(&request, encoded.tool_names)
}

fn gemini_answer(name: &str, args: &Value) -> Value {
    json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": name, "args": args}}]},
                           "finishReason": "STOP"}]})
}

fn gemini_events(name: &str, args: &Value) -> Vec<Event> {
    decode_stream(GEMINI, [format!("data: {}\n\n", gemini_answer(name, args)).as_bytes()])
}

#[test]
fn a_tool_of_free_text_is_called_with_free_text() {
    let codex = json!({"model": "m", "input": "go", "tools": [{"type": "custom", "name": "apply_patch"}]});
    let context_of_codex = context(RESPONSES, GEMINI, &codex);
    let args = json!({"input": "*** Begin\n\"quoted\""});
    let whole = decode_response(GEMINI, gemini_answer("apply_patch", &args).to_string().as_bytes());
    let whole = encode_response(RESPONSES, &whole.expect("an answer"), &context_of_codex).expect("an answer");
    let whole: Value = serde_json::from_slice(&whole).expect("JSON");
    assert_eq!(whole["output"][0]["type"], "custom_tool_call");
    assert_eq!(whole["output"][0]["input"], args["input"]);

    let stream = encode_stream(RESPONSES, context_of_codex, &gemini_events("apply_patch", &args));
    assert!(!stream.contains("function_call"), "{stream}");
    let done = stream.lines().find(|line| line.contains("\"type\":\"response.output_item.done\""));
    let done: Value = serde_json::from_str(&done.expect("an item")["data: ".len()..]).expect("JSON");
    assert_eq!(done["item"]["input"], args["input"]);

    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "go"}],
                      "tools": [{"type": "custom", "custom": {"name": "apply_patch"}}]});
    let stream = encode_stream(CHAT, context(CHAT, GEMINI, &chat), &gemini_events("apply_patch", &args));
    assert!(stream.contains(r#""custom":{"input":"*** Begin\n\"quoted\""}"#), "{stream}");
}

#[test]
fn a_tool_in_a_namespace_is_called_by_both_its_names() {
    let tools = json!([
        {"type": "custom", "name": "exec"},
        {"type": "function", "name": "wait", "parameters": {"type": "object", "properties": {}}},
    ]);
    let space = json!([{"type": "namespace", "name": "functions", "description": "", "tools": tools}]);
    let item = json!({"type": "additional_tools", "role": "developer", "tools": space});
    let say = json!({"role": "user", "content": "go"});
    for codex in
        [json!({"model": "m", "input": [item, say]}), json!({"model": "m", "input": [say], "tools": space})]
    {
        for (sent, kind, name) in
            [("functions_exec", "custom_tool_call", "exec"), ("functions_wait", "function_call", "wait")]
        {
            let answer = gemini_answer(sent, &json!({"input": "1"})).to_string();
            let answer = decode_response(GEMINI, answer.as_bytes()).expect("an answer");
            let context = context(RESPONSES, GEMINI, &codex);
            let answer = encode_response(RESPONSES, &answer, &context).expect("an answer");
            let call = serde_json::from_slice::<Value>(&answer).expect("JSON")["output"][0].take();
            assert_eq!(
                (&call["type"], &call["namespace"], &call["name"]),
                (&json!(kind), &json!("functions"), &json!(name))
            );
        }
    }
}

#[test]
fn a_tool_is_called_by_the_name_its_client_gave_it() {
    let name = "mcp.files:read";
    let cli = json!({"contents": [{"parts": [{"text": "go"}]}],
                     "tools": [{"functionDeclarations": [{"name": name}]}]});
    for to in [CHAT, RESPONSES, ANTHROPIC] {
        let context = context(GEMINI, to, &cli);
        let sent = context.tool_names.sent(name).to_owned();
        assert_eq!(sent, "mcp_files_read", "{to:?}");
        let stream = encode_stream(GEMINI, context, &gemini_events(&sent, &json!({})));
        assert!(stream.contains(&format!("\"name\":\"{name}\"")) && !stream.contains(&sent), "{stream}");
    }
}

#[test]
fn made_up_ids_differ_between_calls_and_between_answers() {
    let two = json!({"candidates": [{"content": {"parts": [
        {"functionCall": {"name": "a"}}, {"functionCall": {"name": "a"}}]}, "finishReason": "STOP"}]});
    let events = decode_stream(GEMINI, [format!("data: {two}\n\n").as_bytes()]);
    let ids = |request_id: &str| -> Vec<String> {
        let stream = encode_stream(ANTHROPIC, ResponseContext::new(request_id, 1, "m"), &events);
        let marks = stream.split("\"id\":\"toolu_").skip(1);
        marks.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let mut all = [ids("req-1"), ids("req-2")].concat();
    assert_eq!(all.len(), 4);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn results_reach_their_calls_whatever_stands_between() {
    let codex = json!({"model": "m", "input": [
        {"role": "user", "content": "go"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"role": "developer", "content": "careful"},
        {"type": "function_call_output", "call_id": "b", "output": "B"},
        {"type": "function_call_output", "call_id": "a", "output": "A"},
    ]});
    let request =
        decode_request(RESPONSES, codex.to_string().as_bytes(), &RequestTarget::default()).expect("valid");
    let sent = |to: Protocol| -> Value {
        serde_json::from_slice(&encode_request(to, &request).expect("encodable").body).expect("JSON")
    };
    let roles: Vec<Value> =
        sent(CHAT)["messages"].as_array().expect("a list").iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "system"]);
    let anthropic = sent(ANTHROPIC);
    let kinds: Vec<&Value> =
        anthropic["messages"][2]["content"].as_array().expect("a list").iter().map(|b| &b["type"]).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
    let gemini = sent(GEMINI);
    let outputs: Vec<&Value> = gemini["contents"][2]["parts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|part| part.pointer("/functionResponse/response/output"))
        .collect();
    assert_eq!(outputs, ["A", "B"], "in the order of the calls");
}
