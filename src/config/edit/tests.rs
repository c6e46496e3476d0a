use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Value, value};

use super::change::edit;
use super::*;
use crate::config::SecretSource;
use crate::protocol::Provider;

struct Case {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Case {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        fs::write(&path, text).expect("written");
        Self { _directory: directory, path }
    }

    #[cfg(unix)]
    fn directory(&self) -> &Path {
        self.path.parent().expect("a directory")
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).expect("read")
    }
}

fn check(before: &str, change: impl FnOnce(&Path) -> Result<(), EditError>, after: &str) {
    let case = Case::new(before);
    change(&case.path).expect("an edit that is fine");
    assert_eq!(case.text(), after);
}

fn refused(before: &str, change: impl FnOnce(&Path) -> Result<(), EditError>) -> EditError {
    let case = Case::new(before);
    let error = change(&case.path).expect_err("an edit that is not fine");
    assert_eq!(case.text(), before, "the file stays");
    error
}

fn demo(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        provider: Provider::Demo,
        api_key: None,
        base_url: None,
        models: Vec::new(),
    }
}

#[test]
fn a_set_value_leaves_everything_around_it() {
    check(
        "# top\n\n[proxy] # the proxy\n  port   =   8045   # mine\n# below\nauth_mode = \"off\"\n",
        |path| set(path, "proxy.port", 9000),
        "# top\n\n[proxy] # the proxy\n  port   =   9000   # mine\n# below\nauth_mode = \"off\"\n",
    );
    check(
        "[proxy]\r\nport = 1\r\n# x\r\n",
        |path| set(path, "proxy.port", 2),
        "[proxy]\r\nport = 2\r\n# x\r\n",
    );
    check("\u{feff}language = \"en\"\n", |path| set(path, "language", "ja"), "\u{feff}language = \"ja\"\n");
    check("proxy.port = 1 # x\n", |path| set(path, "proxy.port", 2), "proxy.port = 2 # x\n");
    check("proxy = { port = 1 } # x\n", |path| set(path, "proxy.port", 2), "proxy = { port = 2 } # x\n");
    check(
        "[proxy.api_key]\nenv = \"A\"\n[pool]\n",
        |path| set_api_key(path, &"sk-abcdefghij".into()),
        "[proxy]\napi_key = \"sk-abcdefghij\"\n[pool]\n",
    );
}

#[test]
fn a_new_key_joins_its_table() {
    check(
        "[proxy]\nport = 1 # x\n\n# next\n[pool]\n",
        |path| set(path, "proxy.allow_lan_access", true),
        "[proxy]\nport = 1 # x\nallow_lan_access = true\n\n# next\n[pool]\n",
    );
    check(
        "proxy = { port = 1 }\n",
        |path| set(path, "proxy.auth_mode", "off"),
        "proxy = { port = 1, auth_mode = \"off\" }\n",
    );
    check(
        "language = \"en\"\n",
        |path| set(path, "proxy.port", 2),
        "language = \"en\"\n\n[proxy]\nport = 2\n",
    );
    check(
        "[models]\na = \"b\"\n",
        |path| set(path, "models.\"claude-*\"", "gemini-3-flash"),
        "[models]\na = \"b\"\n\"claude-*\" = \"gemini-3-flash\"\n",
    );
}

#[test]
fn an_edit_that_would_break_the_file_is_refused_with_the_problem() {
    let error = refused("[proxy]\nport = 1\n", |path| set(path, "proxy.port", 70_000));
    assert!(error.to_string().contains("proxy.port: 70000 is too large"), "{error}");
    let error = refused("[proxy]\nport = 1\n", |path| set(path, "proxy.prot", 1));
    assert!(error.to_string().contains("did you mean `port`"), "{error}");
    let error = refused("[proxy]\nport = 1\n", |path| set(path, "proxy.port.x", 1));
    assert!(matches!(error, EditError::NotAKey(_)), "{error}");
    let error = refused("[proxy]\nport = 1\n", |path| set(path, "", 1));
    assert!(matches!(error, EditError::NotAKey(_)), "{error}");
    let error = refused("[proxy\n", |path| set(path, "proxy.port", 1));
    assert!(error.to_string().contains("config.toml:1:7: this is not TOML"), "{error}");
}

