//! Streams: which events, in which order, and that they add up to the whole answer.

use super::*;

#[test]
fn chat_streams_role_content_finish_usage_and_done() {
    let body = |more| asks(Operation::ChatCompletions, "hello", &more);
    let plain = body(json!({"stream": true}));
    let chunks = streamed(Operation::ChatCompletions, &plain);
    let choice = |chunk: &Value| chunk["choices"][0].clone();
    let joined: String = chunks
        .iter()
        .filter_map(|chunk| choice(chunk)["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        joined,
        text(Operation::ChatCompletions, &whole(Operation::ChatCompletions, &body(json!({}))))
    );
    assert_eq!(choice(&chunks[0])["delta"]["role"], "assistant");
    assert!(chunks.len() > 5);
    assert!(chunks.iter().all(|chunk| chunk["choices"].as_array().is_some_and(|choices| choices.len() == 1)));
    assert_eq!(choice(&chunks[chunks.len() - 1])["finish_reason"], "stop");
    let frames = frames(Operation::ChatCompletions, &plain, false);
    assert!(frames.last().expect("a frame").ends_with(b"data: [DONE]\n\n"));

    let chunks = streamed(
        Operation::ChatCompletions,
        &body(json!({"stream": true, "stream_options": {"include_usage": true}})),
    );
    let (last, others) = chunks.split_last().expect("chunks");
    assert_eq!(last["choices"], json!([]));
    assert!(last["usage"]["total_tokens"].as_u64() > Some(10));
    assert!(others.iter().all(|chunk| chunk["usage"].is_null()));
}

#[test]
fn completions_stream_their_text() {
    let body = asks(Operation::Completions, "once upon a time", &json!({"stream": true}));
    let chunks = streamed(Operation::Completions, &body);
    let joined: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    assert!(joined.contains("once upon a time"), "{joined}");
    assert_eq!(chunks[chunks.len() - 1]["choices"][0]["finish_reason"], "stop");
}

#[test]
fn responses_stream_numbered_events_in_the_order_of_the_sdk() {
    let kinds = |more| {
        let events = streamed(Operation::Responses, &asks(Operation::Responses, "the weather", &more));
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event["sequence_number"], json!(number));
        }
        let mut kinds: Vec<_> = events
            .iter()
            .filter_map(|event| event["type"].as_str()?.strip_prefix("response."))
            .map(str::to_owned)
            .collect();
        kinds.dedup();
        kinds
    };
    let text = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ];
    let complete = |last| text.into_iter().chain([last]).collect::<Vec<_>>();
    assert_eq!(kinds(json!({"stream": true})), complete("completed"));
    assert_eq!(kinds(json!({"stream": true, "max_output_tokens": 16})), complete("incomplete"));
    assert_eq!(
        kinds(json!({"stream": true, "tools": weather_tool(Operation::Responses)})),
        [
            "created",
            "in_progress",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "completed"
        ]
    );
}

#[test]
fn the_last_responses_event_holds_the_whole_answer() {
    let body = asks(Operation::Responses, "hello", &json!({"stream": true}));
    let events = streamed(Operation::Responses, &body);
    let response = &events[events.len() - 1]["response"];
    let joined: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(text(Operation::Responses, response), joined);
    assert_eq!(response, &whole(Operation::Responses, &body));
}

#[test]
fn messages_stream_one_block_between_start_and_stop() {
    let events = streamed(Operation::Messages, &asks(Operation::Messages, "hello", &json!({"stream": true})));
    let mut kinds: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert!(events[0]["message"]["usage"]["input_tokens"].as_u64() > Some(0));
    let last = &events[events.len() - 2];
    assert_eq!(last["delta"]["stop_reason"], "end_turn");
    assert!(last["usage"]["output_tokens"].as_u64() > Some(20));
}

#[test]
fn gemini_streams_whole_responses_as_events_or_as_one_array() {
    let body = asks(Operation::StreamGenerateContent, "hello", &json!({}));
    let events = streamed(Operation::StreamGenerateContent, &body);
    let array = frames(Operation::StreamGenerateContent, &body, true);
    assert!(array.len() > 5);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&array.concat()).expect("an array"), events);

    let (last, others) = events.split_last().expect("events");
    let candidate = |event: &Value| event["candidates"][0].clone();
    assert_eq!(candidate(last)["finishReason"], "STOP");
    assert!(last["usageMetadata"]["totalTokenCount"].is_u64());
    assert!(others.iter().all(|event| candidate(event)["finishReason"].is_null()));
}
