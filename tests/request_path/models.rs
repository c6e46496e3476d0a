//! Which model goes to which account, and the error when no account serves it.

use serde_json::json;

use super::family::{Family, JSON};
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=B");

#[tokio::test]
async fn a_model_that_no_account_serves_is_a_404_that_names_what_would_serve_it() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let listing = account("mine", "openai-compatible", &upstream, "models = [\"llama-*\"]");
    let proxy = TestProxy::serve(&(listing + &account("g", "gemini", &upstream, "enabled = false"))).await;
    let ask = async |family: Family, model: &str| -> Answer {
        let body = format!("{{\"model\":\"{model}\",\"messages\":[]}}");
        let path = match family {
            Family::Gemini => format!("/v1beta/models/{model}:generateContent"),
            _ => family.path().to_owned(),
        };
        proxy.send("POST", &path, &[JSON], &body).await
    };
    for family in Family::ALL {
        for (model, hint) in [
            ("gpt-5", "add an account of openai"),
            ("claude-x", "add an account of anthropic"),
            ("glm-4.7", "add an account of zai"),
            ("gemini-3-flash", "account g is switched off"),
            ("qwen", "name it in the models of the account"),
        ] {
            let answer = ask(family, model).await;
            family.assert_error(&answer, 404, &[model, hint, "llama-*", "[models]"]);
        }
    }
    let code = ask(Family::OpenAi, "gpt-5").await.json()["error"]["code"].clone();
    assert_eq!(code, "model_not_found");
    assert!(upstream.seen().is_empty());
}

/// Three accounts on two upstreams, and a map.
async fn mapped() -> (TestProxy, FakeUpstream, FakeUpstream) {
    let ok = Reply::json(200, &json!({}));
    let (first, second) = (FakeUpstream::always(ok.clone()).await, FakeUpstream::always(ok).await);
    let config = account("first", "openai", &first, "")
        + &account("second", "openai", &second, "models = [\"org/*\", \"tuned\", \"o3\", \"gpt-5\"]")
        + &account("third", "gemini", &second, "")
        + "[models]\n\"claude-*\" = \"gpt-wild\"\n\"claude-*-haiku\" = \"gpt-wilder\"\n\
           \"claude-exact\" = \"gpt-exact\"\n\"pinned\" = \"second/gpt-5\"\n\"vendor\" = \"openai/gpt-6\"\n\
           \"quoted\" = \"gpt-\\\"q\\\"\"\n\"gemini-old\" = \"gemini-3-flash\"\n\"gpt-chain\" = \"claude-exact\"\n";
    (TestProxy::serve(&config).await, first, second)
}

#[tokio::test]
async fn the_map_replaces_the_model_and_leaves_every_other_byte() {
    let (proxy, first, second) = mapped().await;
    let body = |model: &str| {
        format!(
            "{{ \"messages\":[{{\"model\":\"pinned\"}}],\t\"model\" :  {model}, \"n\":1.50,\"\\u006dodel2\":\"é\\ud83d\\ude00\" }}\n"
        )
    };
    for (asked, sent, upstream) in [
        ("\"claude-opus\"", "\"gpt-wild\"", &first),
        ("\"claude-4-haiku\"", "\"gpt-wilder\"", &first),
        ("\"claude-exact\"", "\"gpt-exact\"", &first),
        ("\"cla\\u0075de-exact\"", "\"gpt-exact\"", &first),
        ("\"pinned\"", "\"gpt-5\"", &second),
        ("\"quoted\"", "\"gpt-\\\"q\\\"\"", &first),
        ("\"second/o3\"", "\"o3\"", &second),
        ("\"first/o3\"", "\"o3\"", &first),
        ("\"org/model/x\"", "\"org/model/x\"", &second),
        ("\"tuned\"", "\"tuned\"", &second),
    ] {
        let (before, other_before) = (first.seen().len(), second.seen().len());
        let answer = proxy.send("POST", "/v1/chat/completions", &[JSON], &body(asked)).await;
        assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
        assert_eq!(first.seen().len() + second.seen().len(), before + other_before + 1);
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!(String::from_utf8_lossy(&seen.body), body(sent), "{asked}");
        assert_eq!(seen.header("content-length"), Some(&*body(sent).len().to_string()));
    }
}