#[test]
fn a_file_with_problems_elsewhere_can_be_put_right_step_by_step() {
    let account = |name: &str| format!("[[accounts]]\nname = \"{name}\"\nprovider = \"gemini\"\n");
    let wrong = format!("lang = \"en\"\n{}{}", account("a"), account("b"));
    check(&wrong, |path| remove_account(path, "a"), &format!("lang = \"en\"\n{}", account("b")));
    let error = refused(&wrong, |path| set_account(path, "a", "weight", 0));
    assert!(error.to_string().contains("weight") && !error.to_string().contains("lang"), "{error}");
}

#[test]
fn an_account_is_added_where_accounts_are() {
    check(
        "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n\n[models]\nx = \"y\"\n",
        |path| add_account(path, &demo("b")),
        "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n\n[[accounts]]\nname = \"b\"\nprovider = \"demo\"\n\n[models]\nx = \"y\"\n",
    );
    check(
        "accounts = [{ name = \"a\", provider = \"demo\" }]\n",
        |path| add_account(path, &demo("b")),
        "accounts = [{ name = \"a\", provider = \"demo\" }, { name = \"b\", provider = \"demo\" }]\n",
    );
    check(
        "accounts = [\n  { name = \"a\", provider = \"demo\" }, # x\n]\n",
        |path| add_account(path, &demo("b")),
        "accounts = [\n  { name = \"a\", provider = \"demo\" }, # x\n  { name = \"b\", provider = \"demo\" },\n]\n",
    );
}

#[test]
fn the_first_account_comes_below_the_comments_at_the_end_of_the_file() {
    check(
        "[models]\n# \"a\" = \"b\"\n",
        |path| add_account(path, &demo("x")),
        "[models]\n# \"a\" = \"b\"\n\n[[accounts]]\nname = \"x\"\nprovider = \"demo\"\n",
    );
}

#[test]
fn every_form_of_a_secret_can_be_written() {
    let sources = [
        (SecretSource::Literal("sk-\"q\"".into()), "'sk-\"q\"'"),
        (SecretSource::Env { env: "A".into() }, "{ env = \"A\" }"),
        (SecretSource::File { file: "~/a".into() }, "{ file = \"~/a\" }"),
        (SecretSource::Keyring { keyring: "a".into() }, "{ keyring = \"a\" }"),
        (SecretSource::Command { command: vec!["a".into(), "b".into()] }, "{ command = [\"a\", \"b\"] }"),
    ];
    for (source, written) in sources {
        let account = NewAccount {
            provider: Provider::OpenAiCompatible,
            api_key: Some(source),
            base_url: Some("http://localhost:1/v1".into()),
            models: vec!["llama*".into()],
            ..demo("a")
        };
        let after = format!(
            "language = \"en\"\n\n[[accounts]]\nname = \"a\"\nprovider = \"openai-compatible\"\napi_key = {written}\nbase_url = \"http://localhost:1/v1\"\nmodels = [\"llama*\"]\n"
        );
        check("language = \"en\"\n", |path| add_account(path, &account), &after);
    }
}

#[test]
fn accounts_are_distinguished_by_name() {
    let text = "[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n";
    assert!(matches!(refused(text, |path| add_account(path, &demo("a"))), EditError::AccountExists(_)));
    assert!(matches!(refused(text, |path| remove_account(path, "b")), EditError::UnknownAccount(_)));
    assert!(matches!(
        refused(text, |path| set_account_enabled(path, "b", true)),
        EditError::UnknownAccount(_)
    ));
    let error = refused(text, |path| add_account(path, &demo("gemini")));
    assert!(error.to_string().contains("name of another provider"), "{error}");
}

#[test]
fn an_account_is_switched_in_place() {
    check(
        "[[accounts]]\nname = \"a\" # first\nenabled = true # yes\nprovider = \"demo\"\n",
        |path| set_account_enabled(path, "a", false),
        "[[accounts]]\nname = \"a\" # first\nenabled = false # yes\nprovider = \"demo\"\n",
    );
    check(
        "accounts = [{ name = \"a\", provider = \"demo\" }]\n",
        |path| set_account_enabled(path, "a", false),
        "accounts = [{ name = \"a\", provider = \"demo\", enabled = false }]\n",
    );
}

