use super::super::problems_in;

/// Each text with the key that it is refused for and a word of the reason; an empty key means
/// that it is accepted.
fn check(cases: &[(&str, &str, &str)]) {
    for (text, key, words) in cases {
        let problems = problems_in(text);
        if key.is_empty() {
            assert_eq!(problems, [], "{text}");
            continue;
        }
        let [problem] = problems.as_slice() else { panic!("{text}: {problems:#?}") };
        assert_eq!(problem.key, *key, "{text}");
        assert!(problem.message.to_string().contains(words), "{text}: {}", problem.message);
        assert!(!problem.fix.is_empty(), "{text}");
        assert!(problem.line > 0, "{text}");
    }
}

fn account(rest: &str) -> String {
    format!("[[accounts]]\nname = \"mine\"\n{rest}")
}

fn check_accounts(cases: &[(&str, &str, &str)]) {
    for (rest, key, words) in cases {
        check(&[(&account(rest), key, words)]);
    }
}

#[test]
fn a_client_key_is_checked_for_where_it_is_used() {
    check(&[
        ("[proxy]\napi_key = \"sk-abcdefg\"", "", ""),
        ("[proxy]\napi_key = \"\"", "", ""),
        ("[proxy]\napi_key = \"\"\nallow_lan_access = true", "", ""),
        ("[proxy]\napi_key = \"abcdefghijkl\"", "proxy.api_key", "does not start with sk-"),
        ("[proxy]\napi_key = \"sk-abc\"", "proxy.api_key", "fewer than 10"),
        ("[proxy]\napi_key = \"sk-abcdefg \"", "proxy.api_key", "spaces"),
        ("[proxy]\napi_key = \"sk-xxxxxxxxxx\"", "", ""),
        ("[proxy]\napi_key = \"sk-xxxxxxxxxx\"\nallow_lan_access = true", "proxy.api_key", "placeholder"),
        ("[proxy]\napi_key = { env = \"MY_KEY\" }", "", ""),
        ("[proxy]\napi_key = { env = \"MY-KEY\" }", "proxy.api_key.env", "name of a variable"),
        ("[proxy]\napi_key = { env = \"\" }", "proxy.api_key.env", "name of a variable"),
        ("[proxy]\napi_key = { file = \"\" }", "proxy.api_key.file", "empty"),
        ("[proxy]\napi_key = { keyring = \"\" }", "proxy.api_key.keyring", "empty"),
        ("[proxy]\napi_key = { command = [\"\"] }", "proxy.api_key.command", "a program"),
    ]);
}

#[test]
fn hosts_are_bare_and_origins_are_whole() {
    for host in ["proxy", "proxy.home.arpa", "192.168.1.5", "::1", "[fd00::1]", "bücher.example", "my_box"] {
        check(&[(&format!("[proxy]\nallowed_hosts = [\"{host}\"]"), "", "")]);
    }
    for host in ["", "*", "*.lan", "http://proxy", "proxy:8045", "proxy/x", "a b", "me@proxy", "[::1]:80"] {
        let text = format!("[proxy]\nallowed_hosts = [\"{host}\"]");
        check(&[(&text, "proxy.allowed_hosts[0]", "bare host name")]);
    }
    for origin in
        ["https://chat.example.com", "http://localhost:3000", "app://obsidian.md", "vscode-webview://abc"]
    {
        check(&[(&format!("[proxy]\nallowed_origins = [\"{origin}\"]"), "", "")]);
    }
    for origin in [
        "*",
        "https://*",
        "https://*.example.com",
        "null",
        "chat.example.com",
        "https://a.example/",
        "https://",
        "https://u@a.example",
        "https://a.example:x",
    ] {
        let text = format!("[proxy]\nallowed_origins = [\"{origin}\"]");
        check(&[(&text, "proxy.allowed_origins[0]", "not an origin")]);
    }
}

#[test]
fn an_account_name_is_usable_in_a_pin() {
    for name in ["gemini-work", "Büro 2", "a", "openai-compatible-2"] {
        check(&[(&format!("[[accounts]]\nname = \"{name}\"\nprovider = \"demo\""), "", "")]);
    }
    let cases = [
        ("", "empty"),
        ("  ", "empty"),
        ("a/b", "`/`"),
        ("a\\u0007b", "control character"),
        (" a", "space"),
        ("gemini", "name of another provider"),
        ("openai-compatible", "name of another provider"),
        ("z.ai", "name of another provider"),
    ];
    for (name, words) in cases {
        let text = format!("[[accounts]]\nname = \"{name}\"\nprovider = \"demo\"");
        check(&[(&text, "accounts[0].name", words)]);
    }
}

