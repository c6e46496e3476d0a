//! The limits of a request: its size, type, depth and form.

use super::family::{Family, JSON, proxy_with, status_of};
use crate::support::client::open;
use crate::support::{Answer, FakeUpstream, TestProxy, raw};

const MEGABYTE: usize = 1 << 20;
const SMALL: &str = "max_body_mb = 1";

/// A body of the family that is this long.
fn body_of(family: Family, length: usize) -> String {
    let body = family.body();
    let (head, tail) = body.split_at(body.len() - 1);
    format!("{head},\"pad\":\"{}\"{tail}", "x".repeat(length - body.len() - r#","pad":"""#.len()))
}

/// Checks that a body posted to a family's path gets that family's error, and that nothing is
/// sent upstream.
async fn refused(
    (proxy, upstream): &(TestProxy, FakeUpstream),
    family: Family,
    headers: &[(&str, &str)],
    body: impl Into<bytes::Bytes>,
    (status, words): (u16, &[&str]),
) {
    let mut stream = open(proxy.address, "POST", family.path(), headers, body).await;
    let (text, cut) = stream.rest().await;
    let answer = Answer { status: stream.status, headers: stream.headers.clone(), body: text.into(), cut };
    family.assert_error(&answer, status, words);
    assert!(upstream.seen().is_empty(), "{family:?}");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let world = proxy_with(SMALL).await;
    for family in Family::ALL {
        let over = body_of(family, MEGABYTE + 1);
        refused(&world, family, &[JSON], over, (413, &["1 MB", "max_body_mb"])).await;
    }
    let (proxy, upstream) = &world;
    for family in Family::ALL {
        let body = body_of(family, MEGABYTE);
        let answer = proxy.send("POST", family.path(), &[JSON], &body).await;
        assert_eq!(answer.status, 200, "{family:?}: {}", answer.text());
        assert_eq!(upstream.seen().pop().expect("a request").body, body);
    }
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_before_anything_is_read() {
    let (proxy, upstream) = proxy_with(SMALL).await;
    for expect in ["", "expect: 100-continue\r\n"] {
        for length in ["1048577", "99999999999", "9223372036854775807"] {
            let head = format!(
                "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n{expect}content-length: {length}\r\n\r\n"
            );
            let answer = raw(proxy.address, head.as_bytes()).await;
            assert_eq!(status_of(&answer), 413, "{length}: {answer}");
            assert!(!answer.contains("100 Continue"), "{answer}");
        }
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off_at_the_limit() {
    let (proxy, upstream) = proxy_with(SMALL).await;
    for family in Family::ALL {
        let mut request = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n",
            family.path()
        );
        request += &format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(20);
        // There is no end; the answer must not wait for it.
        let answer = raw(proxy.address, request.as_bytes()).await;
        assert_eq!(status_of(&answer), 413, "{family:?}: {answer}");
        assert!(answer.contains("max_body_mb"), "{answer}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_compressed_body_is_415() {
    let world = proxy_with("").await;
    for family in Family::ALL {
        for encoding in ["gzip", "br", "zstd", "GZIP", "identity, gzip", "nonsense"] {
            let headers = [JSON, ("content-encoding", encoding)];
            refused(&world, family, &headers, "\u{1f}gz", (415, &[encoding, "uncompressed"])).await;
        }
        let headers = [JSON, ("content-encoding", "identity")];
        let answer = world.0.send("POST", family.path(), &headers, family.body()).await;
        assert_eq!(answer.status, 200, "{family:?} with identity");
        world.1.forget();
    }
}

#[tokio::test]
async fn a_form_in_place_of_json_is_415_and_the_reverse() {
    let world = proxy_with("").await;
    for family in Family::ALL {
        for form in ["multipart/form-data; boundary=B", "Multipart/Form-Data; boundary=B"] {
            let headers = [("content-type", form)];
            refused(&world, family, &headers, "--B--", (415, &["application/json"])).await;
        }
    }
    for path in ["/v1/images/edits", "/v1/audio/transcriptions"] {
        for headers in [&[JSON] as &[_], &[]] {
            let answer = world.0.send("POST", path, headers, r#"{"model":"whisper-1"}"#).await;
            Family::OpenAi.assert_error(&answer, 415, &["multipart/form-data"]);
        }
    }
    assert!(world.1.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_400() {
    let world = proxy_with("").await;
    for family in Family::ALL {
        for (body, word) in [
            ("", "not a JSON object"),
            (" ", "not a JSON object"),
            ("null", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("\"model\"", "not a JSON object"),
            ("model=gpt-5", "not a JSON object"),
            ("{", "ends in the middle"),
            ("{\"model\":\"gpt-5\"", "ends in the middle"),
            ("{\"model\":\"gpt-5", "ends in the middle"),
            ("{\"model\":\"gpt-5\",}", "not valid JSON"),
            ("{\"model\":\"gpt-5\"}{}", "not valid JSON"),
            ("{'model':'gpt-5'}", "not valid JSON"),
            ("{model:\"gpt-5\"}", "not valid JSON"),
        ] {
            refused(&world, family, &[JSON], body, (400, &[word])).await;
        }
    }
}

#[tokio::test]
async fn endless_nesting_is_400() {
    let world = proxy_with("").await;
    for family in Family::ALL {
        for depth in [200, 200_000] {
            for open in ["[", "{\"a\":"] {
                let body = format!("{{\"model\":\"gpt-5\",\"messages\":{}", open.repeat(depth));
                refused(&world, family, &[JSON], body, (400, &["levels deep"])).await;
            }
        }
    }
}

#[tokio::test]
async fn an_invalid_model_is_400_and_the_message_names_the_field() {
    let world = proxy_with("").await;
    for family in [Family::OpenAi, Family::Anthropic] {
        for body in [
            &b"{\"messages\":[]}"[..],
            b"{}",
            b"{\"model\":5}",
            b"{\"model\":null}",
            b"{\"model\":[\"gpt-5\"]}",
            b"{\"model\":{\"name\":\"gpt-5\"}}",
            b"{\"model\":true}",
            b"{\"model\":\"\"}",
            b"{\"model\":\"gpt-\xff5\"}",
            b"{\"model\":\"gpt-\xed\xa0\x805\"}",
            b"{\"model\":\"\\ud800\"}",
            b"{\"model\":\"gpt\n5\"}",
            b"{\"model\":\"gpt-5\",\"model\":\"o3\"}",
        ] {
            refused(&world, family, &[JSON], body, (400, &["model"])).await;
        }
    }
}

#[tokio::test]
async fn an_invalid_stream_flag_is_400_and_the_message_names_the_field() {
    let world = proxy_with("").await;
    for (family, model) in [(Family::OpenAi, "gpt-5"), (Family::Anthropic, "claude-opus-5")] {
        for stream in ["\"yes\"", "1", "[]", "{}", "\"true\""] {
            let body = format!("{{\"model\":\"{model}\",\"stream\":{stream}}}");
            refused(&world, family, &[JSON], body, (400, &["`stream`", "true or false"])).await;
        }
    }
}

#[tokio::test]
async fn a_form_without_a_model_is_400() {
    let (proxy, upstream) = proxy_with("").await;
    let form = [("content-type", "multipart/form-data; boundary=B")];
    let part = |name: &str, value: &str| {
        format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    for body in [
        String::new(),
        "--B--\r\n".to_owned(),
        part("file", "x") + "--B--\r\n",
        part("model", "") + "--B--\r\n",
    ] {
        let answer = proxy.send("POST", "/v1/audio/transcriptions", &form, &body).await;
        Family::OpenAi.assert_error(&answer, 400, &["`model`"]);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn an_endless_head_is_refused_and_the_proxy_goes_on() {
    let (proxy, upstream) = proxy_with("").await;
    let line = |length: usize| format!("x-long: {}\r\n", "x".repeat(length));
    let heads = [
        ("one long header", line(200_000)),
        ("many headers", "a: b\r\n".repeat(5_000)),
        ("a hundred and one headers", "a: b\r\n".repeat(101)),
    ];
    for (what, lines) in heads {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
        let status = status_of(&raw(proxy.address, request.as_bytes()).await);
        assert!(matches!(status, 400 | 431), "{what}: {status}");
    }
    let request = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(200_000));
    let status = status_of(&raw(proxy.address, request.as_bytes()).await);
    assert!(matches!(status, 400 | 414 | 431), "a long path: {status}");
    let headers = [("x-long", &*"x".repeat(30_000))];
    assert_eq!(proxy.send("GET", "/healthz", &headers, "").await.status, 200);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_head_over_64_kib_is_431_however_it_is_filled() {
    let (proxy, upstream) = proxy_with("").await;
    for family in Family::ALL {
        for length in [66_000, 70_000, 100_000, 130_000] {
            let one = format!("x-long: {}\r\n", "x".repeat(length));
            let piece = format!(": {}\r\n", "x".repeat(length / 50));
            let many = (0..50).map(|number| format!("x-{number}{piece}")).collect::<Vec<_>>().concat();
            let query = format!("?x={}", "x".repeat(length / 2));
            let half = format!("x-long: {}\r\n", "x".repeat(length / 2));
            for (query, lines) in [("", &one), ("", &many), (&*query, &half)] {
                let head = format!("{}{query} HTTP/1.1\r\nhost: localhost\r\n{lines}", family.path());
                let request = format!("POST {head}connection: close\r\ncontent-length: 0\r\n\r\n");
                let status = status_of(&raw(proxy.address, request.as_bytes()).await);
                assert_eq!(status, 431, "{family:?} {length}");
            }
        }
        assert!(upstream.seen().is_empty());
        let headers = [JSON, ("x-long", &*"x".repeat(60_000))];
        let answer = proxy.send("POST", family.path(), &headers, family.body()).await;
        assert_eq!(answer.status, 200, "{family:?}: {}", answer.text());
        upstream.forget();
    }
}

#[tokio::test]
async fn the_limit_follows_the_config_file() {
    let (proxy, _upstream) = proxy_with("max_body_mb = 2").await;
    let body = body_of(Family::OpenAi, MEGABYTE + 1);
    let answer = proxy.send("POST", Family::OpenAi.path(), &[JSON], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
