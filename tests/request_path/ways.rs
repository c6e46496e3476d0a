//! The way to an upstream: through the user's proxy or past it, the certificates it trusts,
//! and the party that an error names when the way fails.

use std::fs;

use serde_json::json;

use super::dialect::{self, OPENAI_CHAT};
use crate::support::home::{stderr, stdout};
use crate::support::outgoing::OutgoingProxy;
use crate::support::proxy::{account, account_in, free_port};
use crate::support::tls::Tls;
use crate::support::{Answer, FakeUpstream, Home, Reply, TestProxy};

/// A config with one account at this address.
fn at(base_url: &str) -> String {
    format!(
        "[[accounts]]\nname = \"work\"\nprovider = \"openai-compatible\"\napi_key = \"up-work-secret-key\"\n\
         base_url = \"{base_url}\"\nmodels = [\"*\"]\n"
    )
}

fn upstream_section(lines: &str) -> String {
    format!("[upstream]\n{lines}\n")
}

/// Asserts that this is a 502 whose message has all of `words` and none of `others`.
fn assert_unreachable(answer: &Answer, words: &[&str], others: &[&str]) {
    assert_eq!(answer.status, 502, "{}", answer.text());
    for word in words {
        assert!(answer.message().contains(word), "no {word:?} in {}", answer.message());
    }
    for other in others {
        assert!(!answer.message().contains(other), "{other:?} in {}", answer.message());
    }
}

#[tokio::test]
async fn a_proxy_on_the_way_that_is_down_is_named_and_not_the_provider() {
    let port = free_port();
    let proxy_line = format!("proxy = \"http://me:a-secret-password@127.0.0.1:{port}\"");
    for base_url in ["https://api.corp.example/v1", "http://gpu-box.lan/v1"] {
        let proxy = TestProxy::serve(&(upstream_section(&proxy_line) + &at(base_url))).await;
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        let named = format!("the proxy 127.0.0.1:{port} (upstream.proxy)");
        assert_unreachable(&answer, &[&named, "cannot be reached"], &["api.corp.example:", "a-secret"]);
    }
}

#[tokio::test]
async fn a_socks_proxy_that_is_down_is_reported_as_unreachable() {
    for scheme in ["socks5", "socks5h"] {
        let port = free_port();
        let line = format!("proxy = \"{scheme}://127.0.0.1:{port}\"");
        let base_url =
            if scheme == "socks5" { "http://10.255.255.1/v1" } else { "https://api.corp.example/v1" };
        let proxy = TestProxy::serve(&(upstream_section(&line) + &at(base_url))).await;
        let named = format!("the proxy 127.0.0.1:{port} (upstream.proxy)");
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert_unreachable(&answer, &[&named, "cannot be reached"], &["refused to connect", "no_proxy"]);
    }
}

#[tokio::test]
async fn a_407_is_blamed_on_a_proxy_also_without_a_tunnel() {
    let outgoing = OutgoingProxy::refusing("407 Proxy Authentication Required").await;
    let line = format!("proxy = \"http://{}\"", outgoing.address);
    let proxy = TestProxy::serve(&(upstream_section(&line) + &at("http://gpu-box.lan/v1"))).await;
    let named = format!("the proxy {} (upstream.proxy)", outgoing.address);
    for dialect in dialect::ALL {
        for stream in [false, true] {
            let answer = dialect.ask(&proxy, stream).await;
            assert_unreachable(&answer, &[&named, "requires a user name and a password"], &[]);
            dialect.assert_error(&answer.json());
        }
    }
    // A proxy that the config does not name.
    let url = format!("http://{}/v1", outgoing.address);
    let proxy = TestProxy::serve(&at(&url)).await;
    let answer = OPENAI_CHAT.ask(&proxy, false).await;
    assert_unreachable(&answer, &["a proxy on the way to 127.0.0.1 requires", "upstream.proxy"], &[]);
}

#[tokio::test]
async fn a_proxy_that_refuses_the_way_is_named() {
    for (status, words) in [
        ("403 Forbidden", ["refused to connect to api.corp.example", "upstream.no_proxy"]),
        ("502 Bad Gateway", ["refused to connect to api.corp.example", "upstream.no_proxy"]),
        ("407 Proxy Authentication Required", ["requires a user name and a password", "upstream.proxy"]),
    ] {
        let outgoing = OutgoingProxy::refusing(status).await;
        let line = format!("proxy = \"http://{}\"", outgoing.address);
        let proxy = TestProxy::serve(&(upstream_section(&line) + &at("https://api.corp.example/v1"))).await;
        let named = format!("the proxy {} (upstream.proxy)", outgoing.address);
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert_unreachable(&answer, &[&[named.as_str()], &words[..]].concat(), &[]);
        if status.starts_with("403") {
            assert!(answer.message().contains("403"), "{}", answer.message());
        }
    }
}

