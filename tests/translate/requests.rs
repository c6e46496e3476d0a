//! Clients' requests, as each upstream reads them.

use portcullis::chat::Request;
use portcullis::protocol::openai_responses::reference::{AnswerStore, Json};
use portcullis::protocol::{
    Limits, Protocol, RequestTarget, decode_request, decode_responses_request, encode_request,
};

use super::support::{ANTHROPIC, CHAT, GEMINI, RESPONSES, compare, pretty, read, word};

/// A model of each protocol, for cases that name no other.
const fn usual_model(to: Protocol) -> &'static str {
    match to {
        Protocol::OpenAiChat | Protocol::OpenAiResponses => "gpt-5.1",
        Protocol::Anthropic => "claude-sonnet-4-5",
        Protocol::Gemini => "gemini-3-flash",
    }
}

fn check(from: Protocol, case: &str, targets: &[Protocol]) {
    for to in targets {
        check_model(from, case, *to, usual_model(*to), word(*to));
    }
}

fn check_model(from: Protocol, case: &str, to: Protocol, model: &str, name: &str) {
    let body = read(from, "requests", &format!("{case}.json"));
    let mut request = decode(from, &body, case);
    model.clone_into(&mut request.model);
    let text = match encode_request(to, &request) {
        Ok(encoded) => format!("dropped: {}\n{}", encoded.dropped, pretty(&encoded.body)),
        Err(refused) => format!("refused: {refused}"),
    };
    compare(from, "requests", case, name, &text);
}

fn decode(from: Protocol, body: &[u8], case: &str) -> Request {
    if from == RESPONSES {
        let (request, _) = decode_responses_request(body, &OneMessage, Limits::default()).expect(case);
        return request;
    }
    let target = RequestTarget { model: Some("asked-model"), stream: true };
    decode_request(from, body, &target).expect(case)
}

/// Holds the message that the case `vercel_item_reference` refers to.
struct OneMessage;

