use super::*;

/// Expects no problem (`None`), or a word of the problem and the URL that its fix proposes.
type Case<'case> = (Provider, &'case str, Option<(&'case str, &'case str)>);

fn check(cases: &[Case]) {
    for (provider, url, expected) in cases {
        match (examine(url, *provider), expected) {
            (Ok(()), None) => {}
            (Err(flaw), Some((message, fix))) => {
                assert!(flaw.message.to_string().contains(message), "{url}: {}", flaw.message);
                assert!(flaw.fix.to_string().contains(fix), "{url}: {}", flaw.fix);
            }
            (found, _) => panic!("{provider} {url}: {found:?}"),
        }
    }
}

#[test]
fn a_base_url_is_a_plain_web_address() {
    use Provider::OpenAiCompatible as Compatible;
    check(&[
        (Compatible, "https://api.example.com/v1", None),
        (Compatible, "HTTPS://api.example.com/v1", None),
        (Compatible, "https://xn--bcher-kva.example/v1", None),
        (Compatible, "api.example.com/v1", Some(("not a URL", "https://"))),
        (Compatible, "ftp://api.example.com", Some(("scheme", "https://"))),
        (Compatible, "https://", Some(("URL", "https://"))),
        (Compatible, "https:///v1", Some(("no host", "https://"))),
        (Compatible, "https://[::1", Some(("not a URL", ""))),
        (Compatible, " https://api.example.com", Some(("spaces", ""))),
        (Compatible, "https://user:pass@api.example.com/v1", Some(("password", "api_key"))),
        (Compatible, "https://api.example.com/v1?key=1", Some(("query", ""))),
        (Compatible, "https://api.example.com/v1#top", Some(("fragment", ""))),
    ]);
}

#[test]
fn a_key_is_not_sent_unencrypted_over_foreign_networks() {
    let nearby = [
        "localhost:11434",
        "127.0.0.1",
        "127.8.8.8:1",
        "[::1]:8080",
        "0.0.0.0:11434",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.178.20:8000",
        "169.254.1.1",
        "100.64.0.1",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:192.168.0.1]",
        "ollama",
        "gpu-box:8000",
        "studio.local",
        "studio.local.",
        "host.docker.internal:11434",
        "nas.lan",
        "server.home.arpa",
        "gpu.tail1234.ts.net:11434",
        "llm.corp",
        "nas.home",
        "box.localdomain",
        "wiki.intranet",
        "model.private",
        "api.test",
        "vllm.default.svc:8000",
        "vllm.default.svc.cluster.local",
        "fritz.box",
        "nas.fritz.box.",
        "ollama.service.consul",
    ];
    for host in nearby {
        let url = format!("http://{host}/v1");
        assert_eq!(examine(&url, Provider::OpenAiCompatible), Ok(()), "{url}");
    }
    let foreign = [
        "api.openai.com",
        "8.8.8.8",
        "172.32.0.1",
        "172.15.0.1",
        "100.128.0.1",
        "192.169.0.1",
        "[2001:db8::1]",
        "[::ffff:8.8.8.8]",
        "local.example.com",
        "evil.local.example.com",
        "notlocal.com",
        "evil.box",
        "notfritz.box",
        "ts.net.example.com",
        "my.greatest",
    ];
    for host in foreign {
        let url = format!("http://{host}/v1");
        assert!(examine(&url, Provider::OpenAiCompatible).is_err(), "{url}");
    }
}

#[test]
fn the_path_is_the_one_that_the_provider_builds_on() {
    use Provider::{Anthropic, Demo, Gemini, OpenAi, OpenAiCompatible, Zai};
    check(&[
        (Gemini, "https://g.example", None),
        (Gemini, "https://g.example/", None),
        (Gemini, "https://g.example/v1beta", None),
        (
            Gemini,
            "https://generativelanguage.googleapis.com/v1beta",
            Some(("version", "\"https://generativelanguage.googleapis.com\"")),
        ),
        (Gemini, "https://g.example/v1beta/models", Some(("endpoint", "\"https://g.example\""))),
        (Anthropic, "https://a.example/v1", Some(("version", "\"https://a.example\""))),
        (Anthropic, "https://a.example/v1/", Some(("version", "\"https://a.example\""))),
        (Anthropic, "https://a.example/v1/messages", Some(("endpoint", "\"https://a.example\""))),
        (Anthropic, "https://a.example/anthropic", None),
        (Anthropic, "https://a.example/vertex", None),
        (Zai, "https://api.z.ai/api/anthropic", None),
        (Zai, "https://api.z.ai/api/anthropic/v1", Some(("version", "api/anthropic\""))),
        (OpenAi, "https://o.example/v1", None),
        (OpenAi, "https://o.example/v1/chat/completions", Some(("endpoint", "\"https://o.example/v1\""))),
        (OpenAiCompatible, "https://o.example/openai/deployments/x", None),
        (OpenAiCompatible, "https://o.example", None),
        (OpenAiCompatible, "https://o.example/v1/responses", Some(("endpoint", "\"https://o.example/v1\""))),
        (Demo, "https://d.example/v1", None),
    ]);
}

#[test]
fn an_own_address_is_known_by_any_name() {
    let own = own_name();
    let mut names =
        vec!["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"];
    names.extend(["LOCALHOST", "localhost.", "x.localhost", "2130706433", "0x7f.1"]);
    if !own.is_empty() {
        names.push(&own);
    }
    for name in names {
        assert!(is_own(&format!("http://{name}:8045/v1"), 8045), "{name}");
        assert!(!is_own(&format!("http://{name}:8046/v1"), 8045), "{name}, another port");
    }
    assert!(is_own("https://localhost/v1", 443));
    for other in ["http://gpu-box.example:8045", "http://10.0.0.1:8045", "no URL"] {
        assert!(!is_own(other, 8045), "{other}");
    }
}

#[test]
fn an_unencoded_character_in_a_proxy_password_is_reported_as_such() {
    for password in ["a/b", "a#b", "a?b", "a:1/b", "1/2", "a@b/c", "a b#"] {
        let flaw = examine_proxy(&format!("http://me:{password}@proxy:3128")).expect_err(password);
        assert!(flaw.fix.to_string().contains("%40"), "{password}: {}", flaw.fix);
        assert!(!flaw.message.to_string().contains(password), "{}", flaw.message);
    }
    for password in ["a%40b", "a%2Fb", "a:b", "a@b"] {
        assert_eq!(examine_proxy(&format!("http://me:{password}@proxy:3128")), Ok(()), "{password}");
    }
}

#[test]
fn an_outgoing_proxy_speaks_http_or_socks() {
    for url in ["http://proxy:3128", "https://u:p@proxy", "socks5://127.0.0.1:1080", "socks5h://proxy:1080"] {
        assert_eq!(examine_proxy(url), Ok(()), "{url}");
    }
    for url in ["proxy:3128", "socks4://proxy:1080", "socks5://", "http://", "ftp://proxy", "//proxy"] {
        assert!(examine_proxy(url).is_err(), "{url}");
    }
}
