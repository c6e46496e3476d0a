//! The text of an answer, its form, its end, and what is refused.

use super::*;
use crate::protocol::ErrorKind;

#[test]
fn every_protocol_names_the_demo_and_quotes_the_user() {
    for operation in CONVERSATIONS.into_iter().chain([Operation::Completions]) {
        for message in ["good morning", "おはようございます", "早上好，今天天气怎么样"] {
            let said = text(operation, &whole(operation, &asks(operation, message, &json!({}))));
            assert!(said.contains("portcullis") && said.contains(message), "{operation:?}: {said}");
        }
    }
}

#[test]
fn a_request_gets_the_same_answer_every_time() {
    for operation in CONVERSATIONS {
        let body = asks(operation, "one", &json!({}));
        assert_eq!(whole(operation, &body), whole(operation, &body));
    }
}

#[test]
fn the_users_last_text_is_quoted_wherever_it_is() {
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
        (Operation::Completions, json!({"prompt": ["this"]})),
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
fn limits_and_stop_sequences_end_the_text_with_their_finish_reason() {
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
fn a_value_of_an_enum_is_answered_bare() {
    let config =
        json!({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["b", "a"]}});
    let body = asks(Operation::GenerateContent, "hello", &json!({"generationConfig": config}));
    assert_eq!(text(Operation::GenerateContent, &whole(Operation::GenerateContent, &body)), "b");
}

#[test]
fn a_conversation_without_content_is_refused_as_its_vendor_refuses_it() {
    for (operation, body) in [
        (Operation::ChatCompletions, json!({"messages": []})),
        (Operation::Responses, json!({"input": []})),
        (Operation::Messages, json!({"max_tokens": 1, "messages": []})),
        (Operation::GenerateContent, json!({"contents": []})),
        (Operation::GenerateContent, json!({"contents": [{"role": "user"}]})),
    ] {
        let error = answer(&decode(operation, &body).expect("valid"), "demo").expect_err("refused");
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{operation:?}, {body}");
        assert!(error.message.contains("at least one message"), "{operation:?}, {body}: {error}");
    }
    let wordless = asks(Operation::ChatCompletions, "", &json!({}));
    let said = text(Operation::ChatCompletions, &whole(Operation::ChatCompletions, &wordless));
    assert!(said.contains("no text to quote"), "{said}");
}

#[test]
fn more_dimensions_than_the_demo_makes_are_refused_by_their_name() {
    for (operation, body, field) in [
        (Operation::Embeddings, json!({"input": "x", "dimensions": 0}), "dimensions"),
        (Operation::Embeddings, json!({"input": "x", "dimensions": 4097}), "dimensions"),
        (
            Operation::EmbedContent,
            json!({"content": {"parts": [{"text": "x"}]}, "outputDimensionality": 5000}),
            "outputDimensionality",
        ),
    ] {
        let error = aside(operation, &body).expect_err("refused");
        assert_eq!(error.message, format!("{field}: must be 1 to 4096"));
    }
}

#[test]
fn tokens_are_counted_as_an_answer_counts_its_input() {
    let long = "x".repeat(4000);
    let near_a_thousand = |count: &Value| (1000..1050).contains(&count.as_u64().unwrap_or_default());
    let messages = json!({"model": "demo", "messages": [{"role": "user", "content": long}]});
    let count = aside(Operation::CountTokens, &messages).expect("a count");
    assert!(near_a_thousand(&count["input_tokens"]), "{count}");
    let answer = whole(Operation::Messages, &asks(Operation::Messages, &long, &json!({})));
    assert_eq!(answer["usage"]["input_tokens"], count["input_tokens"]);
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": long}});
    let contents = json!({"contents": [{"parts": [{"text": long}, picture]}]});
    for body in [contents.clone(), json!({"generateContentRequest": contents})] {
        let count = aside(Operation::GeminiCountTokens, &body).expect("a count");
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