impl AnswerStore for OneMessage {
    fn item(&self, id: &str) -> Option<Json> {
        (id == "msg_1").then(|| r#"{"type":"message","role":"assistant","content":"earlier"}"#.into())
    }

    fn conversation(&self, _: &str) -> Option<Vec<Json>> {
        None
    }
}

#[test]
fn anthropic_clients_are_understood_everywhere() {
    for case in [
        "claude_code_turn",
        "parallel_results_out_of_order",
        "images_and_documents",
        "structured_output",
        "forced_tool_with_thinking",
        "foreign_thinking_returns",
        "server_tools_and_web_search",
        "truncated_and_odd",
        "file_id_is_refused",
    ] {
        check(ANTHROPIC, case, &[CHAT, RESPONSES, GEMINI]);
    }
}

#[test]
fn chat_clients_are_understood_everywhere() {
    for case in [
        "vercel_and_litellm_history",
        "tools_out_of_order",
        "images_audio_files",
        "sampling_and_json",
        "gemini_signature_returns",
        "only_a_system_message",
        "custom_tool",
        "audio",
        "unanswered_and_orphaned",
    ] {
        check(CHAT, case, &[RESPONSES, ANTHROPIC, GEMINI]);
    }
}

#[test]
fn responses_clients_are_understood_everywhere() {
    for case in [
        "codex_turn",
        "codex_namespaces",
        "vercel_item_reference",
        "anthropic_thinking_returns",
        "images_and_files",
        "plain_string",
    ] {
        check(RESPONSES, case, &[CHAT, ANTHROPIC, GEMINI]);
    }
}

#[test]
fn gemini_clients_are_understood_everywhere() {
    for case in [
        "gemini_cli_turn",
        "python_snake_and_url_safe",
        "legacy_integer_enums",
        "litellm_snake_case",
        "router_upper_case_schema",
        "google_search",
        "document_behind_a_url",
        "json_without_a_schema",
        "foreign_thinking_returns",
    ] {
        check(GEMINI, case, &[CHAT, RESPONSES, ANTHROPIC]);
    }
}

#[test]
fn older_models_get_only_what_they_take() {
    for (from, case, to, model) in [
        (ANTHROPIC, "claude_code_turn", GEMINI, "gemini-2.0-flash"),
        (ANTHROPIC, "claude_code_turn", GEMINI, "gemini-2.5-pro"),
        (ANTHROPIC, "claude_code_turn", CHAT, "gpt-4o"),
        (ANTHROPIC, "claude_code_turn", CHAT, "qwen3-coder"),
        (RESPONSES, "codex_turn", ANTHROPIC, "claude-sonnet-5"),
        (CHAT, "sampling_and_json", ANTHROPIC, "claude-sonnet-5"),
        (GEMINI, "gemini_cli_turn", ANTHROPIC, "claude-opus-4-6"),
    ] {
        check_model(from, case, to, model, &format!("{}-{model}", word(to)));
    }
}

#[test]
fn an_invalid_request_is_refused_with_the_wrong_field() {
    for (from, body, expected) in [
        (ANTHROPIC, r#"{"messages":[]}"#, "model: this field is required"),
        (ANTHROPIC, r#"{"model":"m"}"#, "messages: this field is required"),
        (ANTHROPIC, r#"{"model":"m","messages":{}}"#, "messages: must be a list"),
        (
            ANTHROPIC,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":1}}]}]}"#,
            "messages[0].content[0].source.media_type: this field is required",
        ),
        (
            ANTHROPIC,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"hologram"}]}]}"#,
            "messages[0].content[0].type: content of type `hologram` cannot be sent to another vendor's model",
        ),
        (
            ANTHROPIC,
            r#"{"model":"m","messages":[],"max_tokens":-1}"#,
            "max_tokens: must be a whole number that is not negative",
        ),
        (
            ANTHROPIC,
            r#"{"model":"m","messages":[],"tools":[{"input_schema":{}}]}"#,
            "tools[0].name: this field is required",
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[{"role":"robot"}]}"#,
            "messages[0].role: must be system, developer, user, assistant or tool",
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
            "messages[0].content[0].image_url.url: this field is required",
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"x","function":{}}]}]}"#,
            "messages[0].tool_calls[0].function.name: this field is required",
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[],"tool_choice":"maybe"}"#,
            "tool_choice: must be auto, none, required or a tool",
        ),
        (
            RESPONSES,
            r#"{"model":"m","input":[],"previous_response_id":"r"}"#,
            "previous_response_id: \"r\" is not known here, or not any more: send the whole history as `input`. \
             Answers of other accounts are kept in memory only, within limits, and not as a whole where `store` \
             is false",
        ),
        (
            RESPONSES,
            r#"{"model":"m","input":[],"conversation":"c"}"#,
            "conversation: a conversation that OpenAI stores cannot be read here; send the whole input instead",
        ),
        (
            RESPONSES,
            r#"{"model":"m","input":[{"type":"function_call","name":"x"}]}"#,
            "input[0].call_id: this field is required",
        ),
        (GEMINI, r"{}", "contents: this field is required"),
        (
            GEMINI,
            r#"{"contents":[{"parts":[{"functionCall":{"args":{}}}]}]}"#,
            "contents[0].parts[0].functionCall.name: this field is required",
        ),
        (
            GEMINI,
            r#"{"contents":[],"cachedContent":"cachedContents/1"}"#,
            "cachedContent: a cache at Google cannot be read elsewhere; send the contents instead",
        ),
        (
            GEMINI,
            r#"{"contents":[],"generationConfig":{"responseModalities":["IMAGE"]}}"#,
            "generationConfig.responseModalities: another vendor's model can answer in TEXT only",
        ),
    ] {
        let target = RequestTarget { model: Some("m"), stream: false };
        let error = decode_request(from, body.as_bytes(), &target).expect_err(body);
        assert_eq!(error.message, expected);
        assert_eq!(error.kind.status().as_u16(), 400);
    }
}