#[test]
fn account_names_are_unique() {
    let one = "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n";
    check(&[(&one.repeat(2), "accounts[1].name", "accounts[0] too")]);
}

#[test]
fn an_account_has_the_key_that_its_provider_needs() {
    check_accounts(&[
        ("provider = \"gemini\"\napi_key = \"k\"", "", ""),
        ("provider = \"gemini\"\napi_key = { env = \"K\" }", "", ""),
        ("provider = \"gemini\"", "accounts[0].api_key", "missing"),
        ("provider = \"anthropic\"\napi_key = \"\"", "accounts[0].api_key", "missing"),
        ("provider = \"openai\"", "accounts[0].api_key", "missing"),
        ("provider = \"zai\"", "accounts[0].api_key", "missing"),
        ("provider = \"demo\"", "", ""),
        ("provider = \"openai-compatible\"\nbase_url = \"http://localhost:1/v1\"", "", ""),
        (
            "provider = \"gemini\"\napi_key = \"two words\"",
            "accounts[0].api_key",
            "character that no key has",
        ),
        ("provider = \"gemini\"\napi_key = \"k\\n\"", "accounts[0].api_key", "spaces"),
    ]);
}

#[test]
fn an_account_has_the_base_url_that_its_provider_builds_on() {
    check_accounts(&[
        ("provider = \"openai-compatible\"", "accounts[0].base_url", "missing"),
        ("provider = \"openai-compatible\"\nbase_url = \"\"", "accounts[0].base_url", "missing"),
        ("provider = \"gemini\"\napi_key = \"k\"\nbase_url = \"\"", "", ""),
        (
            "provider = \"gemini\"\napi_key = \"k\"\nbase_url = \"https://generativelanguage.googleapis.com/v1\"",
            "accounts[0].base_url",
            "version",
        ),
        ("provider = \"gemini\"\napi_key = \"k\"\nbase_url = \"https://g.example/v1\"", "", ""),
        (
            "provider = \"openai-compatible\"\nbase_url = \"http://localhost:8045/v1\"",
            "accounts[0].base_url",
            "portcullis itself",
        ),
        (
            "provider = \"gemini\"\napi_key = \"k\"\nbase_url = \"http://g.example\"",
            "accounts[0].base_url",
            "unencrypted",
        ),
    ]);
}

#[test]
fn zai_needs_its_key_only_when_it_takes_part() {
    check(&[
        ("[zai]\nenabled = true", "", ""),
        ("[zai]\ndispatch_mode = \"pooled\"", "", ""),
        ("[zai]\nenabled = true\ndispatch_mode = \"off\"", "", ""),
        ("[zai]\nenabled = true\ndispatch_mode = \"pooled\"", "zai.api_key", "missing"),
        ("[zai]\nenabled = true\ndispatch_mode = \"pooled\"\napi_key = \"\"", "zai.api_key", "missing"),
        ("[zai]\nenabled = true\ndispatch_mode = \"pooled\"\napi_key = \"k\"", "", ""),
        ("[zai]\nenabled = true\ndispatch_mode = \"pooled\"\napi_key = { keyring = \"k\" }", "", ""),
        ("[zai]\nbase_url = \"https://api.z.ai/api/anthropic/v1\"", "zai.base_url", "version"),
        ("[zai]\nmodels = { opus = \"\" }", "zai.models.opus", "empty"),
    ]);
}

#[test]
fn an_outgoing_proxy_is_a_proxy_url() {
    check(&[
        ("[upstream]\nproxy = \"\"", "", ""),
        ("[upstream]\nproxy = \"socks5h://127.0.0.1:1080\"", "", ""),
        ("[upstream]\nproxy = \"127.0.0.1:1080\"", "upstream.proxy", "not a URL"),
        ("[upstream]\nproxy = \"socks4://127.0.0.1\"", "upstream.proxy", "scheme"),
    ]);
}

