//! Each row of the table "whose fault", in the words providers use.

use std::time::UNIX_EPOCH;

use http::{HeaderValue, header};
use proptest::prelude::*;

use super::words::LONGEST_REASON;
use super::*;

/// A verdict that stands on this sentence.
const fn says(sentence: &'static str) -> Fault {
    Fault::AccountBySentence(Sentence { text: sentence, means: Means::Dead })
}

const fn says_spent(sentence: &'static str) -> Fault {
    Fault::AccountBySentence(Sentence { text: sentence, means: Means::Spent { retry_after: None } })
}

fn read(provider: Provider, status: u16, body: &[u8]) -> Failure {
    let status = StatusCode::from_u16(status).expect("a status");
    classify_at(provider, status, &HeaderMap::new(), &ErrorReport::of_body(body), UNIX_EPOCH)
}

#[track_caller]
fn check(provider: Provider, status: u16, body: &str, fault: &Fault, reason: &str) {
    let found = read(provider, status, body.as_bytes());
    let told = (&found.fault, found.status, &*found.reason.to_string());
    assert_eq!(told, (fault, Some(status), reason), "{provider} {status} {body}");
}

fn openai(message: &str, kind: &str, code: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

fn anthropic(message: &str, kind: &str) -> String {
    serde_json::json!({"type": "error", "error": {"type": kind, "message": message}}).to_string()
}

fn google(code: u16, message: &str, status: &str, reason: &str) -> String {
    let details = serde_json::json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
    }]);
    serde_json::json!({"error": {"code": code, "message": message, "status": status, "details": details}})
        .to_string()
}

#[test]
fn a_dead_credential_is_the_accounts() {
    use Provider::{Anthropic, Gemini, OpenAi};
    let cases = [
        (
            OpenAi,
            401,
            openai(
                "Incorrect API key provided: sk-proj-abcdefghijkl.",
                "invalid_request_error",
                "invalid_api_key",
            ),
            "invalid key: Incorrect API key provided: ***",
        ),
        (
            Anthropic,
            401,
            anthropic("invalid x-api-key", "authentication_error"),
            "invalid key: invalid x-api-key",
        ),
        (
            Gemini,
            400,
            google(
                400,
                "API key not valid. Please pass a valid API key.",
                "INVALID_ARGUMENT",
                "API_KEY_INVALID",
            ),
            "invalid key: API key not valid. Please pass a valid API key.",
        ),
        (
            Gemini,
            400,
            google(400, "Bad key.", "INVALID_ARGUMENT", "API_KEY_INVALID"),
            "invalid key: Bad key.",
        ),
        (
            Gemini,
            403,
            google(403, "Your API key was reported as leaked. Please use another.", "PERMISSION_DENIED", "x"),
            "the key was reported as leaked: Your API key was reported as leaked. Please use another.",
        ),
        (
            Gemini,
            403,
            google(
                403,
                "Consumer 'api_key:AIzaSyA-0123_456789abcdef' has been suspended.",
                "PERMISSION_DENIED",
                "CONSUMER_SUSPENDED",
            ),
            "suspended key: Consumer 'api_key:***' has been suspended.",
        ),
        (
            Gemini,
            403,
            google(403, "Not used in this project before.", "PERMISSION_DENIED", "SERVICE_DISABLED"),
            "the API is not enabled for this project: Not used in this project before.",
        ),
        (
            Gemini,
            403,
            google(403, "Enable billing for the resource.", "PERMISSION_DENIED", "BILLING_DISABLED"),
            "billing is disabled: Enable billing for the resource.",
        ),
        (Anthropic, 403, anthropic("Access denied.", "permission_error"), "access denied: Access denied."),
        (OpenAi, 403, String::new(), "access denied"),
        (OpenAi, 401, "<html>".to_owned(), "invalid key"),
    ];
    for (provider, status, body, reason) in cases {
        check(provider, status, &body, &Fault::Account, reason);
    }
}