#[test]
fn an_account_is_removed_with_its_own_comment_only() {
    let before = "\
language = \"en\"

# examples:
# [[accounts]]

# about a
[[accounts]]
name = \"a\" # a itself
provider = \"demo\"

# about b
[[accounts]]
name = \"b\"
provider = \"demo\"

# the end
";
    check(
        before,
        |path| remove_account(path, "a"),
        "language = \"en\"\n\n# examples:\n# [[accounts]]\n\n# about b\n[[accounts]]\nname = \"b\"\nprovider = \"demo\"\n\n# the end\n",
    );
    check(
        before,
        |path| remove_account(path, "a").and_then(|()| remove_account(path, "b")),
        "language = \"en\"\n\n# examples:\n# [[accounts]]\n\n# the end\n",
    );
    check(
        "accounts = [{ name = \"a\", provider = \"demo\" }, { name = \"b\", provider = \"demo\" }]\n",
        |path| remove_account(path, "b"),
        "accounts = [{ name = \"a\", provider = \"demo\" }]\n",
    );
}

#[test]
fn the_first_file_survives_a_life_of_edits() {
    let before = crate::config::template::text(&"sk-abcdefghij".into());
    let case = Case::new(&before);
    add_account(&case.path, &demo("x")).expect("added");
    set(&case.path, "proxy.port", 1).expect("set");
    set_account_enabled(&case.path, "x", false).expect("switched");
    remove_account(&case.path, "x").expect("removed");
    set(&case.path, "proxy.port", 8045).expect("set");
    assert_eq!(case.text().trim_end(), before.trim_end());
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let case = Case::new("[proxy]\nport = 1\n");
    let modified = || fs::metadata(&case.path).and_then(|metadata| metadata.modified()).expect("known");
    let before = modified();
    set(&case.path, "proxy.port", 1).expect("set");
    assert_eq!(modified(), before);
}

#[test]
fn a_save_at_the_same_moment_is_not_overwritten() {
    let case = Case::new("[proxy]\nport = 1\n");
    let result = edit(&case.path, |document| {
        fs::write(&case.path, "[proxy]\nport = 5\n").expect("written");
        document["proxy"]["port"] = value(2);
        Ok(())
    });
    assert!(matches!(result, Err(EditError::ChangedMeanwhile)));
    assert_eq!(case.text(), "[proxy]\nport = 5\n");
}

#[test]
fn concurrent_edits_all_take_effect() {
    let case = Case::new("language = \"en\"\n");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &case.path;
            scope.spawn(move || {
                let account = demo(&format!("a{number}"));
                add_account(path, &account).expect("its turn comes");
            });
        }
    });
    assert_eq!(case.text().matches("[[accounts]]").count(), 8);
}

#[cfg(unix)]
#[test]
fn the_new_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    for (before, after) in [(0o644, 0o600), (0o600, 0o600)] {
        let case = Case::new("[proxy]\nport = 1\n");
        fs::set_permissions(&case.path, fs::Permissions::from_mode(before)).expect("set");
        set(&case.path, "proxy.port", 2).expect("set");
        let mode = fs::metadata(&case.path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, after, "{before:o} became {mode:o}");
        let mut left: Vec<_> = fs::read_dir(case.directory())
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".portcullis-edit.lock", "config.toml"], "no temporary file stays");
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let case = Case::new("");
    let target = case.directory().join("dotfiles/real.toml");
    fs::create_dir(target.parent().expect("a parent")).expect("made");
    fs::write(&target, "[proxy]\nport = 1\n").expect("written");
    fs::remove_file(&case.path).expect("removed");
    std::os::unix::fs::symlink("dotfiles/real.toml", &case.path).expect("linked");
    set(&case.path, "proxy.port", 2).expect("set");
    assert!(fs::symlink_metadata(&case.path).expect("there").is_symlink());
    assert_eq!(fs::read_to_string(&target).expect("read"), "[proxy]\nport = 2\n");
}

#[test]
fn several_keys_are_set_together_or_not_at_all() {
    let values =
        |port: i64| vec![("language".to_owned(), "ja".into()), ("proxy.port".to_owned(), Value::from(port))];
    check(
        "language = \"auto\" # mine\n[proxy]\nport = 8045\n",
        |path| set_all_as(Editor::Owner, path, values(9000)),
        "language = \"ja\" # mine\n[proxy]\nport = 9000\n",
    );
    refused("language = \"auto\"\n[proxy]\nport = 8045\n", |path| {
        set_all_as(Editor::Owner, path, values(70_000))
    });
}

