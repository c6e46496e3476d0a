//! `portcullis connect` and `disconnect`: the tools' own files before and after.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy, until};

const TOOLS: [&str; 4] = ["claude-code", "codex", "gemini-cli", "opencode"];

/// A home with a proxy on this port, and the tools' files as given.
fn home(port: u16, files: &[(&str, &str)]) -> Home {
    let home = Home::with_config(&proxy_section(&format!("port = {port}")));
    for (name, text) in files {
        let file = home.file(name);
        fs::create_dir_all(file.parent().expect("a directory")).expect("made");
        fs::write(file, text).expect("written");
    }
    home
}

fn text(home: &Home, name: &str) -> String {
    fs::read_to_string(home.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn done(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output) + &stderr(&output)
}

fn state(home: &Home, tool: &str) -> Value {
    let listed: Value = serde_json::from_str(&done(home, &["connect", "--json"])).expect("JSON");
    let tools = listed.as_array().expect("a list");
    tools.iter().find(|entry| entry["tool"] == tool).expect("listed").clone()
}

/// Every file of the tools in the home, with its text.
fn others(home: &Home) -> Vec<(PathBuf, String)> {
    let directories = [".claude", ".codex", ".gemini", ".config/opencode"];
    let files = directories.into_iter().filter_map(|name| fs::read_dir(home.file(name)).ok()).flatten();
    let mut files: Vec<_> = files
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read_to_string(path).expect("text")))
        .collect();
    files.sort();
    files
}

const CLAUDE: &str = "{\n  // mine\n  \"model\": \"opus\",\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \
                      \"https://gateway.example\",\n    \"FOO\": \"1\"\n  }\n}\n";
const CODEX: &str = "# mine\nmodel = \"gpt-5\"   # the big one\n\n[tui]\ntheme = \"dark\"\n";
const GEMINI: &str = "# mine\nGEMINI_API_KEY=\"AIza-my-own-key-0123\"  # work\nOTHER=1\n";
const OPENCODE: &str = r#"{
	"$schema": "https://opencode.ai/config.json",
	"provider": {
		// slow network
		"anthropic": {
			"options": {
				"timeout": 600000,
			},
		},
	},
}
"#;

fn with_everything(port: u16) -> Home {
    home(
        port,
        &[
            (".claude/settings.json", CLAUDE),
            (".codex/config.toml", CODEX),
            (".gemini/.env", GEMINI),
            (".gemini/settings.json", "{\"security\": {\"auth\": {\"selectedType\": \"oauth-personal\"}}}"),
            (".config/opencode/opencode.json", OPENCODE),
        ],
    )
}

#[test]
fn only_the_keys_that_matter_change_and_the_rest_stays_as_it_was() {
    let home = with_everything(8045);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
        assert_eq!(state(&home, tool)["points_here"], true, "{tool}");
    }
    assert_eq!(
        text(&home, ".claude/settings.json"),
        format!(
            "{{\n  // mine\n  \"model\": \"opus\",\n  \"env\": {{\n    \"ANTHROPIC_BASE_URL\": \
             \"http://127.0.0.1:8045\",\n    \"FOO\": \"1\",\n    \"ANTHROPIC_AUTH_TOKEN\": \
             \"{CLIENT_KEY}\"\n  }}\n}}\n"
        )
    );
    assert_eq!(
        text(&home, ".codex/config.toml"),
        format!(
            "# mine\nmodel = \"gpt-5\"   # the big one\nmodel_provider = \"portcullis\"\n\n[tui]\ntheme = \
             \"dark\"\n\n[model_providers.portcullis]\nname = \"portcullis\"\nbase_url = \
             \"http://127.0.0.1:8045/v1\"\nwire_api = \"responses\"\nexperimental_bearer_token = \
             \"{CLIENT_KEY}\"\n"
        )
    );
    assert_eq!(
        text(&home, ".gemini/.env"),
        format!(
            "# mine\nGEMINI_API_KEY={CLIENT_KEY}  # work\nOTHER=1\nGOOGLE_GEMINI_BASE_URL=http://127.0.0.1:8045\n"
        )
    );
    assert!(text(&home, ".gemini/settings.json").contains("\"gemini-api-key\""));
    let opencode = text(&home, ".config/opencode/opencode.json");
    assert!(opencode.contains("\"timeout\": 600000") && opencode.contains("http://127.0.0.1:8045/v1beta"));
}