#[tokio::test]
async fn an_https_request_reaches_the_provider_through_one_tunnel() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let tls = Tls::before(&upstream).await;
    let outgoing = OutgoingProxy::to(tls.address).await;
    let lines = format!("proxy = \"http://{}\"\nca_file = \"authority.pem\"", outgoing.address);
    let home = Home::with_config(&(upstream_section(&lines) + &at("https://api.corp.example/v1")));
    fs::write(home.file("authority.pem"), &tls.authority).expect("written");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200);
    assert_eq!((outgoing.asked(), upstream.seen().len()), (1, 1));
}

#[tokio::test]
async fn only_the_hosts_of_no_proxy_are_reached_directly() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let outgoing = OutgoingProxy::refusing("403 Forbidden").await;
    let cases = [
        ("[]", "http://gpu-box.lan/v1", true),
        ("[\"gpu-box.lan\"]", "http://gpu-box.lan/v1", false),
        ("[\"lan\"]", "http://gpu-box.lan/v1", false),
        ("[\"*.lan\"]", "http://gpu-box.lan/v1", false),
        ("[\"*\"]", "http://gpu-box.lan/v1", false),
        ("[\"box.lan\"]", "http://gpu-box.lan/v1", true),
        ("[]", "http://10.255.255.1:9/v1", true),
        ("[\"corp.example\"]", "http://localhost:1/v1", false),
    ];
    for (no_proxy, base_url, is_through) in cases {
        let lines = format!(
            "proxy = \"http://{}\"\nno_proxy = {no_proxy}\nconnect_timeout_secs = 1",
            outgoing.address
        );
        let proxy = TestProxy::serve(&(upstream_section(&lines) + &at(base_url))).await;
        let before = outgoing.asked();
        OPENAI_CHAT.ask(&proxy, false).await;
        assert_eq!(outgoing.asked() > before, is_through, "{no_proxy} {base_url}");
    }
    // This computer is always reached directly.
    let lines = format!("proxy = \"http://{}\"", outgoing.address);
    let proxy = TestProxy::serve(&(upstream_section(&lines) + &at(&format!("{}/v1", upstream.url())))).await;
    assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200);
}

#[tokio::test]
async fn an_unknown_authority_is_explained_with_a_remedy_that_works() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let tls = Tls::before(&upstream).await;
    let config = at(&tls.base_url());
    let proxy = TestProxy::serve(&config).await;
    let answer = OPENAI_CHAT.ask(&proxy, false).await;
    assert_unreachable(&answer, &["localhost", "authority", "upstream.ca_file", "system's store"], &[]);
    assert!(upstream.seen().is_empty());

    fs::write(proxy.home.file("authority.pem"), &tls.authority).expect("written");
    proxy.home.write_config(&(upstream_section("ca_file = \"authority.pem\"") + &config));
    assert!(proxy.run(&["reload"]).await.status.success());
    for _ in 0..8 {
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200, "on every thread");
    }
}

#[tokio::test]
async fn an_authority_added_while_the_agent_runs_is_trusted_from_the_next_request_on() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let (old, tls) = (Tls::before(&upstream).await, Tls::before(&upstream).await);
    let home = Home::with_config(&(upstream_section("ca_file = \"authority.pem\"") + &at(&tls.base_url())));
    fs::write(home.file("authority.pem"), &old.authority).expect("written");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    for _ in 0..4 {
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 502);
    }
    let both = format!("{}{}", old.authority, tls.authority);
    fs::write(proxy.home.file("authority.pem"), both).expect("written");
    // The file is read at most four times a second.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for turn in 0..8 {
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200, "turn {turn}");
    }
}

#[tokio::test]
async fn a_reload_reads_the_authorities_again() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let (other, tls) = (Tls::before(&upstream).await, Tls::before(&upstream).await);
    let home = Home::with_config(&(upstream_section("ca_file = \"authority.pem\"") + &at(&tls.base_url())));
    fs::write(home.file("authority.pem"), &tls.authority).expect("written");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200);
    fs::write(proxy.home.file("authority.pem"), &other.authority).expect("written");
    assert!(proxy.run(&["reload"]).await.status.success());
    assert_eq!(
        OPENAI_CHAT.ask(&proxy, false).await.status,
        502,
        "the removed authority is no longer trusted"
    );
}

#[tokio::test]
async fn an_authoritys_certificate_used_by_a_server_is_explained() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let tls = Tls::of_an_authority(&upstream).await;
    let home = Home::with_config(&(upstream_section("ca_file = \"authority.pem\"") + &at(&tls.base_url())));
    fs::write(home.file("authority.pem"), &tls.authority).expect("written");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    assert_unreachable(&OPENAI_CHAT.ask(&proxy, false).await, &["CA:FALSE"], &["OtherError"]);
}