#[test]
fn a_key_is_removed_with_the_comment_above_it() {
    let before = "[models]\n# keep\n\"a\" = \"b\"\n# goes\n\"claude-*\" = \"c\"\n";
    check(before, |path| unset(path, "models.\"claude-*\""), "[models]\n# keep\n\"a\" = \"b\"\n");
    check(before, |path| unset(path, "models.nothing"), before);
    check(before, |path| unset(path, "pool.strategy"), before);
}

#[test]
fn an_account_moves_by_new_priorities() {
    let account =
        |name: &str, more: &str| format!("[[accounts]]\nname = \"{name}\"\nprovider = \"demo\"\n{more}");
    let before =
        [account("a", ""), account("b", "priority = 0 # mine\n"), account("c", "priority = -5\n")].concat();
    check(
        &before,
        |path| place_account(path, "b", 0),
        &[
            account("a", "priority = 2\n"),
            account("b", "priority = 0 # mine\n"),
            account("c", "priority = 1\n"),
        ]
        .concat(),
    );
    check(
        &before,
        |path| place_account(path, "c", 99),
        &[account("a", ""), account("b", "priority = 1 # mine\n"), account("c", "priority = 2\n")].concat(),
    );
    assert!(matches!(refused(&before, |path| place_account(path, "d", 0)), EditError::UnknownAccount(_)));
}

fn price(input: &str, cached_input: &str, output: &str) -> NewPrice {
    let value = |number: &str| (!number.is_empty()).then(|| number.parse().expect("a number"));
    NewPrice { input: value(input), cached_input: value(cached_input), output: value(output) }
}

#[test]
fn a_price_is_one_line_that_keeps_its_comments() {
    let set = |model: &'static str, input, cached, output| {
        move |path: &Path| set_price(path, model, price(input, cached, output))
    };
    check(
        "# a\n[prices] # b\n# \"x\" = 1\n\n[pool]\n",
        set("gpt-5.1*", "1.25", "0.125", "10"),
        "# a\n[prices] # b\n\"gpt-5.1*\" = { input = 1.25, cached_input = 0.125, output = 10 }\n# \"x\" = 1\n\n[pool]\n",
    );
    let line = "[prices]\n# dear\nmine = { input = 1, output = 2.50 } # really\n";
    check(
        line,
        set("mine", "3", "", "2.5"),
        "[prices]\n# dear\nmine = { input = 3, output = 2.50 } # really\n",
    );
    check(
        line,
        set("mine", "1", "0.5", "2.5"),
        "[prices]\n# dear\nmine = { input = 1, output = 2.50, cached_input = 0.5 } # really\n",
    );
    check(
        "[prices]\nmine = { input = 1, cached_input = 1, output = 2 } # x\n",
        set("mine", "1", "", "2"),
        "[prices]\nmine = { input = 1, output = 2 } # x\n",
    );
    check(
        "[prices.mine]\ninput = 1 # in\noutput = 2 # out\n",
        set("mine", "1", "", "3"),
        "[prices.mine]\ninput = 1 # in\noutput = 3 # out\n",
    );
    check("", set("a", "1", "", "2"), "[prices]\na = { input = 1, output = 2 }\n");
    check(
        "[prices]\n\"a.b\" = { input = 1, output = 2 }\nc = { input = 0, output = 0 }\n",
        |path| remove_price(path, "a.b"),
        "[prices]\nc = { input = 0, output = 0 }\n",
    );
}

#[test]
fn a_price_obeys_the_rules_of_the_file() {
    for (model, wrong, key, words) in [
        ("a", price("-1", "", "2"), "prices.a.input", "out of range"),
        ("a", price("1", "2000000", "2"), "prices.a.cached_input", "out of range"),
        ("a", price("1", "", ""), "prices.a.output", "is missing"),
        ("", price("1", "", "2"), "prices.\"\"", "empty model name"),
    ] {
        let EditError::Problems(problems) = refused("[prices]\n", |path| set_price(path, model, wrong))
        else {
            panic!("{key}: not a problem of the file");
        };
        assert_eq!(problems.list[0].key, key);
        assert!(problems.list[0].message.to_string().contains(words), "{}", problems.list[0]);
    }
}
