//! What a Responses client may refer to instead of sending it, where the upstream does not
//! speak Responses and portcullis keeps the answers.

use serde_json::{Value, json};

use super::family::Family;
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const PATH: &str = "/v1/responses";

/// A chat completion with reasoning, this text and a tool call.
fn whole(text: &str) -> Reply {
    let call = json!({"id": format!("call_{text}"), "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let message = json!({"role": "assistant", "content": text, "tool_calls": [call]});
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}),
    )
}

/// The same as a stream, cut after this many events.
fn stream(text: &str, events: usize) -> Reply {
    let call = json!([{"index": 0, "id": format!("call_{text}"), "type": "function",
                       "function": {"name": "look", "arguments": "{}"}}]);
    let deltas = [json!({"content": text}), json!({"tool_calls": call}), json!({})];
    let chunk = |(position, delta): (usize, &Value)| {
        let reason = if position == 2 { json!("tool_calls") } else { Value::Null };
        let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {chunk}\n\n")
    };
    let mut events: Vec<String> = deltas.iter().enumerate().map(chunk).take(events).collect();
    if events.len() == deltas.len() {
        events.push("data: [DONE]\n\n".to_owned());
    }
    Reply::sse(events.concat())
}

/// A proxy in front of a server that speaks chat completions, but not Responses.
async fn proxy(upstream: &FakeUpstream) -> TestProxy {
    TestProxy::with_upstream("openai-compatible", upstream).await
}

async fn ask(proxy: &TestProxy, body: Value) -> Answer {
    let mut body = body;
    body["model"] = json!("m");
    proxy.post(PATH, &body).await
}

/// The response of an answer, whole or at the end of its stream.
fn response(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    if answer.header("content-type") != Some("text/event-stream") {
        return answer.json();
    }
    let text = answer.text();
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("events");
    let last: Value = serde_json::from_str(last).expect("JSON");
    last["response"].clone()
}

/// The id of the first item of this kind that a stream completed.
fn streamed_item(answer: &Answer, kind: &str) -> String {
    let text = answer.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut events = events.map(|data| serde_json::from_str::<Value>(data).expect("JSON"));
    let done = events
        .find(|event| event["type"] == "response.output_item.done" && event["item"]["type"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {text}"));
    done["item"]["id"].as_str().expect("an id").to_owned()
}

fn id_of<'a>(response: &'a Value, kind: &str) -> &'a str {
    let items = response["output"].as_array().expect("items");
    let item = items.iter().find(|item| item["type"] == kind);
    item.unwrap_or_else(|| panic!("no {kind}: {response}"))["id"].as_str().expect("an id")
}

/// The last request to the upstream: roles and texts, calls by name.
fn sent(upstream: &FakeUpstream) -> Vec<String> {
    let sent = upstream.seen().last().expect("a request").json();
    let messages = sent["messages"].as_array().expect("messages").clone();
    let told = |message: &Value| {
        let call = message["tool_calls"][0]["id"].as_str().map(|id| format!(" +{id}")).unwrap_or_default();
        let content = message["content"].as_str().map(str::to_owned);
        let content = content.or_else(|| message["content"][0]["text"].as_str().map(str::to_owned));
        format!("{}: {}{call}", message["role"].as_str().unwrap_or_default(), content.unwrap_or_default())
    };
    messages.iter().map(told).collect()
}

fn output(call_id: &str, text: &str) -> Value {
    json!({"type": "function_call_output", "call_id": call_id, "output": text})
}

#[tokio::test]
async fn a_request_continues_from_an_answer_whole_or_streamed() {
    for streams in [false, true] {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = proxy(&upstream).await;
        let say = |text: &str| if streams { stream(text, 3) } else { whole(text) };
        upstream.now(say("one"));
        let first =
            ask(&proxy, json!({"input": "hello", "instructions": "be brief", "stream": streams})).await;
        let first = response(&first);
        upstream.now(say("two"));
        let second = json!({"previous_response_id": first["id"], "input": [output("call_one", "seen")],
                            "stream": streams});
        let second = response(&ask(&proxy, second).await);
        assert_eq!(
            sent(&upstream),
            ["user: hello", "assistant: one +call_one", "tool: seen"],
            "without the earlier instructions"
        );
        let third = json!({"previous_response_id": second["id"], "input": [output("call_two", "again")]});
        upstream.now(whole("three"));
        response(&ask(&proxy, third).await);
        let expected = [
            "user: hello",
            "assistant: one +call_one",
            "tool: seen",
            "assistant: two +call_two",
            "tool: again",
        ];
        assert_eq!(sent(&upstream), expected);
        // Another continuation of the first answer.
        let other = json!({"previous_response_id": first["id"], "input": [output("call_one", "other")]});
        response(&ask(&proxy, other).await);
        assert_eq!(sent(&upstream), ["user: hello", "assistant: one +call_one", "tool: other"]);
    }
}