#[test]
fn disconnecting_restores_every_byte() {
    let home = with_everything(8045);
    let before = others(&home);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
        done(&home, &["disconnect", tool]);
    }
    assert_eq!(others(&home), before);
    for tool in TOOLS {
        assert!(done(&home, &["disconnect", tool]).contains("was not connected"), "{tool}");
    }
}

#[test]
fn created_files_are_private_and_removed_again() {
    let home = home(8045, &[]);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
    }
    for (path, _) in others(&home) {
        assert_eq!(
            fs::metadata(&path).expect("there").permissions().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
    }
    assert_eq!(others(&home).len(), 5);
    for tool in TOOLS {
        done(&home, &["disconnect", tool]);
    }
    assert_eq!(others(&home), []);
}

#[test]
fn connecting_twice_changes_nothing_more_and_is_undone_in_one_step() {
    let home = with_everything(8045);
    let before = others(&home);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
    }
    let once = others(&home);
    for tool in TOOLS {
        assert!(done(&home, &["connect", tool]).contains("already"), "{tool}");
    }
    assert_eq!(others(&home), once);
    home.write_config(&proxy_section("port = 8099"));
    for tool in TOOLS {
        assert_eq!(state(&home, tool)["state"], "elsewhere", "{tool}");
        done(&home, &["connect", tool]);
        assert_eq!(state(&home, tool)["points_here"], true, "{tool}");
        done(&home, &["disconnect", tool]);
    }
    assert_eq!(others(&home), before);
}

#[test]
fn a_value_that_the_user_changed_since_stays_and_is_reported() {
    let home = with_everything(8045);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
    }
    let changed = text(&home, ".claude/settings.json")
        .replace("http://127.0.0.1:8045", "https://other.example")
        .replace("\"FOO\": \"1\"", "\"FOO\": \"2\"");
    fs::write(home.file(".claude/settings.json"), changed).expect("written");
    let words = done(&home, &["disconnect", "claude-code"]);
    assert!(words.contains("env.ANTHROPIC_BASE_URL") && words.contains("stays as it is"), "{words}");
    assert!(!words.contains("as it was before"), "{words}");
    assert_eq!(
        text(&home, ".claude/settings.json"),
        CLAUDE.replace("gateway.example", "other.example").replace("\"FOO\": \"1\"", "\"FOO\": \"2\"")
    );

    let codex = text(&home, ".codex/config.toml").replace("dark", "light");
    fs::write(home.file(".codex/config.toml"), codex).expect("written");
    done(&home, &["disconnect", "codex"]);
    assert_eq!(text(&home, ".codex/config.toml"), CODEX.replace("dark", "light"));

    let gemini = text(&home, ".gemini/.env") + "MORE=1\n";
    fs::write(home.file(".gemini/.env"), gemini).expect("written");
    done(&home, &["disconnect", "gemini-cli"]);
    assert_eq!(text(&home, ".gemini/.env"), format!("{GEMINI}MORE=1\n"));

    let opencode = text(&home, ".config/opencode/opencode.json").replace("600000", "1");
    fs::write(home.file(".config/opencode/opencode.json"), opencode).expect("written");
    done(&home, &["disconnect", "opencode"]);
    assert_eq!(text(&home, ".config/opencode/opencode.json"), OPENCODE.replace("600000", "1"));
}

#[test]
fn print_shows_the_change_without_secrets_and_makes_none() {
    let home = with_everything(8045);
    let before = others(&home);
    for tool in TOOLS {
        let shown = done(&home, &["connect", tool, "--print"]);
        assert!(shown.contains("+++ ") && shown.contains("127.0.0.1:8045"), "{tool}: {shown}");
        for secret in [CLIENT_KEY, "AIza-my-own-key-0123"] {
            assert!(!shown.contains(secret), "{tool}: {shown}");
        }
    }
    assert_eq!(others(&home), before);
    assert!(!home.file("connections").exists(), "no journal was written either");
}