#[test]
fn an_account_that_can_pay_no_more_is_not_a_rate_limit() {
    use Provider::{OpenAi, OpenAiCompatible, Zai};
    let spent = Fault::Spent { retry_after: None };
    let cases = [
        (OpenAi, 429, openai("Quota.", "insufficient_quota", "insufficient_quota"), "no quota left: Quota."),
        (OpenAi, 429, openai("Limit.", "x", "billing_hard_limit_reached"), "billing limit reached: Limit."),
        (OpenAi, 400, openai("Limit.", "x", "billing_hard_limit_reached"), "billing limit reached: Limit."),
        (OpenAiCompatible, 429, openai("Pay.", "exceeded_current_quota_error", "x"), "no quota left: Pay."),
        (OpenAiCompatible, 402, r#"{"detail":"Top up."}"#.to_owned(), "payment required: Top up."),
        (Zai, 429, openai("In arrears.", "x", "1113"), "no credit left: In arrears."),
        (Zai, 429, r#"{"error":{"code":1113}}"#.to_owned(), "no credit left"),
    ];
    for (provider, status, body, reason) in cases {
        check(provider, status, &body, &spent, reason);
        let failure = read(provider, status, body.as_bytes());
        assert!(is_about_credit(&failure.reason), "{reason}");
    }
    let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("12"))]);
    let failure =
        classify_at(OpenAi, StatusCode::PAYMENT_REQUIRED, &headers, &ErrorReport::default(), UNIX_EPOCH);
    assert_eq!(failure.fault, Fault::Spent { retry_after: Some(Duration::from_secs(12)) });
}

#[test]
fn an_account_that_is_closed_is_dead_whatever_the_status() {
    use Provider::{OpenAi, Zai};
    let cases = [
        (OpenAi, 429, openai("Gone.", "x", "account_deactivated"), "account deactivated: Gone."),
        (OpenAi, 429, openai("Pay.", "billing_not_active", "x"), "billing is not active: Pay."),
        (OpenAi, 402, openai("Pay.", "billing_not_active", "x"), "billing is not active: Pay."),
        (Zai, 429, openai("Expired.", "x", "1309"), "the plan has expired: Expired."),
    ];
    for (provider, status, body, reason) in cases {
        check(provider, status, &body, &Fault::Account, reason);
        let failure = read(provider, status, body.as_bytes());
        assert!(!is_about_credit(&failure.reason), "{reason}");
    }
}

/// What providers say where nothing but the sentence tells.
fn sentences() -> Vec<(Provider, u16, &'static str, &'static str, &'static str)> {
    use Provider::{Anthropic, Gemini, OpenAi, OpenAiCompatible, Zai};
    let credit = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.";
    let scopes = "You have insufficient permissions for this operation. Missing scopes: model.request.";
    vec![
        (Gemini, 400, "API key expired. Please renew the API key.", "api key expired", "expired key"),
        (OpenAiCompatible, 400, "API key not valid.", "api key not valid", "invalid key"),
        (Anthropic, 400, credit, "your credit balance is too low", "no credit left"),
        (Zai, 400, credit, "your credit balance is too low", "no credit left"),
        (
            Anthropic,
            400,
            "This organization has been disabled.",
            "this organization has been disabled",
            "organization disabled",
        ),
        (OpenAi, 403, scopes, "you have insufficient permissions", "the key lacks permissions"),
    ]
}

#[test]
fn a_sentence_tells_where_nothing_else_does() {
    for (provider, status, message, sentence, reason) in sentences() {
        let body = google(status, message, "x", "x");
        let fault = if reason == "no credit left" { says_spent(sentence) } else { says(sentence) };
        for body in [body.clone(), format!("[{body}]"), message.to_owned(), anthropic(message, "x")] {
            check(provider, status, &body, &fault, &format!("{reason}: {message}"));
        }
    }
}

#[test]
fn no_words_of_a_request_are_a_verdict_on_the_account() {
    let labels = ["API_KEY_INVALID", "insufficient_quota", "1113", "billing_disabled"]
        .map(|label| format!("\"code\":\"{label}\",\"reason\":\"{label}\",\"type\":\"{label}\""));
    let hostile: Vec<String> =
        sentences().into_iter().map(|(.., message, _, _)| message.to_owned()).chain(labels).collect();
    for provider in Provider::ALL {
        for words in &hostile {
            for quoted in [
                format!("Invalid JSON payload received. Unknown name \"{words}\" at 'tools[0]'"),
                format!("messages.0: Input tag '{words}' found using 'type'"),
                format!("\"{words}\" is not known"),
                format!("'{words}"),
                format!("`{words}`: no such thing"),
                format!("“{words}” is unknown"),
                format!("\\\"{words}\\\" is unknown"),
                format!("tools.0.{words}: Extra inputs are not permitted"),
                format!("bad request: {words}"),
            ] {
                let body = google(400, &quoted, "INVALID_ARGUMENT", "x");
                let cut = &body[..body.len() - 30];
                let page = format!("<html>{quoted}</html>");
                for body in
                    [&body, cut, &format!("[{body}]"), &quoted, &page, &format!("{{\"error\":\"{quoted}")]
                {
                    let failure = read(provider, 400, body.as_bytes());
                    assert_eq!(failure.fault, Fault::Request, "{provider}: {body}");
                }
            }
        }
    }
}