#[tokio::test]
async fn an_unusable_file_of_authorities_is_a_config_problem_and_changes_nothing() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let config = at(&format!("{}/v1", upstream.url()));
    let proxy = TestProxy::serve(&config).await;
    fs::write(proxy.home.file("empty.pem"), "").expect("written");
    fs::write(proxy.home.file("text.pem"), "no certificate").expect("written");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(proxy.home.file("broken.pem"), broken).expect("written");
    for (file, reason) in [
        ("missing.pem", "No such file"),
        ("empty.pem", "no certificate in PEM form"),
        ("text.pem", "no certificate in PEM form"),
        ("broken.pem", "cannot be read"),
    ] {
        proxy.home.write_config(&(upstream_section(&format!("ca_file = \"{file}\"")) + &config));
        let is_reported = |status: &serde_json::Value| {
            status["problem"]
                .as_str()
                .is_some_and(|problem| problem.contains("ca_file") && problem.contains(reason))
        };
        proxy.wait_for_status(file, is_reported).await;
        let checked = proxy.home.run(&["config", "check"]);
        let text = stdout(&checked) + &stderr(&checked);
        assert_eq!(checked.status.code(), Some(2), "{file}: {text}");
        assert!(text.contains("upstream.ca_file") && text.contains(reason), "{file}: {text}");
        assert_eq!(
            OPENAI_CHAT.ask(&proxy, false).await.status,
            200,
            "{file}: the last good config stays in force"
        );
    }
}

#[tokio::test]
async fn an_account_that_leads_back_to_this_proxy_is_a_config_problem() {
    for (base_url, port) in [
        ("http://127.0.0.1:8045/v1", ""),
        ("http://localhost:9000/v1", "[proxy]\nport = 9000\n"),
        ("http://[::1]:9000/v1", "[proxy]\nport = 9000\n"),
        ("http://0.0.0.0:9000/v1", "[proxy]\nport = 9000\n"),
    ] {
        let home = Home::with_config(&format!("{port}{}", at(base_url)));
        let checked = home.run(&["config", "check"]);
        let text = stdout(&checked) + &stderr(&checked);
        assert_eq!(checked.status.code(), Some(2), "{base_url}: {text}");
        assert!(text.contains("accounts[0].base_url") && text.contains("portcullis itself"), "{text}");
    }
}

#[tokio::test]
async fn a_request_that_comes_back_is_refused_whichever_way_it_took() {
    let unused = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    for auth in ["off", "strict"] {
        for provider in ["openai", "anthropic", "gemini"] {
            // The port in force differs from the file's, so that the config check does not see the circle.
            let port = free_port();
            let looped = account("looped", provider, &unused, "")
                .replace(&unused.url(), &format!("http://127.0.0.1:{port}"));
            let models = "[models]\n\"gpt-5\" = \"looped/gpt-5\"\n";
            let config = format!(
                "[proxy]\nauth_mode = \"{auth}\"\napi_key = \"sk-client-0123456789\"\n{looped}{models}"
            );
            let port = port.to_string();
            let home = Home::with_config(&config);
            let proxy = TestProxy::serve_home(home, &["serve", "--port", &port]).await;
            let headers = [("content-type", "application/json"), ("x-api-key", "sk-client-0123456789")];
            let body = OPENAI_CHAT.body(false).to_string();
            let answer = proxy.send("POST", "/v1/chat/completions", &headers, &body).await;
            assert_eq!(answer.status.as_u16() / 100, 5, "{provider}: {}", answer.text());
            assert!(
                answer.message().contains("points at portcullis itself"),
                "{provider}: {}",
                answer.text()
            );
            assert_eq!(proxy.wait_for_records(1).await.len(), 1, "{provider}: the request came back once");
            let status = proxy.status().await;
            assert_ne!(account_in(&status, "looped")["state"], "disabled", "{provider}");
            let list = proxy.send("GET", "/v1/models", &headers, "").await;
            assert_eq!(list.status, 200, "{provider}: model lists do not go in circles either");
        }
    }
}

#[tokio::test]
async fn one_portcullis_may_be_the_upstream_of_another() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let inner = TestProxy::with_upstream("openai", &upstream).await;
    let outer = TestProxy::serve(&at(&format!("http://{}/v1", inner.address))).await;
    let answer = OPENAI_CHAT.ask(&outer, false).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = upstream.seen().pop().expect("a request");
    assert_eq!(seen.headers.get_all("x-portcullis-hop").iter().count(), 2, "both have set their mark");
}

#[tokio::test]
async fn connections_are_kept_and_reused() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    for _ in 0..5 {
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200);
    }
    assert!(upstream.connections() <= 4, "{} for 5 requests", upstream.connections());
    upstream.now(Reply::json(200, &json!({})));
}