#[test]
fn models_map_a_name_to_a_name() {
    check(&[
        ("[models]\n\"claude-*\" = \"gemini-3-flash\"", "", ""),
        ("[models]\na = \"gemini/gemini-3-flash\"", "", ""),
        ("[models]\na = \"meta-llama/llama-3\"", "", ""),
        ("[models]\na = \"nobody/\"", "", ""),
        ("[models]\na = \"gemini/\"", "models.a", "names no model"),
        ("[models]\na = \"\"", "models.a", "empty"),
        ("[models]\n\"\" = \"b\"", "models.\"\"", "empty"),
        ("[models]\na = \"gpt-*\"", "models.a", "pattern"),
        ("[models]\n\"gpt 4 \" = \"b\"", "models.\"gpt 4 \"", "space"),
        (
            "[[accounts]]\nname = \"mine\"\nprovider = \"demo\"\n[models]\na = \"mine/\"",
            "models.a",
            "names no model",
        ),
        (
            "[[accounts]]\nname = \"mine\"\nprovider = \"demo\"\nmodels = [\"ok-*\", \"\"]",
            "accounts[0].models[1]",
            "empty",
        ),
    ]);
}

#[test]
fn a_price_names_a_model_and_is_not_negative() {
    check(&[
        ("[prices]\n\"gpt-5*\" = { input = 1.25, cached_input = 0.125, output = 10 }", "", ""),
        ("[prices.\"my/model\"]\ninput = 0\noutput = 0", "", ""),
        ("[prices]\na = { input = 1 }", "prices.a.output", "is missing"),
        ("[prices]\na = { input = -1, output = 0 }", "prices.a.input", "out of range"),
        ("[prices]\na = { input = nan, output = 0 }", "prices.a.input", "out of range"),
        ("[prices]\na = { input = 0, output = inf }", "prices.a.output", "out of range"),
        ("[prices]\na = { input = 0, output = 0, cached = 0 }", "prices.a.cached", "unknown key"),
        ("[prices]\n\"\" = { input = 0, output = 0 }", "prices.\"\"", "empty model name"),
    ]);
}

#[test]
fn a_collector_is_a_base_url_without_secrets() {
    let endpoint = |url: &str| format!("[telemetry]\notlp_endpoint = \"{url}\"");
    for (url, words) in [
        ("", ""),
        ("http://127.0.0.1:4318", ""),
        ("https://collector.example.com/otlp/", ""),
        ("127.0.0.1:4318", "is not a URL"),
        ("grpc://127.0.0.1:4317", "scheme"),
        ("http://me:secret@127.0.0.1:4318", "user name or a password"),
        ("http://127.0.0.1:4318/v1/traces", "path of one signal"),
        ("http://127.0.0.1:4318?key=1", "query"),
    ] {
        let key = if words.is_empty() { "" } else { "telemetry.otlp_endpoint" };
        check(&[(&endpoint(url), key, words)]);
    }
}

#[test]
fn a_release_feed_is_required_for_the_check_and_cannot_be_forged() {
    check(&[
        ("[updates]\ncheck = false", "", ""),
        ("[updates]\ncheck = true\nurl = \"https://api.github.com/repos/o/p/releases/latest\"", "", ""),
        ("[updates]\nurl = \"http://127.0.0.1:3000/releases\"", "", ""),
        ("[updates]\ncheck = true", "updates.url", "is missing"),
        ("[updates]\ncheck = true\nurl = \"\"", "updates.url", "is missing"),
        ("[updates]\nurl = \"http://example.com/releases\"", "updates.url", "forged"),
        ("[updates]\nurl = \"https://me:secret@example.com/\"", "updates.url", "user name"),
        ("[updates]\nurl = \"example.com\"", "updates.url", "not a URL"),
    ]);
}

#[test]
fn no_upstream_leads_back_to_the_proxy() {
    let account = |url: &str| {
        format!("[[accounts]]\nname = \"a\"\nprovider = \"openai-compatible\"\nbase_url = \"{url}\"\n")
    };
    for url in
        ["http://127.0.0.1:9000/v1", "http://[::1]:9000", "http://0.0.0.0:9000", "http://x.localhost:9000"]
    {
        check(&[(&format!("[proxy]\nport = 9000\n{}", account(url)), "accounts[0].base_url", "itself")]);
        check(&[(&format!("[proxy]\nport = 9001\n{}", account(url)), "", "")]);
    }
    check(&[("[zai]\nbase_url = \"http://localhost:8045\"", "zai.base_url", "itself")]);
}

#[test]
fn exceptions_of_the_outgoing_proxy_are_hosts_domains_or_networks() {
    check(&[
        ("[upstream]\nno_proxy = [\"corp.example\", \"10.0.0.0/8\", \"*.lan\"]", "", ""),
        ("[upstream]\nno_proxy = [\"a\", \"http://b\"]", "upstream.no_proxy[1]", "not a host"),
        ("[upstream]\nproxy = \"http://me:a/b@proxy:1\"", "upstream.proxy", "encoded"),
    ]);
}