#[test]
fn a_broken_file_is_refused_with_its_line_and_not_touched() {
    let files = [
        ("claude-code", ".claude/settings.json", "{\n  \"env\": {\n    \"A\": 1,,\n  }\n}\n", ":3:"),
        ("codex", ".codex/config.toml", "model = \"x\"\n[tui\n", ":2:"),
        ("gemini-cli", ".gemini/settings.json", "{\n\"security\": 3\n}\n", "security"),
        ("opencode", ".config/opencode/opencode.jsonc", "{\n  // ok\n  provider: {}\n}\n", ":3:"),
    ];
    for (tool, name, broken, place) in files {
        let home = home(8045, &[(name, broken)]);
        let before = others(&home);
        for arguments in [vec!["connect", tool], vec!["connect", tool, "--print"]] {
            let output = home.run(&arguments);
            assert_eq!(output.status.code(), Some(1), "{tool}");
            let words = stderr(&output);
            assert!(words.contains(name) && words.contains(place), "{tool}: {words}");
        }
        assert_eq!(others(&home), before, "{tool}");
        assert_eq!(state(&home, tool)["state"], "broken", "{tool}");
    }
}

#[test]
fn a_link_stays_a_link_and_a_file_with_the_key_is_its_owners_alone() {
    let home = home(8045, &[("dotfiles/claude.json", CLAUDE)]);
    let target = home.file("dotfiles/claude.json");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("set");
    fs::create_dir_all(home.file(".claude")).expect("made");
    std::os::unix::fs::symlink(&target, home.file(".claude/settings.json")).expect("linked");
    done(&home, &["connect", "claude-code"]);
    assert!(home.file(".claude/settings.json").is_symlink());
    assert!(text(&home, "dotfiles/claude.json").contains("127.0.0.1:8045"));
    assert_eq!(fs::metadata(&target).expect("there").permissions().mode() & 0o777, 0o600);
    done(&home, &["disconnect", "claude-code"]);
    assert!(home.file(".claude/settings.json").is_symlink());
    assert_eq!(text(&home, "dotfiles/claude.json"), CLAUDE);
    assert_eq!(fs::metadata(&target).expect("there").permissions().mode() & 0o777, 0o640);
}

#[test]
fn each_tool_is_found_where_its_own_variables_put_it() {
    let home = home(8045, &[("elsewhere/oc.jsonc", "{}")]);
    let cases = [
        ("claude-code", "CLAUDE_CONFIG_DIR", "elsewhere/claude", "elsewhere/claude/settings.json"),
        ("codex", "CODEX_HOME", "elsewhere/codex", "elsewhere/codex/config.toml"),
        ("gemini-cli", "GEMINI_CLI_HOME", "elsewhere/g", "elsewhere/g/.gemini/.env"),
        ("opencode", "OPENCODE_CONFIG", "elsewhere/oc.jsonc", "elsewhere/oc.jsonc"),
        ("opencode", "OPENCODE_CONFIG_DIR", "elsewhere/ocd", "elsewhere/ocd/opencode.json"),
        ("opencode", "XDG_CONFIG_HOME", "elsewhere/xdg", "elsewhere/xdg/opencode/opencode.json"),
    ];
    for (tool, variable, value, file) in cases {
        let output = home.command(&["connect", tool]).env(variable, home.file(value)).output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{variable}: {}", stderr(&output));
        assert!(text(&home, file).contains("127.0.0.1:8045"), "{variable}");
    }
}

#[test]
fn journal_and_backups_are_private() {
    let home = with_everything(8045);
    for tool in TOOLS {
        done(&home, &["connect", tool]);
    }
    for entry in fs::read_dir(home.file("connections")).expect("there") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("there").permissions().mode() & 0o077, 0, "{:?}", entry.path());
        let text = fs::read_to_string(entry.path()).expect("text");
        assert!(!text.contains(CLIENT_KEY), "{:?}", entry.path());
    }
}

