use proptest::prelude::*;

use super::super::problems_in;
use super::*;
use crate::config::schema;

/// Checks texts with one problem each: its place, its key, and a word of its text.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (text, position, key, words) in cases {
        let problems = problems_in(text);
        let [problem] = problems.as_slice() else { panic!("{text}: {problems:#?}") };
        assert_eq!(format!("{}:{}", problem.line, problem.column), *position, "{text}: {problem}");
        assert_eq!(problem.key, *key, "{text}");
        let whole = format!("{}; {}", problem.message, problem.fix);
        assert!(whole.contains(words), "{text}: {whole}");
    }
}

#[test]
fn an_unknown_key_gets_the_nearest_known_one() {
    check(&[
        ("langauge = \"en\"", "1:1", "langauge", "did you mean `language`?"),
        ("[proxy]\napikey = \"x\"", "2:1", "proxy.apikey", "did you mean `api_key`?"),
        (
            "[proxy]\nallow-lan-access = true",
            "2:1",
            "proxy.allow-lan-access",
            "did you mean `allow_lan_access`?",
        ),
        ("[proxi]\nport = 1", "1:2", "proxi", "did you mean `proxy`?"),
        ("port = 8045", "1:1", "port", "it belongs under [proxy]"),
        ("[pool]\nwhatever = 1", "2:1", "pool.whatever", "strategy, max_attempts, max_cooldown_secs"),
        ("[zai]\nmodels = { opuss = \"x\" }", "2:12", "zai.models.opuss", "did you mean `opus`?"),
        ("proxy.prot = 1", "1:7", "proxy.prot", "did you mean `port`?"),
        ("[proxy]\n\"日本\" = 1", "2:1", "proxy.\"日本\"", "unknown key"),
    ]);
}

#[test]
fn a_value_of_the_wrong_type_gets_the_right_type() {
    check(&[
        ("[proxy]\nport = \"8045\"", "2:8", "proxy.port", "is text; write a whole number from 0 to 65535"),
        ("[proxy]\nport = 8045.0", "2:8", "proxy.port", "is a number with a fraction"),
        ("[proxy]\nallow_lan_access = \"yes\"", "2:20", "proxy.allow_lan_access", "write true or false"),
        ("[proxy]\nallow_lan_access = 1", "2:20", "proxy.allow_lan_access", "is a number"),
        ("language = true", "1:12", "language", "one of \"auto\", \"en\", \"ja\", \"zh-CN\""),
        ("[upstream]\nproxy = 1979-05-27", "2:9", "upstream.proxy", "is a date; write text in quotes"),
        ("[proxy]\nallowed_hosts = \"a\"", "2:17", "proxy.allowed_hosts", "write a list"),
        (
            "[proxy]\nallowed_hosts = [\n  \"a\",\n  2,\n]",
            "4:3",
            "proxy.allowed_hosts[1]",
            "write text in quotes",
        ),
        ("proxy = 1", "1:9", "proxy", "is a number"),
        ("[[proxy]]\nport = 1", "1:3", "proxy", "write [proxy] with single brackets"),
        ("[accounts]\nname = \"a\"", "1:2", "accounts", "write [[accounts]] with double brackets"),
        ("accounts = [1]", "1:13", "accounts[0]", "is a number"),
        ("[models]\na = 1", "2:5", "models.a", "write text in quotes"),
        ("[prices]\na = 1", "2:5", "prices.a", "is a number; write { input = 1, output = 1"),
        ("[prices]\na = { input = \"1\", output = 2 }", "2:15", "prices.a.input", "is text; write a number"),
    ]);
}

#[test]
fn a_number_out_of_range_gets_the_range() {
    check(&[
        (
            "[proxy]\nport = 65536",
            "2:8",
            "proxy.port",
            "65536 is too large; write a whole number from 0 to 65535",
        ),
        ("[proxy]\nport = -1", "2:8", "proxy.port", "-1 is too small"),
        ("[proxy]\nrequest_timeout_secs = 0", "2:24", "proxy.request_timeout_secs", "from 1 to 86400"),
        ("[proxy]\nmax_body_mb = 9223372036854775807", "2:15", "proxy.max_body_mb", "too large"),
        ("[proxy]\ndrain_timeout_secs = 0", "2:22", "proxy.drain_timeout_secs", "too small"),
        ("[pool]\nmax_attempts = 0", "2:16", "pool.max_attempts", "too small"),
        ("[upstream]\nconnect_timeout_secs = 0", "2:24", "upstream.connect_timeout_secs", "too small"),
        (
            "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\nweight = 0",
            "4:10",
            "accounts[0].weight",
            "from 1 to 1000",
        ),
    ]);
}

