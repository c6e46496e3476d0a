//! What is said, in which form, how it ends, and what is refused.

use super::*;

#[test]
fn every_protocol_says_demo_and_quotes_the_user() {
    for operation in in_one_body().chain([Operation::Completions]) {
        for message in ["good morning", "おはようございます", "早上好，今天天气怎么样"] {
            let said = text(operation, &whole(operation, &asks(operation, message, &json!({}))));
            assert!(said.contains("portcullis") && said.contains(message), "{operation:?}: {said}");
        }
    }
}

#[test]
fn a_request_gets_the_same_bytes_every_time_and_another_gets_another_id() {
    for operation in CONVERSATIONS {
        let one = asks(operation, "one", &json!({}));
        assert_eq!(call(operation, &one), call(operation, &one));
    }
    let id = |message| {
        let operation = Operation::ChatCompletions;
        whole(operation, &asks(operation, message, &json!({})))["id"].clone()
    };
    assert_ne!(id("one"), id("two"));
}

#[test]
fn the_last_words_of_the_user_are_found_wherever_they_stand() {
    let reminder = "<system-reminder>not this</system-reminder>";
    for (operation, body) in [
        (
            Operation::ChatCompletions,
            json!({"messages": [{"role": "user", "content": "not this"}, {"role": "assistant", "content": "nor this"},
                                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}},
                                                             {"type": "text", "text": "this"}]},
                                {"role": "system", "content": "late"}]}),
        ),
        (
            Operation::Responses,
            json!({"input": [{"role": "developer", "content": "not this"},
                             {"id": "msg_1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "this"}]},
                             {"type": "item_reference", "id": "msg_2"}]}),
        ),
        (
            Operation::Messages,
            json!({"max_tokens": 999, "system": [{"type": "text", "text": "not this"}], "messages": [
                {"role": "user", "content": [{"type": "text", "text": "this"}, {"type": "text", "text": reminder}]},
                {"role": "system", "content": "not this"}]}),
        ),
        (
            Operation::GenerateContent,
            json!({"system_instruction": {"parts": [{"text": "not this"}]}, "contents": [
                {"parts": [{"text": "this"}]}, {"role": "model", "parts": [{"text": "nor this"}]}]}),
        ),
        (Operation::GenerateContent, json!({"contents": {"parts": {"text": "this"}}})),
        (Operation::Completions, json!({"prompt": ["not this", "this"]})),
    ] {
        let said = text(operation, &whole(operation, &body));
        assert!(said.contains("\"this\""), "{operation:?}: {said}");
    }
}

#[test]
fn json_is_answered_where_json_is_asked_for() {
    let expected = json!({"city": "demo"});
    for (operation, more) in [
        (
            Operation::ChatCompletions,
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema()}}}),
        ),
        (
            Operation::Responses,
            json!({"text": {"format": {"type": "json_schema", "name": "a", "schema": schema()}}}),
        ),
        (
            Operation::Messages,
            json!({"output_config": {"format": {"type": "json_schema", "schema": schema()}}}),
        ),
        (
            Operation::GenerateContent,
            json!({"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema()}}),
        ),
        (
            Operation::GenerateContent,
            json!({"generation_config": {"response_mime_type": "application/json",
                   "response_schema": {"type": 6, "required": ["city"], "properties": {"city": {"type": 1}}}}}),
        ),
    ] {
        let said = text(operation, &whole(operation, &asks(operation, "hello", &more)));
        assert_eq!(
            serde_json::from_str::<Value>(&said).ok().as_ref(),
            Some(&expected),
            "{operation:?}: {said}"
        );
    }
    for (operation, more) in [
        (Operation::ChatCompletions, json!({"response_format": {"type": "json_object"}})),
        (Operation::Responses, json!({"text": {"format": {"type": "json_object"}}})),
        (Operation::GenerateContent, json!({"generationConfig": {"responseMimeType": "application/json"}})),
    ] {
        let said = text(operation, &whole(operation, &asks(operation, "hello", &more)));
        let object: Value = serde_json::from_str(&said).expect("JSON");
        assert!(object["message"].as_str().is_some_and(|message| message.contains("portcullis")), "{said}");
    }
}

#[test]
fn limits_and_stop_sequences_end_the_text_and_say_so() {
    for (operation, more, said, pointer, reason) in [
        (
            Operation::ChatCompletions,
            json!({"max_tokens": 2}),
            "This is ",
            "/choices/0/finish_reason",
            "length",
        ),
        (
            Operation::ChatCompletions,
            json!({"max_tokens": 9, "max_completion_tokens": 1}),
            "This",
            "/choices/0/finish_reason",
            "length",
        ),
        (Operation::ChatCompletions, json!({"stop": "is"}), "Th", "/choices/0/finish_reason", "stop"),
        (
            Operation::ChatCompletions,
            json!({"stop": ["demo", "the"], "max_tokens": 1}),
            "This",
            "/choices/0/finish_reason",
            "length",
        ),
        (Operation::Completions, json!({"max_tokens": 1}), "This", "/choices/0/finish_reason", "length"),
        (
            Operation::Responses,
            json!({"max_output_tokens": 2}),
            "This is ",
            "/incomplete_details/reason",
            "max_output_tokens",
        ),
        (Operation::Messages, json!({"max_tokens": 2}), "This is ", "/stop_reason", "max_tokens"),
        (
            Operation::Messages,
            json!({"stop_sequences": ["portcullis", "demo"]}),
            "This is the ",
            "/stop_sequence",
            "demo",
        ),
        (
            Operation::GenerateContent,
            json!({"generationConfig": {"maxOutputTokens": 2}}),
            "This is ",
            "/candidates/0/finishReason",
            "MAX_TOKENS",
        ),
        (
            Operation::GenerateContent,
            json!({"generation_config": {"max_output_tokens": 2.0}}),
            "This is ",
            "/candidates/0/finishReason",
            "MAX_TOKENS",
        ),
        (
            Operation::GenerateContent,
            json!({"generationConfig": {"stopSequences": ["is"]}}),
            "Th",
            "/candidates/0/finishReason",
            "STOP",
        ),
    ] {
        let answer = whole(operation, &asks(operation, "hello", &more));
        assert_eq!(text(operation, &answer), said, "{operation:?}, {more}");
        assert_eq!(answer.pointer(pointer).and_then(Value::as_str), Some(reason), "{operation:?}, {more}");
    }
}