#[tokio::test]
async fn an_item_replaces_its_reference_stored_or_not() {
    for store in [json!(null), json!(true), json!(false)] {
        let upstream = FakeUpstream::always(whole("one")).await;
        let proxy = proxy(&upstream).await;
        let first = response(&ask(&proxy, json!({"input": "hello", "store": store})).await);
        let history = json!([
            {"role": "user", "content": "hello"},
            {"type": "item_reference", "id": id_of(&first, "message")},
            {"id": id_of(&first, "function_call")},
            output("call_one", "seen"),
        ]);
        let second = ask(&proxy, json!({"input": history, "store": store})).await;
        assert_eq!(sent(&upstream), ["user: hello", "assistant: one +call_one", "tool: seen"], "{store}");
        let dropped = second.header("x-portcullis-dropped").unwrap_or_default();
        assert!(!dropped.contains("store") && !dropped.contains("item_reference"), "{store}: {dropped}");

        // The resolved input is kept whole.
        let second = response(&second);
        let third = json!({"previous_response_id": second["id"], "input": "and?"});
        let third = ask(&proxy, third).await;
        if store == false {
            let id = second["id"].as_str().expect("an id");
            Family::OpenAi.assert_error(&third, 400, &["previous_response_id", id, "`store`"]);
        } else {
            assert_eq!(sent(&upstream).len(), 5, "{:?}", sent(&upstream));
        }
    }
}

#[tokio::test]
async fn an_unknown_reference_is_refused_by_name_and_asks_for_the_whole_history() {
    let upstream = FakeUpstream::always(whole("one")).await;
    let proxy = proxy(&upstream).await;
    let first = response(&ask(&proxy, json!({"input": "hello"})).await);
    let item = id_of(&first, "message");
    for (body, words) in [
        (
            json!({"input": "x", "previous_response_id": "resp_gone"}),
            ["previous_response_id", "\"resp_gone\""],
        ),
        (json!({"input": "x", "previous_response_id": item}), ["previous_response_id", item]),
        (
            json!({"input": ["x", {"type": "item_reference", "id": "msg_gone"}]}),
            ["input[1].id", "\"msg_gone\""],
        ),
        (json!({"input": [{"type": "item_reference", "id": first["id"]}]}), ["input[0].id", "resp_"]),
    ] {
        let refused = ask(&proxy, body).await;
        Family::OpenAi.assert_error(&refused, 400, &[words[0], words[1], "send the whole history"]);
    }
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn the_complete_items_of_an_answer_that_broke_off_are_kept() {
    let upstream = FakeUpstream::always(stream("one", 2)).await;
    let proxy = proxy(&upstream).await;
    let broken = ask(&proxy, json!({"input": "hello", "stream": true})).await;
    assert!(broken.text().contains("response.failed"), "{}", broken.text());
    let id = streamed_item(&broken, "message");
    upstream.now(whole("two"));
    // The account cools after a broken answer; the next client must not wait for it.
    proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
    let history = json!([{"role": "user", "content": "hello"}, {"type": "item_reference", "id": id}]);
    response(&ask(&proxy, json!({"input": history})).await);
    assert_eq!(sent(&upstream), ["user: hello", "assistant: one"]);
}

#[tokio::test]
async fn an_upstream_that_speaks_responses_keeps_its_own_answers() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({"id": "resp_theirs"}))).await;
    let proxy = TestProxy::serve(&account("work", "openai", &upstream, "models = [\"m\"]")).await;
    let body = json!({"previous_response_id": "resp_theirs", "input": [{"type": "item_reference", "id": "msg_t"}],
                      "store": true, "model": "m"});
    assert_eq!(ask(&proxy, body.clone()).await.status, 200);
    assert_eq!(upstream.seen()[0].json(), body);
}