#[test]
fn settings_that_connect_did_not_make_are_not_undone() {
    let settings = json!({"env": {
        "ANTHROPIC_BASE_URL": "http://localhost:8045/", "ANTHROPIC_AUTH_TOKEN": CLIENT_KEY
    }});
    let home = home(8045, &[(".claude/settings.json", &settings.to_string())]);
    assert_eq!(state(&home, "claude-code")["points_here"], true);
    let output = home.run(&["disconnect", "claude-code"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("env.ANTHROPIC_BASE_URL"), "{}", stderr(&output));
}

#[test]
fn without_a_config_file_one_is_written_when_it_is_needed() {
    let home = Home::empty();
    done(&home, &["connect"]);
    done(&home, &["connect", "codex", "--print"]);
    assert!(!home.config().exists());
    done(&home, &["connect", "codex"]);
    let key = done(&home, &["key", "show"]);
    assert!(text(&home, ".codex/config.toml").contains(key.trim()));
}

#[test]
fn a_tool_cannot_be_pointed_at_any_free_port() {
    let home = home(0, &[]);
    let output = home.run(&["connect", "codex"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("start portcullis first"), "{}", stderr(&output));
}

#[test]
fn the_output_is_in_the_language_of_the_user() {
    let home = home(8045, &[]);
    let output = home.command(&["connect", "codex"]).env("LC_ALL", "ja_JP.UTF-8").output().expect("runs");
    assert!(stdout(&output).contains("接続先を http://127.0.0.1:8045 にしました"), "{}", stdout(&output));
    home.write_config(&format!("language = \"zh-CN\"\n{}", proxy_section("port = 8045")));
    let output = home.command(&["connect"]).env("LC_ALL", "ja_JP.UTF-8").output().expect("runs");
    assert!(stdout(&output).contains("已连接"), "{}", stdout(&output));
}

/// A proxy on a free port, with every tool connected to it.
async fn connected(upstream: &FakeUpstream) -> TestProxy {
    let home = with_everything(free_port());
    let config = fs::read_to_string(home.config()).expect("readable");
    home.write_config(&(config + &account("work", "openai", upstream, "")));
    let proxy = TestProxy::serve_home(home, &["serve"]).await;
    for tool in TOOLS {
        let output = proxy.run(&["connect", tool]).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    proxy
}

async fn until_it_says(home: &Home, name: &str, wanted: &str) {
    until(&format!("{name} says {wanted}"), async || text(home, name).contains(wanted).then_some(())).await;
}

#[tokio::test]
async fn connected_tools_follow_the_proxy_to_another_port() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let mut proxy = connected(&upstream).await;
    let claude = proxy.home.file(".claude/settings.json");
    let mine =
        fs::read_to_string(&claude).expect("text").replace("http://127.0.0.1:", "http://gateway.example:");
    fs::write(&claude, &mine).expect("written");
    let port = free_port();
    let moved = proxy.control_call("POST", "/api/move-to-port", &json!({ "port": port }).to_string()).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    let here = format!("http://127.0.0.1:{port}");
    for name in [".codex/config.toml", ".gemini/.env", ".config/opencode/opencode.json"] {
        until_it_says(&proxy.home, name, &here).await;
    }
    assert_eq!(fs::read_to_string(&claude).expect("text"), mine, "what the user changed stays");
    let home = &proxy.home;
    for (tool, name, before) in
        [("codex", ".codex/config.toml", CODEX), ("gemini-cli", ".gemini/.env", GEMINI)]
    {
        assert_eq!(proxy.run(&["disconnect", tool]).await.status.code(), Some(0));
        assert_eq!(text(home, name), before);
    }
    proxy.signal(rustix::process::Signal::TERM);
    let log = proxy.ended().await.1;
    assert!(log.contains("Pointed there for you: Codex, Gemini CLI, OpenCode"), "{log}");
    assert!(log.contains("changed after they were connected: Claude Code"), "{log}");
}

#[tokio::test]
async fn connected_tools_follow_a_new_key_and_a_port_changed_while_no_agent_ran() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let mut proxy = connected(&upstream).await;
    let key = stdout(&proxy.run(&["key", "rotate"]).await).trim().to_owned();
    for name in [".claude/settings.json", ".codex/config.toml", ".gemini/.env"] {
        until_it_says(&proxy.home, name, &key).await;
    }
    proxy.signal(rustix::process::Signal::TERM);
    proxy.ended().await;
    let port = free_port();
    let config = fs::read_to_string(proxy.home.config()).expect("text");
    let old = config.lines().find(|line| line.starts_with("port = ")).expect("a port");
    proxy.home.write_config(&config.replace(old, &format!("port = {port}")));
    let proxy = TestProxy::serve_home(proxy.home, &["serve"]).await;
    until_it_says(&proxy.home, ".claude/settings.json", &format!("http://127.0.0.1:{port}\"")).await;
}

/// Settings with secrets of other programs, under names that do not reveal it.
fn with_secrets() -> Home {
    let claude = r#"{
  // ghp_in-a-comment
  "env": { "GH_PAT": "ghp_secret-1", "SLACK": "xoxb-secret-2", "ANTHROPIC_CUSTOM_HEADERS": "x-auth: secret-3",
    "ANTHROPIC_BASE_URL": "https://me:secret-4@gateway.example/v1?sig=secret-5" },
  "mcp": ["--pat", "secret-6"]
}
"#;
    let codex = "# ghp_secret-1\nmodel_provider = \"mine\" # secret-2\n[model_providers.portcullis]\nbase_url = \
                 \"https://h/?token=secret-3\"\nhttp_headers = { X-Auth = \"secret-4\" }\n[mcp]\nargs = [\"secret-5\"]\n";
    let gemini = "PAT=secret-1 # secret-2\n# was secret-3\nGOOGLE_GEMINI_BASE_URL=https://h/?key=secret-4\n";
    let opencode = r#"{"mcp": {"x": {"headers": {"X-Auth": "secret-1"}}}, "provider": {"openai": {"options": {"baseURL": "https://h/#secret-2"}}}}"#;
    home(
        8045,
        &[
            (".claude/settings.json", claude),
            (".codex/config.toml", codex),
            (".gemini/.env", gemini),
            (".config/opencode/opencode.json", opencode),
        ],
    )
}