#[test]
fn a_status_that_ends_no_request_is_no_answer() {
    for status in [100, 101, 199, 600, 999] {
        let failure = read(Provider::OpenAi, status, b"");
        assert_eq!(failure.fault, Fault::Unreachable, "{status}");
    }
}

#[test]
fn a_403_about_what_was_asked_for_is_the_requests() {
    use Provider::{Anthropic, Gemini, OpenAi, OpenAiCompatible};
    let cases = [
        (OpenAi, openai("Project `p` does not have access to model `gpt-5`", "x", "model_not_found")),
        (OpenAi, openai("Not supported", "request_forbidden", "unsupported_country_region_territory")),
        (OpenAi, openai("Country, region, or territory not supported", "request_forbidden", "x")),
        (Anthropic, anthropic("Your API key may not use the specified resource.", "permission_error")),
        (Gemini, google(403, "You do not have permission to access the File x.", "PERMISSION_DENIED", "x")),
        (Gemini, google(403, "No access to the cached content.", "PERMISSION_DENIED", "x")),
        (OpenAiCompatible, r#"{"error":"your input was flagged by moderation"}"#.to_owned()),
    ];
    for (provider, body) in cases {
        let failure = read(provider, 403, body.as_bytes());
        assert_eq!(failure.fault, Fault::Request, "{body}");
    }
}

#[test]
fn what_the_client_got_wrong_is_the_requests() {
    use Provider::{Anthropic, Gemini, OpenAi, OpenAiCompatible, Zai};
    let cases = [
        (
            Anthropic,
            400,
            anthropic("max_tokens: Field required", "invalid_request_error"),
            "max_tokens: Field required",
        ),
        (
            OpenAi,
            404,
            openai("The model `x` does not exist", "x", "model_not_found"),
            "The model `x` does not exist",
        ),
        (OpenAi, 413, String::new(), "answered 413 Payload Too Large"),
        (
            OpenAiCompatible,
            422,
            r#"{"detail":[{"loc":["body"]}]}"#.to_owned(),
            "answered 422 Unprocessable Entity",
        ),
        (
            Gemini,
            400,
            google(400, "User location is not supported.", "FAILED_PRECONDITION", "x"),
            "User location is not supported.",
        ),
        (OpenAi, 400, openai("API key not valid", "x", "x"), "API key not valid"),
        (OpenAi, 400, openai("credit balance is too low", "x", "x"), "credit balance is too low"),
        (OpenAi, 409, "busy".to_owned(), "busy"),
        (Zai, 400, openai("No such model.", "x", "1211"), "No such model."),
    ];
    for (provider, status, body, reason) in cases {
        check(provider, status, &body, &Fault::Request, reason);
    }
}

#[test]
fn a_rate_limit_is_per_model_where_the_provider_limits_so() {
    let cases = [
        (Provider::Gemini, true),
        (Provider::Anthropic, true),
        (Provider::OpenAi, true),
        (Provider::Zai, false),
        (Provider::OpenAiCompatible, false),
        (Provider::Demo, false),
    ];
    for (provider, per_model) in cases {
        let body = openai("Slow down. Please try again in 1.5s.", "rate_limit_error", "rate_limit_exceeded");
        let fault = Fault::RateLimited { retry_after: Some(Duration::from_millis(1_500)), per_model };
        check(provider, 429, &body, &fault, "Slow down. Please try again in 1.5s.");
        let without_hint = Fault::RateLimited { retry_after: None, per_model };
        check(provider, 429, "", &without_hint, "answered 429 Too Many Requests");
    }
}

#[test]
fn a_phrase_counts_only_with_its_status() {
    let body = google(429, "A key was leaked or suspended.", "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED");
    let failure = read(Provider::Gemini, 429, body.as_bytes());
    assert_eq!(failure.fault, Fault::RateLimited { retry_after: None, per_model: true });
}

#[test]
fn a_limit_the_user_set_ends_by_itself() {
    let message = "You have reached your specified API usage limits.";
    let body = anthropic(message, "invalid_request_error");
    let text = "you have reached your specified api usage limits";
    let fault = Fault::AccountBySentence(Sentence { text, means: Means::Limited { retry_after: None } });
    check(Provider::Anthropic, 400, &body, &fault, message);
}

#[test]
fn trouble_of_the_provider_backs_off_with_its_hint() {
    let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("12"))]);
    for status in [408, 500, 501, 502, 503, 504, 520, 529] {
        let status = StatusCode::from_u16(status).expect("a status");
        let report = ErrorReport::of_body(anthropic("Overloaded", "overloaded_error").as_bytes());
        let failure = classify_at(Provider::Anthropic, status, &headers, &report, UNIX_EPOCH);
        let fault = Fault::Overloaded { retry_after: Some(Duration::from_secs(12)) };
        assert_eq!(failure, Failure { fault, status: Some(status.as_u16()), reason: "Overloaded".into() });
    }
    let page = "<html><title>502 Bad Gateway</title></html>";
    check(Provider::OpenAi, 502, page, &Fault::Overloaded { retry_after: None }, "answered 502 Bad Gateway");
}

