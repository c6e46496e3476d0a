use std::path::Path;

use toml_edit::Value;

use super::super::{EditError, NewAccount, add_account_as, set_account_keys_as, set_all_as};
use super::Editor;
use crate::config::SecretSource;
use crate::protocol::Provider;

const FILE: &str = r#"
[upstream]
proxy = ""

[zai]
api_key = "zai-key"

[[accounts]]
name = "own"
provider = "openai"
api_key = "sk-own"

[[accounts]]
name = "box"
provider = "openai-compatible"
api_key = { env = "BOX_KEY" }
base_url = "https://box.example:8443/v1"
models = ["*"]

[[accounts]]
name = "open"
provider = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
models = ["*"]

[[accounts]]
name = "table"
provider = "anthropic"
[accounts.api_key]
file = "/run/key"
"#;

/// The key that an edit is refused for; `None` when it was written.
fn refused(change: impl FnOnce(&Path) -> Result<(), EditError>) -> Option<String> {
    refused_in(FILE, change)
}

fn refused_in(file: &str, change: impl FnOnce(&Path) -> Result<(), EditError>) -> Option<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, file).expect("written");
    let outcome = change(&path);
    let is_untouched = std::fs::read_to_string(&path).expect("read") == file;
    match outcome {
        Ok(()) => None,
        Err(EditError::Problems(problems)) => {
            assert!(is_untouched, "{problems}");
            Some(problems.list[0].key.clone())
        }
        Err(error) => panic!("{error}"),
    }
}

fn edit(name: &str, values: &[(&str, Value)]) -> Option<String> {
    edit_as(Editor::Owner, name, values)
}

fn edit_as(editor: Editor, name: &str, values: &[(&str, Value)]) -> Option<String> {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    refused(|path| set_account_keys_as(editor, path, name, values))
}

fn place(text: &str) -> Value {
    text.parse().expect("a value")
}

#[test]
fn a_key_stays_with_the_server_it_was_entered_for() {
    let own = || Some("accounts[0].api_key".to_owned());
    let cases = [
        ("own", "https://evil.example/v1", own()),
        ("own", "http://api.openai.com/v1", own()),
        ("own", "https://api.openai.com:8443/v1", own()),
        ("own", "https://api.openai.com.evil.example/v1", own()),
        ("own", "https://api.openai.com/other/v1", None),
        ("own", "https://api.openai.com:443/v1", None),
        ("own", "", None),
        ("box", "https://box.example:8443/v2", None),
        ("box", "https://box.example/v1", Some("accounts[1].api_key".to_owned())),
        ("open", "https://anywhere.example/v1", None),
        ("table", "https://evil.example", Some("accounts[3].api_key".to_owned())),
    ];
    for (name, base_url, expected) in cases {
        assert_eq!(edit(name, &[("base_url", base_url.into())]), expected, "{name} {base_url}");
    }
    let with_key = [("base_url", "https://evil.example/v1".into()), ("api_key", "sk-new".into())];
    for name in ["own", "box", "open"] {
        assert_eq!(edit(name, &with_key), None, "{name} with a key of its own");
    }
    let file = FILE.replace("name = \"own\"", "name = \"own\"\nbase_url = \"https://own.example/v1\"");
    let back = |path: &Path| {
        set_account_keys_as(Editor::Owner, path, "own", vec![("base_url".to_owned(), "".into())])
    };
    assert_eq!(refused_in(&file, back), own(), "the provider's own is another server, too");
}

#[test]
fn a_page_cannot_add_a_place_that_the_file_does_not_name_for_that_server() {
    let source = |text: &str, base_url: &str| [("api_key", place(text)), ("base_url", Value::from(base_url))];
    let at_home = "https://box.example:8443/v1";
    let (evil, claude) = ("https://evil.example/v1", "https://api.anthropic.com/v1");
    // What is refused to a page, and to a process of the user.
    let cases = [
        ("{ env = \"BOX_KEY\" }", at_home, None, None),
        ("{ env = \"BOX_KEY\" }", evil, Some("env"), Some("env")),
        ("{ file = \"/run/key\" }", claude, None, None),
        ("{ file = \"/run/key\" }", at_home, Some("file"), Some("file")),
        ("{ env = \"HOME\" }", at_home, Some("env"), None),
        ("{ file = \"BOX_KEY\" }", at_home, Some("file"), None),
        ("{ file = \"/etc/machine-id\" }", at_home, Some("file"), None),
        ("{ keyring = \"login\" }", at_home, Some("keyring"), None),
        ("\"sk-typed\"", evil, None, None),
    ];
    for (written, base_url, page, owner) in cases {
        let values = source(written, base_url);
        for (editor, expected) in [(Editor::Page, page), (Editor::Owner, owner)] {
            let expected = expected.map(|kind| format!("accounts[1].api_key.{kind}"));
            assert_eq!(edit_as(editor, "box", &values), expected, "{editor:?} {written} {base_url}");
        }
    }
    let add = |editor, env: &str, base_url: &str| {
        let account = NewAccount {
            name: "new".to_owned(),
            provider: Provider::OpenAiCompatible,
            api_key: Some(SecretSource::Env { env: env.to_owned() }),
            base_url: Some(base_url.to_owned()),
            models: vec!["*".to_owned()],
        };
        refused(|path| add_account_as(editor, path, &account))
    };
    assert_eq!(add(Editor::Page, "BOX_KEY", at_home), None);
    let elsewhere = Some("accounts[4].api_key.env".to_owned());
    assert_eq!(add(Editor::Page, "BOX_KEY", evil), elsewhere);
    assert_eq!(add(Editor::Page, "OTHER", at_home), elsewhere);
    assert_eq!(add(Editor::Owner, "OTHER", evil), None);
    assert_eq!(add(Editor::Owner, "BOX_KEY", evil), elsewhere);
}

#[test]
fn settings_that_send_keys_elsewhere_are_refused() {
    let set_in = |file: &str, editor, values: &[(&str, &str)]| {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        refused_in(file, |path| set_all_as(editor, path, values))
    };
    let set = |values: &[(&str, &str)]| set_in(FILE, Editor::Owner, values);
    let evil = ("zai.base_url", "https://evil.example/api");
    assert_eq!(set(&[evil]).as_deref(), Some("zai.api_key"));
    assert_eq!(set(&[evil, ("zai.api_key", "another")]), None);
    assert_eq!(set(&[("zai.base_url", "https://api.z.ai/api/other")]), None);

    let proxy = ("upstream.proxy", "http://proxy.example:3128");
    assert_eq!(set(&[proxy]), None, "TLS goes through it unread");
    let plain = FILE.replace("https://box.example:8443", "http://192.168.1.9:8000");
    assert_eq!(set_in(&plain, Editor::Owner, &[proxy]).as_deref(), Some("upstream.proxy"));
    assert_eq!(set_in(&plain, Editor::Owner, &[("upstream.proxy", "")]), None);
    let chosen = plain.replace("proxy = \"\"", "proxy = \"http://proxy.example:3128\"");
    assert_eq!(set_in(&chosen, Editor::Owner, &[("upstream.proxy", "http://me@proxy.example:3128")]), None);

    let authority = [("upstream.ca_file", "/tmp/ca.pem")];
    assert_eq!(set_in(FILE, Editor::Page, &authority).as_deref(), Some("upstream.ca_file"));
}