#[test]
fn print_shows_no_secret_of_other_settings() {
    let home = with_secrets();
    for tool in TOOLS {
        for arguments in [vec!["connect", tool, "--print"], vec!["connect", tool, "--print", "--json"]] {
            let shown = done(&home, &arguments);
            assert!(shown.contains("127.0.0.1:8045"), "{shown}");
            assert!(!shown.contains("secret-") && !shown.contains("ghp_"), "{tool}: {shown}");
        }
    }
    let shown = done(&home, &["connect", "claude-code", "--print"]);
    assert!(shown.contains("\"GH_PAT\": \"***\""), "names stay readable: {shown}");
    assert!(shown.contains("https://***@gateway.example/v1?***"), "{shown}");
}

#[test]
fn addresses_are_shown_without_the_parts_that_may_be_secret() {
    let home = with_secrets();
    let shown = [done(&home, &["connect"]), done(&home, &["connect", "--json"])].concat();
    let doctor = home.command(&["doctor"]).env("OPENAI_BASE_URL", "https://gw/v1?sig=secret-9").output();
    let shown = shown + &stdout(&doctor.expect("runs"));
    assert!(
        shown.contains("https://***@gateway.example/v1?***") && shown.contains("https://gw/v1?***"),
        "{shown}"
    );
    assert!(!shown.contains("secret-"), "{shown}");
}

#[test]
fn codex_users_are_told_which_conversations_hide_before_and_after() {
    let home = with_everything(8045);
    let hidden = "earlier ones are hidden";
    assert!(done(&home, &["connect", "codex", "--print"]).contains(hidden));
    let connected = done(&home, &["connect", "codex"]);
    assert!(
        connected.contains(hidden) && connected.contains("codex -c model_provider=openai resume"),
        "{connected}"
    );
    let undone = done(&home, &["disconnect", "codex"]);
    assert!(undone.contains("hides the conversations that were made through portcullis"), "{undone}");
    assert!(
        undone.contains("portcullis connect codex") && undone.contains("codex exec resume --last"),
        "{undone}"
    );
    assert!(!undone.contains("as it was before"), "{undone}");
    assert!(!done(&home, &["connect", "claude-code"]).contains("conversations"));
}

#[test]
fn settings_that_the_user_restored_alone_are_not_called_unconnected() {
    let home = with_everything(8045);
    done(&home, &["connect", "claude-code"]);
    fs::write(home.file(".claude/settings.json"), CLAUDE).expect("written");
    let words = done(&home, &["disconnect", "claude-code"]);
    assert!(words.contains("are already as they were before"), "{words}");
    assert!(done(&home, &["disconnect", "claude-code"]).contains("was not connected"));
}

/// The port is for one run only, so no tool follows it; the key is for every run.
#[tokio::test]
async fn under_a_port_for_this_run_tools_follow_a_new_key_and_stay_where_they_point() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = connected(&upstream).await;
    let usual = proxy.address;
    proxy.run(&["quit"]).await;
    let proxy = TestProxy::serve_home(proxy.killed().await, &["serve", "--port", "0"]).await;
    assert_ne!(proxy.address, usual);
    let key = stdout(&proxy.run(&["key", "rotate"]).await).trim().to_owned();
    for name in [".claude/settings.json", ".codex/config.toml", ".gemini/.env"] {
        until_it_says(&proxy.home, name, &key).await;
        let text = text(&proxy.home, name);
        assert!(text.contains(&format!("http://{usual}")), "{text}");
    }
}