#[test]
fn a_limit_ends_between_characters() {
    let body = asks(Operation::Messages, "こんにちは", &json!({"max_tokens": 1}));
    assert_eq!(text(Operation::Messages, &whole(Operation::Messages, &body)), "こ");
}

#[test]
fn several_answers_are_given_where_several_are_asked_for() {
    let count = |operation, more, pointer| {
        let answer = whole(operation, &asks(operation, "hello", &more));
        answer.pointer(pointer).and_then(Value::as_array).map(Vec::len)
    };
    assert_eq!(count(Operation::ChatCompletions, json!({"n": 3}), "/choices"), Some(3));
    assert_eq!(count(Operation::ChatCompletions, json!({"n": 1_000_000}), "/choices"), Some(8));
    assert_eq!(
        count(Operation::GenerateContent, json!({"generationConfig": {"candidateCount": 2}}), "/candidates"),
        Some(2)
    );
}

#[test]
fn what_is_not_valid_is_refused_in_the_vendors_shape_and_names_the_field() {
    use Operation as O;
    let user = json!([{"role": "user", "content": "x"}]);
    for (operation, body, field) in [
        (O::ChatCompletions, json!([]), "body"),
        (O::ChatCompletions, json!({}), "messages"),
        (O::ChatCompletions, json!({"messages": "hello"}), "messages"),
        (O::ChatCompletions, json!({"messages": []}), "messages"),
        (O::ChatCompletions, json!({"messages": ["hello"]}), "messages[0].role"),
        (O::ChatCompletions, json!({"messages": user, "max_tokens": -1}), "max_tokens"),
        (O::ChatCompletions, json!({"messages": user, "n": "many"}), "n"),
        (O::Completions, json!({}), "prompt"),
        (O::Responses, json!({}), "input"),
        (O::Responses, json!({"input": 1}), "input"),
        (O::Responses, json!({"input": [1]}), "input[0]"),
        (O::Messages, json!({"messages": user}), "max_tokens"),
        (O::Messages, json!({"max_tokens": 1}), "messages"),
        (O::Messages, json!({"max_tokens": 1, "messages": [{"role": "tool"}]}), "messages.0.role"),
        (O::Messages, json!({"max_tokens": 1, "messages": [{"role": "user"}]}), "messages.0.content"),
        (O::CountTokens, json!({}), "messages"),
        (O::GenerateContent, json!({}), "contents"),
        (O::GenerateContent, json!({"contents": [{"role": "user"}]}), "contents[0].parts"),
        (O::StreamGenerateContent { sse: true }, json!({"contents": 1}), "contents"),
        (O::GeminiCountTokens, json!({}), "contents"),
        (O::EmbedContent, json!({}), "content.parts"),
        (O::BatchEmbedContents, json!({"requests": [{}]}), "requests[0].content.parts"),
        (O::Embeddings, json!({}), "input"),
        (O::Embeddings, json!({"input": [true]}), "input[0]"),
        (O::Embeddings, json!({"input": "x", "dimensions": 0}), "dimensions"),
        (O::Images, json!({}), "prompt"),
        (O::Audio, json!({}), "file"),
    ] {
        let answer = call(operation, &body);
        assert_eq!(
            (answer.status, answer.frames.len()),
            (StatusCode::BAD_REQUEST, 1),
            "{operation:?}, {body}"
        );
        let error: Value = serde_json::from_slice(&answer.frames[0]).expect("a JSON error");
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(&format!("{field}: ")), "{operation:?}, {body}: {message}");
        match operation.family() {
            Family::OpenAi => assert_eq!(error["error"]["param"], field),
            Family::Anthropic => assert_eq!(error["error"]["type"], "invalid_request_error"),
            Family::Gemini => assert_eq!(error["error"]["status"], "INVALID_ARGUMENT"),
        }
    }
    assert_eq!(answer(&O::Messages, "demo", b"\xff{", CREATED).status, StatusCode::BAD_REQUEST);
}

#[test]
fn tokens_are_counted_without_an_answer() {
    let long = "x".repeat(4000);
    let near_a_thousand = |count: &Value| (1000..1050).contains(&count.as_u64().unwrap_or_default());
    let count = whole(Operation::CountTokens, &json!({"messages": [{"role": "user", "content": long}]}));
    assert!(near_a_thousand(&count["input_tokens"]), "{count}");
    let contents = json!({"contents": [{"parts": [{"text": long}, {"inlineData": {"data": long}}]}]});
    for body in [contents.clone(), json!({"generateContentRequest": contents})] {
        let count = whole(Operation::GeminiCountTokens, &body);
        assert!(near_a_thousand(&count["totalTokens"]), "{count}");
    }
}

#[test]
fn the_listed_models_have_no_duplicates() {
    let mut names = models().to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), models().len());
    assert!(names.contains(&"demo"));
}