#[tokio::test]
async fn the_map_is_applied_once_and_a_pin_is_a_pin() {
    let (proxy, first, second) = mapped().await;
    let answer = proxy.chat("gpt-chain").await;
    Family::OpenAi.assert_error(&answer, 404, &["gpt-chain", "account of anthropic"]);
    let answer = proxy.chat("zai/gpt-5").await;
    Family::OpenAi.assert_error(&answer, 404, &["zai/gpt-5", "there is no zai account"]);
    assert!(first.seen().is_empty() && second.seen().is_empty());
    let said = json!({"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"});
    second.now(Reply::json(200, &json!({"candidates": [said]})));
    for model in ["third/gpt-5", "gemini/gpt-5"] {
        let answer = proxy.chat(model).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        assert_eq!(second.seen().pop().expect("a request").path, "/v1beta/models/gpt-5:generateContent");
    }
    assert_eq!((first.seen().len(), second.seen().len()), (0, 2));
    second.now(Reply::json(200, &json!({})));
    second.forget();
    assert_eq!(proxy.chat("vendor").await.status, 200);
    let seen = first.seen().into_iter().chain(second.seen()).next().expect("a request");
    assert_eq!(seen.json()["model"], "gpt-6");
}

#[tokio::test]
async fn a_form_is_mapped_as_well() {
    let (proxy, _first, second) = mapped().await;
    let form = |model: &str| {
        format!(
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n\0\r\n--x\r\n\
             --B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--B--\r\n"
        )
    };
    let answer = proxy.send("POST", "/v1/audio/transcriptions", &[FORM], &form("pinned")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(String::from_utf8_lossy(&second.seen()[0].body), form("gpt-5"));
}

#[tokio::test]
async fn a_gemini_body_that_repeats_its_model_inside_is_mapped_there_too() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(
        &(account("g", "gemini", &upstream, "models = [\"*\"]")
            + "[models]\n\"gemini-old\" = \"gemini-new\"\n"),
    )
    .await;
    let text = r#"{"parts":[{"text":"\"model\":\"models/gemini-old\""}]}"#;
    for (action, body) in [
        (
            "batchEmbedContents",
            r#"{ "requests": [{"model": "models/gemini-old", "content": TEXT, "x": 1.50}, {"content": TEXT},
                {"content": TEXT, "model":"models/gemini-old"}] }"#,
        ),
        ("batchEmbedContents", r#"{"requests":[],"model":"models/gemini-old"}"#),
        (
            "countTokens",
            r#"{"generateContentRequest": {"model": "models/gemini-old", "contents": [TEXT], "x": 1e2}}"#,
        ),
        ("countTokens", r#"{"generate_content_request": {"model":"models/gemini-old","contents":[TEXT]}}"#),
        ("countTokens", r#"{"contents": [TEXT]}"#),
    ] {
        let body = body.replace("TEXT", text);
        let path = format!("/v1beta/models/gemini-old:{action}");
        let json = [("content-type", "application/json")];
        let answer = proxy.send("POST", &path, &json, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = upstream.seen().last().expect("one").clone();
        assert_eq!(sent.path, format!("/v1beta/models/gemini-new:{action}"));
        let mapped = body.replace("\"models/gemini-old\"", "\"models/gemini-new\"");
        assert_eq!(String::from_utf8_lossy(&sent.body), mapped, "{action}");
    }
}

#[tokio::test]
async fn a_gemini_model_stands_in_the_path_and_cannot_bend_it() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(
        &(account("g", "gemini", &upstream, "models = [\"*\"]")
            + "[models]\n\"gemini-old\" = \"gemini-3-flash\"\n\"deep/name:tag\" = \"a/b:c\"\n"),
    )
    .await;
    for (asked, sent) in [
        ("gemini-3-flash", "gemini-3-flash"),
        ("gemini%2D3-flash", "gemini-3-flash"),
        ("gemini-old", "gemini-3-flash"),
        ("g/gemini-3-flash", "gemini-3-flash"),
        ("g%2Fgemini-3-flash", "gemini-3-flash"),
        ("models/gemini-3-flash", "gemini-3-flash"),
        ("tuned:latest", "tuned:latest"),
        ("org/model", "org%2Fmodel"),
        ("deep/name:tag", "a%2Fb:c"),
        ("a%3Fkey=1", "a%3Fkey=1"),
        ("a%23b", "a%23b"),
        ("a%25b", "a%25b"),
        ("%2e%2e%2f%2e%2e%2fsecret", "..%2F..%2Fsecret"),
        ("a%20b", "a%20b"),
        ("%E3%83%A2", "%E3%83%A2"),
    ] {
        let path = format!("/v1beta/models/{asked}:generateContent");
        let answer = proxy.send("POST", &path, &[JSON], Family::Gemini.body()).await;
        assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!(seen.path, format!("/v1beta/models/{sent}:generateContent"), "{asked}");
        assert_eq!(seen.body, Family::Gemini.body());
    }
    upstream.forget();
    for asked in ["%00", "a%0d%0ab", "%2e%2e", "%2e", "", "models/%2e%2e", "%ff"] {
        let path = format!("/v1beta/models/{asked}:generateContent");
        let answer = proxy.send("POST", &path, &[JSON], Family::Gemini.body()).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{asked}: {}", answer.text());
        Family::Gemini.assert_error(&answer, answer.status.as_u16(), &[]);
    }
    assert!(upstream.seen().is_empty());
}
