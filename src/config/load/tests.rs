use std::fs;

use super::*;
use crate::config::{AuthMode, LanguageSetting};
use crate::language::Language;

fn in_directory(contents: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    fs::write(&path, contents).expect("written");
    (directory, path)
}

#[test]
fn what_is_not_a_regular_file_is_one_clear_problem() {
    let directory = tempfile::tempdir().expect("a directory");
    let cases: [(&str, &[u8], &str); 3] = [
        ("large", &vec![b'#'; (16 << 20) + 1], "is over 16 MiB"),
        ("binary", b"a = 1\nb = \"\xff\"\n", "is not UTF-8 (line 2)"),
        ("utf16", b"\xff\xfea\0", "is not UTF-8 (line 1)"),
    ];
    for (name, contents, expected) in cases {
        let path = directory.path().join(name);
        fs::write(&path, contents).expect("written");
        let problems = read(&path).expect_err(name);
        assert_eq!(problems.list.len(), 1);
        assert_eq!(problems.list[0].message.to_string(), expected);
        assert!(!problems.list[0].fix.is_empty());
    }
    assert_eq!(
        read(directory.path()).expect_err("a directory").list[0].message.to_string(),
        "is a directory"
    );
    let missing = read(&directory.path().join("none")).expect_err("missing");
    assert!(missing.list[0].message.to_string().contains("no such file"), "{missing}");
    assert!(missing.to_string().contains("portcullis config init"), "{missing}");
}