#[test]
fn an_unknown_choice_gets_the_nearest_one() {
    check(&[
        ("language = \"fr\"", "1:12", "language", "write one of"),
        ("language = \"english\"", "1:12", "language", "did you mean \"en\"?"),
        ("[pool]\nstrategy = \"round-robin\"", "2:12", "pool.strategy", "did you mean \"round_robin\"?"),
        ("[proxy]\nauth_mode = \"all_except_healthz\"", "2:13", "proxy.auth_mode", "\"all_except_health\"?"),
        (
            "[[accounts]]\nname = \"a\"\nprovider = \"OpenAI\"",
            "3:12",
            "accounts[0].provider",
            "did you mean \"openai\"?",
        ),
        (
            "[[accounts]]\nname = \"a\"\nprovider = \"openai_compatible\"",
            "3:12",
            "accounts[0].provider",
            "did you mean \"openai-compatible\"?",
        ),
    ]);
}

#[test]
fn an_account_without_name_or_provider_is_refused_at_its_header() {
    check(&[
        ("language = \"en\"\n\n[[accounts]]\nprovider = \"demo\"", "3:1", "accounts[0].name", "is missing"),
        ("[[accounts]]\nname = \"a\"", "1:1", "accounts[0].provider", "provider = \"gemini\""),
        ("accounts = [{ name = \"a\" }]", "1:13", "accounts[0].provider", "is missing"),
    ]);
}

#[test]
fn every_form_of_a_secret_is_accepted_and_no_other() {
    let forms = [
        "\"sk-abcdefghij\"",
        "{ env = \"NAME\" }",
        "{ file = \"path\" }",
        "{ keyring = \"name\" }",
        "{ command = [\"pass\", \"show\"] }",
        "\"\"",
    ];
    for form in forms {
        let text = format!("[proxy]\napi_key = {form}");
        assert_eq!(problems_in(&text), [], "{text}");
    }
    check(&[
        ("[proxy]\napi_key = 5", "2:11", "proxy.api_key", "text in quotes or { env = \"…\" } or { file"),
        ("[proxy]\napi_key = [\"a\"]", "2:11", "proxy.api_key", "is a list"),
        ("[proxy]\napi_key = {}", "2:11", "proxy.api_key", "is an empty table"),
        ("[proxy]\napi_key = { enc = \"A\" }", "2:13", "proxy.api_key.enc", "did you mean `env`?"),
        (
            "[proxy]\napi_key = { enviroment = \"A\" }",
            "2:13",
            "proxy.api_key.enviroment",
            "did you mean `env`?",
        ),
        ("[proxy]\napi_key = { env = 5 }", "2:19", "proxy.api_key.env", "write text in quotes"),
        ("[proxy]\napi_key = { env = \"A\", file = \"b\" }", "2:24", "proxy.api_key.file", "unknown key"),
        ("[proxy]\napi_key = { command = \"pass show\" }", "2:23", "proxy.api_key.command", "write a list"),
        ("[proxy]\napi_key = { command = [] }", "2:23", "proxy.api_key.command", "is empty"),
        ("[proxy.api_key]\nenvv = \"A\"", "2:1", "proxy.api_key.envv", "did you mean `env`?"),
    ]);
}

#[test]
fn a_syntax_error_is_one_problem_at_its_place() {
    check(&[
        ("[proxy\nport = 1", "1:7", "", "not TOML"),
        ("[proxy]\nport = 1\nport = 2", "3:1", "", "duplicate key"),
        ("[proxy]\nport = ", "2:8", "", "not TOML"),
        ("[proxy]\nport 8045", "2:6", "", "not TOML"),
        ("[proxy]\napi_key = \"sk-", "2:15", "", "not TOML"),
    ]);
}

#[test]
fn an_empty_file_is_a_problem() {
    for text in ["", " \n\t\n", "\u{feff}"] {
        let problems = problems_in(text);
        assert_eq!(problems.len(), 1, "{text:?}");
        assert_eq!(problems[0].message.to_string(), "is empty");
    }
}