#[test]
fn redirects_and_web_pages_are_not_the_api() {
    for status in [301, 302, 307, 308] {
        let reason = "answered with a redirect; redirects are never followed";
        check(Provider::OpenAi, status, "<html>moved</html>", &Fault::Unreachable, reason);
    }
    let reason = "a web page answered instead of the API";
    check(Provider::OpenAi, 403, " <!DOCTYPE html><p>Blocked", &Fault::Unreachable, reason);
}

#[test]
fn a_body_cut_off_in_the_middle_still_speaks() {
    let body =
        google(400, "API key not valid. Please pass a \"valid\" one.", "INVALID_ARGUMENT", "API_KEY_INVALID");
    let end = body.find("one.").expect("the message");
    check(
        Provider::Gemini,
        400,
        &body[..end],
        &says("api key not valid"),
        "invalid key: API key not valid. Please pass a \"valid\"",
    );
    let body = r#"{"error":{"message":"Quota.","code":"insufficient_quota","par"#;
    check(Provider::OpenAi, 429, body, &Fault::Spent { retry_after: None }, "no quota left: Quota.");
}

#[test]
fn a_reason_is_one_short_visible_line() {
    let cases = [
        ("one\r\n two\t\tthree\u{0}", "one two three"),
        ("\u{1b}[31mred\u{202e}der\u{feff}", "[31mredder"),
        ("  \n ", "answered 400 Bad Request"),
        ("日本語 のエラー", "日本語 のエラー"),
    ];
    for (message, expected) in cases {
        check(Provider::OpenAi, 400, &openai(message, "x", "x"), &Fault::Request, expected);
    }
    let long = read(Provider::OpenAi, 401, openai(&"長い".repeat(1_000), "x", "x").as_bytes());
    let long = long.reason.to_string();
    assert_eq!(long.chars().count(), LONGEST_REASON);
    assert!(long.starts_with("invalid key: 長い") && long.ends_with('…'));
}

#[test]
fn deep_and_huge_bodies_are_survived() {
    let deep = "[".repeat(200_000);
    let huge = format!("{{\"error\":{{\"message\":\"{}", "x".repeat(10_000_000));
    for body in [deep, huge] {
        let failure = read(Provider::Gemini, 400, body.as_bytes());
        assert_eq!(failure.fault, Fault::Request);
    }
}

fn any_provider() -> impl Strategy<Value = Provider> {
    prop::sample::select(Provider::ALL.to_vec())
}

fn check_bounded(failure: &Failure) {
    let reason = failure.reason.to_string();
    assert!(!reason.is_empty());
    assert!(reason.chars().count() <= LONGEST_REASON, "{reason}");
    assert!(!reason.contains(char::is_control), "{reason:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_classified(provider in any_provider(), status in 100u16..1000, body in any::<Vec<u8>>()) {
        check_bounded(&read(provider, status, &body));
    }

    #[test]
    fn any_text_in_any_place_is_classified(
        provider in any_provider(),
        status in 100u16..600,
        text in "\\PC{0,400}|[\\x00-\\x7f]{0,50}",
        cut in any::<prop::sample::Index>(),
    ) {
        let body = google(status, &text, &text, &text);
        check_bounded(&read(provider, status, body.as_bytes()));
        check_bounded(&read(provider, status, &body.as_bytes()[..cut.index(body.len())]));
        check_bounded(&read(provider, status, text.as_bytes()));
    }
}