#[test]
fn a_file_of_the_largest_size_is_read() {
    let (_directory, path) = in_directory(&vec![b'#'; 16 << 20]);
    assert_eq!(read(&path).expect("read").text.len(), 16 << 20);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = in_directory(b"language = \"en\"");
    for (mode, warns) in [(0o600, false), (0o400, false), (0o644, true), (0o604, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        assert_eq!(read(&path).expect("read").warnings.len(), usize::from(warns), "{mode:o}");
    }
}

#[tokio::test]
async fn a_whole_file_is_loaded_as_written() {
    let text = r#"
language = "ja"
proxy.auth_mode = "strict"
proxy.api_key = "sk-abcdefghij"
proxy.max_body_mb = 2
zai.models.haiku = "glm-x"

[[accounts]]
name = "local"
provider = "openai-compatible"
base_url = "http://localhost:11434/v1"
models = ["llama*"]
priority = -3

[models]
"z" = "1"
"a" = "2"
"#;
    let (_directory, path) = in_directory(text.as_bytes());
    let loaded = load(&path).await.expect("no problem");
    let config = loaded.config;
    assert_eq!(config.language, LanguageSetting::Fixed(Language::Japanese));
    assert_eq!(config.proxy.auth_mode, AuthMode::Strict);
    assert_eq!(config.proxy.api_key, Secret::Known("sk-abcdefghij".into()));
    assert_eq!(config.proxy.max_body, 2 << 20);
    assert_eq!(config.proxy.port, 8045);
    assert_eq!(config.zai.models["haiku"], "glm-x");
    assert_eq!(config.zai.models["opus"], "glm-4.7");
    let [account] = config.accounts.as_slice() else { panic!("one account") };
    assert_eq!((account.priority, account.weight, account.enabled), (-3, 1, true));
    assert_eq!(account.api_key, Secret::Missing);
    let order: Vec<_> = config.models.iter().map(|(asked, _)| asked.as_str()).collect();
    assert_eq!(order, ["z", "a"], "the order of the file");
}

#[tokio::test]
async fn a_key_that_is_required_and_missing_has_to_be_generated() {
    let cases = [
        ("allow_lan_access = true", true),
        ("allow_lan_access = true\napi_key = \"\"", true),
        ("allow_lan_access = true\nauth_mode = \"off\"", false),
        ("allow_lan_access = true\napi_key = \"sk-q7Jd0aVwPz\"", false),
        ("auth_mode = \"strict\"", true),
        ("auth_mode = \"all_except_health\"", true),
        ("auth_mode = \"auto\"", false),
        ("auth_mode = \"strict\"\napi_key = { env = \"PORTCULLIS_TEST_UNSET\" }", false),
    ];
    for (proxy, needs_key) in cases {
        let text = format!("[proxy]\n{proxy}\n");
        let loaded = load_text(&text, Path::new("config.toml")).await.expect("no problem");
        assert_eq!(loaded.needs_key, needs_key, "{proxy}");
    }
}

#[tokio::test]
async fn a_client_key_from_elsewhere_obeys_the_same_rules() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    let cases = [
        ("sk-q7Jd0aVwPz\n", "", None),
        ("pk-1\n", "", Some("does not start with sk-")),
        ("sk-xxxxxxxxxx", "allow_lan_access = true\n", Some("placeholder")),
    ];
    for (key, more, expected) in cases {
        fs::write(directory.path().join("key"), key).expect("written");
        let text = format!("[proxy]\n{more}api_key = {{ file = \"key\" }}\n");
        match (load_text(&text, &path).await, expected) {
            (Ok(_), None) => {}
            (Err(problems), Some(words)) => {
                assert!(problems.to_string().contains(words), "{problems}");
                assert!(problems.list[0].line > 0, "{problems}");
                assert!(!problems.to_string().contains(key.trim()), "{problems}");
            }
            (found, _) => panic!("{key}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn an_account_whose_secret_cannot_be_looked_up_is_a_warning() {
    let text = "\
[[accounts]]
name = \"one\"
provider = \"gemini\"
api_key = { env = \"PORTCULLIS_TEST_UNSET\" }
[[accounts]]
name = \"two\"
provider = \"gemini\"
api_key = \"AIza-two\"
";
    let loaded = load_text(text, Path::new("config.toml")).await.expect("no problem");
    assert!(
        loaded.config.accounts[0]
            .api_key
            .reason()
            .is_some_and(|reason| reason.to_string().contains("not set"))
    );
    assert!(loaded.config.accounts[1].api_key.as_known().is_some());
    assert_eq!(loaded.warnings.len(), 1);
    assert!(
        loaded.warnings[0].to_string().starts_with("account one: environment variable"),
        "{}",
        loaded.warnings[0]
    );
}

#[tokio::test]
async fn a_mapping_to_a_model_that_no_account_serves_is_a_warning() {
    let account = |name: &str, more: &str| {
        format!("[[accounts]]\nname = \"{name}\"\nprovider = \"gemini\"\napi_key = \"AIza-x\"\n{more}\n")
    };
    let mapped = |target: &str| format!("[models]\n\"gpt-*\" = \"{target}\"\n");
    let (one, listed) = (account("one", ""), account("two", "models = [\"org/llama-*\"]"));
    let off = account("off", "enabled = false");
    for (accounts, target, warns) in [
        (&one, "gemini-3-flash", false),
        (&one, "one/anything", false),
        (&one, "gemini/anything", false),
        (&one, "claude-sonnet-5", true),
        (&one, "nobody/gemini-3-flash", true),
        (&one, "anthropic/claude-sonnet-5", true),
        (&listed, "org/llama-4", false),
        (&listed, "gemini-3-flash", true),
        (&off, "gemini-3-flash", true),
        (&String::new(), "gemini-3-flash", false),
    ] {
        let text = mapped(target) + accounts;
        let loaded = load_text(&text, Path::new("config.toml")).await.expect("no problem");
        let words: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
        let expected = warns.then(|| format!("models.\"gpt-*\": no account serves {target}"));
        assert_eq!(words, Vec::from_iter(expected), "{text}");
    }
}

#[tokio::test]
async fn ten_thousand_accounts_load() {
    use std::fmt::Write;
    let mut text = String::new();
    for number in 0..10_000 {
        writeln!(text, "[[accounts]]\nname = \"a{number}\"\nprovider = \"gemini\"\napi_key = \"k{number}\"")
            .expect("a string takes it");
    }
    let loaded = load_text(&text, Path::new("config.toml")).await.expect("no problem");
    assert_eq!(loaded.config.accounts.len(), 10_000);
    assert_eq!(loaded.config.accounts[9_999].api_key, Secret::Known("k9999".into()));
}

#[tokio::test]
async fn problems_carry_the_path_they_were_loaded_from() {
    let (_directory, path) = in_directory(b"[proxy]\nport = 70000\n");
    let problems = load(&path).await.expect_err("a problem");
    let expected = format!(
        "{}:2:8: proxy.port: 70000 is too large; write a whole number from 0 to 65535",
        path.display()
    );
    assert_eq!(problems.to_string(), expected);
}