#[test]
fn all_problems_of_a_file_are_found_at_once_and_stand_in_order() {
    let text = "\
language = 5
[proxy]
port = 99999
allowd_hosts = []
api_key = \"short\"
[[accounts]]
name = \"a/b\"
provider = \"gemeni\"
[[accounts]]
name = \"c\"
provider = \"gemini\"
base_url = \"https://g.example/v1?key=1\"
[models]
x = \"\"
";
    let found: Vec<_> = problems_in(text).into_iter().map(|problem| (problem.line, problem.key)).collect();
    let expected = [
        (1, "language"),
        (3, "proxy.port"),
        (4, "proxy.allowd_hosts"),
        (5, "proxy.api_key"),
        (7, "accounts[0].name"),
        (8, "accounts[0].provider"),
        (9, "accounts[1].api_key"),
        (12, "accounts[1].base_url"),
        (14, "models.x"),
    ];
    let expected = expected.map(|(line, key)| (line, key.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn an_unsound_value_is_not_also_called_missing() {
    let text = "[[accounts]]\nname = \"a\"\nprovider = \"gemini\"\napi_key = { envv = \"A\" }\n";
    let problems = problems_in(text);
    assert_eq!(problems.len(), 1, "{problems:#?}");
}

#[test]
fn columns_count_characters() {
    check(&[("[models]\n\"日本語\" = 1", "2:9", "models.\"日本語\"", "is a number")]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    assert_eq!(problems_in("\u{feff}[proxy]\r\nport = 1\r\n"), []);
    check(&[("\u{feff}language = 1\r\n", "1:13", "language", "is a number")]);
}

#[test]
fn no_message_repeats_a_text_that_looks_like_a_key() {
    let text = "language = \"sk-abcdefghijklmnop\"\n[proxy]\napi_key = \"pk-secretsecret\"\n";
    let words: String = problems_in(text).iter().map(ToString::to_string).collect();
    assert!(!words.contains("abcdefghijklmnop") && !words.contains("secretsecret"), "{words}");
}

#[test]
fn of_thousands_of_problems_the_first_are_listed_and_the_rest_counted() {
    use std::fmt::Write;
    let mut text = String::new();
    for number in 0..5_000 {
        writeln!(text, "unknown_{number} = 1").expect("a string takes it");
    }
    let problems = problems_in(&text);
    assert_eq!(problems.len(), 100);
    assert!(problems[99].fix.to_string().contains("4900 more problems"), "{}", problems[99].fix);
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    for text in ["a.".repeat(200_000) + "a = 1", format!("a = {}", "[".repeat(200_000)), "[a".repeat(100_000)]
    {
        assert_eq!(problems_in(&text).len(), 1);
    }
}

/// Each object of the schema is closed, and every key is described.
#[test]
fn the_schema_is_closed_and_explains_every_key() {
    fn walk(schema: &Json, path: &str) {
        assert!(!schema.to_string().contains("\"null\""), "{path} allows null");
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{path}");
            for (key, property) in properties {
                assert!(property["description"].is_string(), "{path}.{key} has no description");
                walk(property, &format!("{path}.{key}"));
            }
        }
        if schema["type"] == "integer" {
            assert!(schema["minimum"].is_i64() && schema["maximum"].is_i64(), "{path} has no range");
        }
        if schema["type"] == "number" {
            assert!(schema["minimum"].is_number() && schema["maximum"].is_number(), "{path} has no range");
        }
        for alternative in schema["anyOf"].as_array().into_iter().flatten() {
            walk(alternative, path);
        }
        if schema["items"].is_object() {
            walk(&schema["items"], &format!("{path}[]"));
        }
    }
    walk(&schema(), "");
    assert_eq!(
        schema()["properties"]["proxy"]["properties"]["api_key"]["anyOf"].as_array().map(Vec::len),
        Some(5)
    );
}

/// A file with every default of the schema must mean the same as an empty file.
#[test]
fn the_defaults_in_the_schema_are_the_defaults_in_use() {
    fn write(schema: &Json, prefix: &str, text: &mut String, count: &mut usize) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            if let Some(default) = property.get("default") {
                text.push_str(&[&path, " = ", &default.to_string(), "\n"].concat());
                *count += 1;
            } else {
                write(property, &path, text, count);
            }
        }
    }
    let (mut text, mut count) = (String::new(), 0);
    write(&schema(), "", &mut text, &mut count);
    assert_eq!(problems_in(&text), []);
    assert!(count >= 30, "{count} defaults");
    let document = Document::parse(text.as_str()).expect("TOML");
    let file = super::check(&document).file;
    let secrets = crate::config::resolve::Secrets::from_found(Vec::new());
    assert_eq!(crate::config::resolve::resolve(file, secrets), crate::config::Config::default());
}

/// Text that resembles a configuration, so that the parser accepts more of it.
fn nearly_a_config() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("[proxy]".to_owned()),
        Just("[[accounts]]".to_owned()),
        Just("[models]".to_owned()),
        Just("[zai.models]".to_owned()),
        "(port|name|provider|api_key|base_url|models|enabled|x) = (1|-5|2\\.5|true|\"[a-z/:*é]{0,9}\"|\\[\\]|\\[1\\]|\\{ env = \"A\" \\}|\\{ x = 1 \\}|\\{\\})",
        "\\PC{0,20}",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

fn problems_lie_within(text: &str) -> Result<(), TestCaseError> {
    for problem in problems_in(text) {
        prop_assert!(problem.line <= text.split('\n').count(), "{}", problem);
        if problem.line > 0 {
            let line = text.split('\n').nth(problem.line - 1).unwrap_or_default();
            prop_assert!(problem.column >= 1 && problem.column <= line.chars().count() + 1, "{}", problem);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_checked_without_a_crash(text in "\\PC*") {
        problems_lie_within(&text)?;
    }

    #[test]
    fn nearly_valid_text_is_checked_without_a_crash(text in nearly_a_config()) {
        problems_lie_within(&text)?;
    }

    #[test]
    fn showing_never_fails_where_checking_parses(text in nearly_a_config()) {
        let parses = Document::parse(text.as_str()).is_ok();
        prop_assert_eq!(redact::redacted(&text, std::path::Path::new("x")).is_ok(), parses);
    }
}
