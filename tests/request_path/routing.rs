//! Which path is whose, which model goes where, and what is said when nobody has it.

use serde_json::{Value, json};

use super::family::{Family, JSON, accounts, proxy_with};
use crate::support::proxy::{account, proxy_section};
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=B");

/// A body that names a model of the family that owns the upstream path.
fn body_for(upstream_path: &str) -> (&'static str, (&'static str, &'static str)) {
    match upstream_path {
        "/v1/images/edits" | "/v1/audio/transcriptions" => (
            "--B\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
             --B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\0\u{1}\r\n--B--\r\n",
            FORM,
        ),
        path if path.starts_with("/v1/messages") => (Family::Anthropic.body(), JSON),
        path if path.contains("/models/") => (Family::Gemini.body(), JSON),
        _ => (Family::OpenAi.body(), JSON),
    }
}

/// Posts to each path and finds the body, unchanged, at the upstream's; `odd` paths are
/// recorded with a hint.
async fn reaches(odd: bool, paths: &[(&str, &str)]) {
    let (proxy, upstream) = proxy_with("").await;
    for (path, upstream_path) in paths {
        let (body, content_type) = body_for(upstream_path);
        let answer = proxy.send("POST", path, &[content_type], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!((seen.path.as_str(), &seen.body[..]), (*upstream_path, body.as_bytes()), "{path}");
        assert_eq!(seen.header("content-type"), Some(content_type.1), "{path}");
        let record = &proxy.records().await[0];
        assert_eq!(record["path"], path.split('?').next().expect("a path"));
        assert_eq!(record["hint"].is_string(), odd, "{path}: {}", record["hint"]);
    }
    assert_eq!(upstream.seen().len(), paths.len());
}

#[tokio::test]
async fn every_path_of_the_openai_family_reaches_its_own() {
    let same = |path| (path, path);
    reaches(
        false,
        &[
            same("/v1/chat/completions"),
            same("/v1/responses"),
            same("/v1/completions"),
            same("/v1/embeddings"),
            same("/v1/images/generations"),
            same("/v1/images/edits"),
            same("/v1/audio/transcriptions"),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_path_of_the_anthropic_family_reaches_its_own() {
    reaches(
        false,
        &[
            ("/v1/messages", "/v1/messages"),
            ("/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("/v1/messages/count_tokens", "/v1/messages/count_tokens"),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_gemini_action_reaches_its_own_under_every_version() {
    for action in ["generateContent", "countTokens", "embedContent", "batchEmbedContents"] {
        for version in ["v1", "v1beta", "v1alpha"] {
            let path = format!("/{version}/models/gemini-3-flash:{action}");
            reaches(false, &[(&path, &path)]).await;
        }
        let bare = format!("/models/gemini-3-flash:{action}");
        reaches(true, &[(&bare, &format!("/v1beta{bare}"))]).await;
    }
    let stream = "/v1beta/models/gemini-3-flash:streamGenerateContent";
    let upstream = FakeUpstream::always(Reply::json(200, &json!([{}]))).await;
    let proxy = TestProxy::with_upstream("gemini", &upstream).await;
    for query in ["", "?$alt=json;enum-encoding=int"] {
        let path = format!("{stream}{query}");
        let answer = proxy.send("POST", &path, &[JSON], Family::Gemini.body()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "[{}]".to_owned()));
        assert_eq!(upstream.seen().pop().expect("a request").path, path);
    }
}

#[tokio::test]
async fn misspellings_that_sdks_produce_reach_the_right_handler_with_a_hint() {
    const GEMINI: &str = "/v1beta/models/gemini-3-flash:generateContent";
    reaches(
        true,
        &[
            ("/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/chat/completions", "/v1/chat/completions"),
            ("//v1/chat/completions", "/v1/chat/completions"),
            ("/v1//chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/responses", "/v1/responses"),
            ("/v1/responses/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/v1/messages", "/v1/messages"),
            ("/responses", "/v1/responses"),
            ("/embeddings", "/v1/embeddings"),
            ("/openai/chat/completions", "/v1/chat/completions"),
            ("/messages", "/v1/messages"),
            ("/v1/v1/messages", "/v1/messages"),
            ("/v1/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            ("/v1/messages/v1/messages", "/v1/messages"),
            ("/v1/messages/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            ("/anthropic/v1/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("/v1beta/v1beta/models/gemini-3-flash:generateContent", GEMINI),
            ("/v1/v1beta/models/gemini-3-flash:generateContent", GEMINI),
            ("/gemini/models/gemini-3-flash:generateContent", GEMINI),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_familys_name_in_front_is_no_misspelling() {
    reaches(
        false,
        &[
            ("/openai/v1/chat/completions", "/v1/chat/completions"),
            ("/openai/v1/responses", "/v1/responses"),
            ("/anthropic/v1/messages", "/v1/messages"),
            ("/anthropic/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            (
                "/gemini/v1beta/models/gemini-3-flash:generateContent",
                "/v1beta/models/gemini-3-flash:generateContent",
            ),
            ("/v1beta/openai/chat/completions", "/v1/chat/completions"),
        ],
    )
    .await;
}

#[tokio::test]
async fn any_other_path_is_a_404_that_names_the_right_base_url() {
    let (proxy, upstream) = proxy_with("").await;
    let base = format!("http://127.0.0.1:{}", proxy.address.port());
    let openai = format!("{base}/v1");
    for (method, path, headers, family) in [
        ("GET", "/", vec![], Family::OpenAi),
        ("POST", "/v1", vec![], Family::OpenAi),
        ("POST", "/v2/chat/completions", vec![], Family::OpenAi),
        ("POST", "/V1/chat/completions", vec![], Family::OpenAi),
        ("POST", "/v1/chat", vec![("authorization", "Bearer x")], Family::OpenAi),
        ("POST", "/openai/v1/files", vec![("x-api-key", "x")], Family::OpenAi),
        ("POST", "/v1/chat/completions/x", vec![], Family::OpenAi),
        ("GET", "/v1/responses/resp_1", vec![], Family::OpenAi),
        ("POST", "/v1/complete", vec![("anthropic-version", "2023-06-01")], Family::Anthropic),
        ("POST", "/v1/messages/batches", vec![], Family::Anthropic),
        ("POST", "/anthropic/v1/nothing", vec![], Family::Anthropic),
        ("POST", "/v1beta/models/gemini-3-flash:explode", vec![], Family::Gemini),
        ("POST", "/v1beta/cachedContents", vec![], Family::Gemini),
        ("POST", "/upload/v1beta/files", vec![("x-goog-api-key", "x")], Family::Gemini),
        ("POST", "/v1/../v1/messages", vec![], Family::OpenAi),
        ("POST", "/%76%31/messages", vec![], Family::OpenAi),
    ] {
        let answer = proxy.send(method, path, &headers, "").await;
        family.assert_error(&answer, 404, &[&openai, &base, method]);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_404_repeats_no_more_of_the_path_than_is_good() {
    let (proxy, _upstream) = proxy_with("").await;
    let answer = proxy.get(&format!("/{}", "x".repeat(5_000))).await;
    Family::OpenAi.assert_error(&answer, 404, &["http://127.0.0.1"]);
    assert!(answer.message().len() < 500, "{}", answer.message());
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_allows_the_right_ones() {
    let (proxy, upstream) = proxy_with("").await;
    for (method, path, allow, family) in [
        ("POST", "/healthz", "GET, HEAD", Family::OpenAi),
        ("DELETE", "/v1/models", "GET, HEAD", Family::OpenAi),
        ("DELETE", "/v1/models/gpt-5", "GET, HEAD", Family::OpenAi),
        ("POST", "/v1/models/gpt-5", "GET, HEAD", Family::OpenAi),
        ("PUT", "/v1beta/models/gemini-3-flash", "GET, HEAD", Family::Gemini),
        ("GET", "/v1/chat/completions", "POST", Family::OpenAi),
        ("HEAD", "/v1/responses", "POST", Family::OpenAi),
        ("PUT", "/v1/messages", "POST", Family::Anthropic),
        ("GET", "/v1/messages/count_tokens", "POST", Family::Anthropic),
        ("PATCH", "/v1beta/models/gemini-3-flash:generateContent", "POST", Family::Gemini),
        ("GET", "/v1beta/models/gemini-3-flash:streamGenerateContent", "POST", Family::Gemini),
        ("TRACE", "/v1/embeddings", "POST", Family::OpenAi),
    ] {
        let answer = proxy.send(method, path, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some(allow)), "{method} {path}");
        if method != "HEAD" {
            family.assert_error(&answer, 405, &[allow, method]);
        }
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn what_interactive_clients_send_besides_is_answered_and_goes_nowhere() {
    let (proxy, upstream) = proxy_with("").await;
    for (method, path) in
        [("HEAD", "/"), ("POST", "/api/event_logging/batch"), ("POST", "/api/event_logging/v2/batch")]
    {
        let answer = proxy.send(method, path, &[JSON], if method == "POST" { "{}" } else { "" }).await;
        assert_eq!(answer.status, 200, "{method} {path}");
    }
    assert!(upstream.seen().is_empty());
}

/// The header that makes `GET /v1/models` a family's own.
fn asks_as(family: Family) -> Vec<(&'static str, &'static str)> {
    match family {
        Family::OpenAi => vec![("authorization", "Bearer x")],
        Family::Anthropic => vec![("anthropic-version", "2026-10-21"), ("authorization", "Bearer x")],
        Family::Gemini => vec![("x-goog-api-key", "x")],
    }
}

/// The ids of a list in the family's shape.
fn listed(family: Family, list: &Value) -> Vec<String> {
    let (entries, id) = match family {
        Family::OpenAi => {
            assert_eq!(list["object"], "list", "{list}");
            (&list["data"], "id")
        }
        Family::Anthropic => {
            assert_eq!(list["has_more"], false, "{list}");
            (&list["data"], "id")
        }
        Family::Gemini => (&list["models"], "name"),
    };
    let entries = entries.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    entries.iter().map(|entry| entry[id].as_str().expect("a name").to_owned()).collect()
}

const DEMO: &str =
    "[[accounts]]\nname = \"d\"\nprovider = \"demo\"\n[models]\n\"mine\" = \"demo\"\n\"any-*\" = \"demo\"\n";

#[tokio::test]
async fn the_model_list_is_in_the_shape_of_whoever_asks() {
    let proxy = TestProxy::serve(DEMO).await;
    for family in Family::ALL {
        let name = if family == Family::Gemini { "models/mine" } else { "mine" };
        let mut paths = vec!["/v1/models", "/models", "/v1/v1/models"];
        if family == Family::Gemini {
            paths.extend(["/v1beta/models", "/v1alpha/models", "/gemini/v1beta/models?pageSize=50"]);
        }
        for path in paths {
            let answer = proxy.send("GET", path, &asks_as(family), "").await;
            assert_eq!(answer.status, 200, "{family:?} {path}");
            let names = listed(family, &answer.json());
            assert!(names.iter().any(|listed| listed == name), "{family:?} {path}: {names:?}");
            assert!(!names.iter().any(|listed| listed.contains('*')), "{names:?}");
        }
        let one = proxy.send("GET", "/v1/models/mine", &asks_as(family), "").await;
        let id = if family == Family::Gemini { "name" } else { "id" };
        assert_eq!((one.status.as_u16(), one.json()[id].as_str()), (200, Some(name)), "{}", one.text());
        let none = proxy.send("GET", "/v1/models/nobody", &asks_as(family), "").await;
        family.assert_error(&none, 404, &["nobody", "mine"]);
        let head = proxy.send("HEAD", "/v1/models", &asks_as(family), "").await;
        assert_eq!((head.status.as_u16(), head.text()), (200, String::new()));
    }
    let plain = proxy.get("/v1beta/models").await;
    assert!(listed(Family::Gemini, &plain.json()).contains(&"models/mine".to_owned()));
}

#[tokio::test]
async fn the_upstreams_own_list_is_passed_on_to_its_own_family() {
    let (proxy, upstream) = proxy_with("").await;
    upstream.now(Reply::whole(200, "application/json", "{\"data\": [ 1.0 ]}"));
    for (family, path, upstream_path) in [
        (Family::OpenAi, "/v1/models", "/v1/models"),
        (Family::Anthropic, "/v1/models?limit=1000", "/v1/models?limit=1000"),
        (Family::Gemini, "/v1/models", "/v1/models"),
        (Family::Gemini, "/v1beta/models?pageSize=50&$alt=json", "/v1beta/models?pageSize=50&$alt=json"),
        (Family::Gemini, "/v1beta/models?key=sk-x&pageSize=50", "/v1beta/models?pageSize=50"),
        (Family::Gemini, "/v1beta/models/gemini-3-flash", "/v1beta/models/gemini-3-flash"),
        (Family::OpenAi, "/v1/models/gpt-5", "/v1/models/gpt-5"),
    ] {
        let answer = proxy.send("GET", path, &asks_as(family), "").await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.text()),
            (200, "{\"data\": [ 1.0 ]}"),
            "{family:?} {path}"
        );
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", upstream_path));
        let own_key = match family {
            Family::OpenAi => ("authorization", "Bearer up-openai-secret-key"),
            Family::Anthropic => ("x-api-key", "up-anthropic-secret-key"),
            Family::Gemini => ("x-goog-api-key", "up-gemini-secret-key"),
        };
        assert_eq!(seen.header(own_key.0), Some(own_key.1));
    }
}

#[tokio::test]
async fn a_model_that_nobody_has_is_a_404_that_names_what_would_serve_it() {
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

/// Two upstreams behind three accounts, and a map.
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
async fn the_map_puts_another_model_in_place_and_leaves_every_other_byte() {
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

#[tokio::test]
async fn unknown_query_parameters_survive_and_the_key_does_not() {
    let (proxy, upstream) = proxy_with("").await;
    for (query, sent) in [
        ("", ""),
        ("?beta=true", "?beta=true"),
        ("?key=sk-abc", ""),
        ("?alt=json&key=sk-abc&x=%20y&z", "?alt=json&x=%20y&z"),
        ("?key=sk-abc&key=sk-def&monkey=1", "?monkey=1"),
        ("?$alt=json;enum-encoding=int", "?$alt=json;enum-encoding=int"),
        ("?a=1&a=2&b=%E3%83%A2&c=a+b", "?a=1&a=2&b=%E3%83%A2&c=a+b"),
    ] {
        for family in Family::ALL {
            let path = family.path();
            let answer = proxy.send("POST", &format!("{path}{query}"), &[JSON], family.body()).await;
            assert_eq!(answer.status, 200, "{path}{query}");
            assert_eq!(upstream.seen().pop().expect("a request").path, format!("{path}{sent}"));
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let (proxy, _upstream) = proxy_with("").await;
    let mut ids = std::collections::HashSet::new();
    for (method, path) in
        [("GET", "/healthz"), ("GET", "/nowhere"), ("OPTIONS", "/v1/models"), ("PUT", "/v1/messages")]
    {
        let answer = proxy.send(method, path, &[("x-request-id", "mine")], "").await;
        ids.insert(answer.header("x-request-id").unwrap_or_else(|| panic!("{method} {path}")).to_owned());
    }
    for family in Family::ALL {
        let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
        let id = answer.header("x-request-id").expect("an id").to_owned();
        assert_eq!(proxy.records().await[0]["id"], id);
        ids.insert(id);
    }
    assert_eq!(ids.len(), 7, "{ids:?}");
}

#[tokio::test]
async fn a_caller_on_this_machine_learns_which_account_answered() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&(proxy_section("") + &accounts(&upstream))).await;
    let answer = proxy.send("POST", "/v1/messages", &[JSON], Family::Anthropic.body()).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("anthropic"));
}
