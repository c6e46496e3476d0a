//! Tool calls: when there is one, with which arguments, and what follows its result.

use super::*;

/// The name and arguments of the call in a whole answer, if there is one.
fn tool_call(operation: Operation, answer: &Value) -> Option<(String, Value)> {
    let parsed = |arguments: &Value| serde_json::from_str(arguments.as_str()?).ok();
    let (name, arguments) = match operation {
        Operation::ChatCompletions => {
            let function = answer.pointer("/choices/0/message/tool_calls/0/function")?;
            (&function["name"], parsed(&function["arguments"])?)
        }
        Operation::Responses => {
            let call = answer.pointer("/output/0").filter(|item| item["type"] == "function_call")?;
            (&call["name"], parsed(&call["arguments"])?)
        }
        Operation::Messages => {
            let block = answer.pointer("/content/0").filter(|block| block["type"] == "tool_use")?;
            (&block["name"], block["input"].clone())
        }
        _ => {
            let call = answer.pointer("/candidates/0/content/parts/0/functionCall")?;
            (&call["name"], call["args"].clone())
        }
    };
    Some((name.as_str()?.to_owned(), arguments))
}

#[test]
fn a_tool_is_called_when_the_client_insists_or_the_user_talks_about_it() {
    let insists = |operation| match operation {
        Operation::Messages => json!({"tool_choice": {"type": "any"}}),
        Operation::GenerateContent => json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
        _ => json!({"tool_choice": "required"}),
    };
    let names = |operation| match operation {
        Operation::ChatCompletions => {
            json!({"tool_choice": {"type": "function", "function": {"name": "get_weather"}}})
        }
        Operation::Responses => json!({"tool_choice": {"type": "function", "name": "get_weather"}}),
        Operation::Messages => json!({"tool_choice": {"type": "tool", "name": "get_weather"}}),
        _ => {
            json!({"tool_config": {"function_calling_config": {"mode": 2, "allowed_function_names": ["get_weather"]}}})
        }
    };
    let forbids = |operation| match operation {
        Operation::Messages => json!({"tool_choice": {"type": "none"}}),
        Operation::GenerateContent => json!({"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}}),
        _ => json!({"tool_choice": "none"}),
    };
    let allows = |_| json!({});
    let expected = Some(("get_weather".to_owned(), json!({"city": "demo"})));
    for operation in CONVERSATIONS {
        for (message, choice, called) in [
            ("hello", insists(operation), true),
            ("hello", names(operation), true),
            ("how is the Weather?", allows(operation), true),
            ("use a tool", allows(operation), true),
            ("ツールを使って", allows(operation), true),
            ("get me a coffee", allows(operation), false),
            ("how is the weather?", forbids(operation), false),
        ] {
            let mut body = asks(operation, message, &choice);
            body["tools"] = weather_tool(operation);
            let answer = whole(operation, &body);
            assert_eq!(
                tool_call(operation, &answer),
                expected.clone().filter(|_| called),
                "{operation:?}, {message:?}, {choice}"
            );
        }
    }
}

#[test]
fn an_everyday_word_calls_no_tool_of_a_coding_agent() {
    let tool = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let names = ["Bash", "Edit", "Write", "Read", "Grep", "Glob", "Task", "WebFetch", "Skill"];
    let tools: Value = names.iter().map(|name| tool(name)).collect();
    for (message, called) in
        [("write a poem", None), ("use the write tool", Some("Write")), ("use some tool", Some("Bash"))]
    {
        let answer =
            whole(Operation::Messages, &asks(Operation::Messages, message, &json!({"tools": tools})));
        let name = tool_call(Operation::Messages, &answer).map(|(name, _)| name);
        assert_eq!(name.as_deref(), called, "{message}");
    }
}

#[test]
fn streamed_arguments_come_in_pieces_and_add_up() {
    let body = |operation| {
        asks(operation, "the weather", &json!({"stream": true, "tools": weather_tool(operation)}))
    };
    for (operation, pointer) in [
        (Operation::ChatCompletions, "/choices/0/delta/tool_calls/0/function/arguments"),
        (Operation::Responses, "/delta"),
        (Operation::Messages, "/delta/partial_json"),
    ] {
        let events = streamed(operation, &body(operation));
        let pieces: Vec<_> = events
            .iter()
            .filter_map(|event| event.pointer(pointer)?.as_str())
            .filter(|piece| !piece.is_empty())
            .collect();
        assert!(pieces.len() >= 2, "{operation:?}: {pieces:?}");
        let arguments: Value = serde_json::from_str(&pieces.concat()).expect("JSON arguments");
        assert_eq!(arguments, json!({"city": "demo"}), "{operation:?}");
    }
}

#[test]
fn a_tools_result_is_quoted_in_prose_even_when_a_call_is_required() {
    let result = "21 degrees";
    for (operation, body) in [
        (
            Operation::ChatCompletions,
            json!({"tool_choice": "required", "messages": [{"role": "user", "content": "weather"},
                {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "get_weather"}}]},
                {"role": "tool", "tool_call_id": "c", "content": result}]}),
        ),
        (
            Operation::Responses,
            json!({"input": [{"role": "user", "content": "weather"}, {"type": "function_call", "call_id": "c", "name": "get_weather"},
                             {"type": "function_call_output", "call_id": "c", "output": result}]}),
        ),
        (
            Operation::Messages,
            json!({"max_tokens": 999, "messages": [{"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": result}]},
                {"type": "text", "text": "weather"}]}]}),
        ),
        (
            Operation::GenerateContent,
            json!({"contents": [{"role": "function", "parts": [
                {"function_response": {"name": "get_weather", "response": {"result": result}}}]}]}),
        ),
    ] {
        let mut body = body;
        body["tools"] = weather_tool(operation);
        let said = text(operation, &whole(operation, &body));
        assert!(said.contains(result) && said.contains("tool"), "{operation:?}: {said}");
    }
}
