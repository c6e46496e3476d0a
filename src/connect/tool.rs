//! The tools that can be connected: where each keeps its settings, and which of them
//! decide whom it talks to. Checked against the tools themselves by `tests/clients`.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::format::Format;
use super::{Target, files};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    ClaudeCode,
    Codex,
    GeminiCli,
    #[serde(rename = "opencode")]
    OpenCode,
}

/// One file of a tool, and what must be in it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub file: PathBuf,
    pub format: Format,
    pub settings: Vec<Setting>,
}

#[derive(Clone, Debug)]
pub struct Setting {
    /// The way to it; one name in a file of lines.
    pub key: Vec<String>,
    /// `None`: it must not be there.
    pub value: Option<String>,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Where it points.
    Address,
    /// What makes it look at the address at all.
    Choice,
    Key,
    Detail,
}

impl Tool {
    pub const ALL: [Self; 4] = [Self::ClaudeCode, Self::Codex, Self::GeminiCli, Self::OpenCode];

    /// As it is typed.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::OpenCode => "opencode",
        }
    }

    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.id() == id)
    }

    /// As its makers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::GeminiCli => "Gemini CLI",
            Self::OpenCode => "OpenCode",
        }
    }

    pub(super) fn wanted(self, environment: &Environment, target: &Target) -> Vec<Wanted> {
        match self {
            Self::ClaudeCode => claude_code(environment, target),
            Self::Codex => codex(environment, target),
            Self::GeminiCli => gemini_cli(environment, target),
            Self::OpenCode => opencode(environment, target),
        }
    }
}

/// The `env` of its settings beats the environment. With `ANTHROPIC_API_KEY` it would
/// ask whether to use that key; a token it just sends.
fn claude_code(environment: &Environment, target: &Target) -> Vec<Wanted> {
    let directory =
        environment.directory("CLAUDE_CONFIG_DIR").unwrap_or_else(|| environment.in_home(".claude"));
    let settings = vec![
        address(&["env", "ANTHROPIC_BASE_URL"], &target.base_url),
        key(&["env", "ANTHROPIC_AUTH_TOKEN"], target),
    ];
    vec![Wanted { file: directory.join("settings.json"), format: Format::Json, settings }]
}

/// A provider of its own. `env_key` would make it ask for a variable that nobody sets.
fn codex(environment: &Environment, target: &Target) -> Vec<Wanted> {
    let directory = environment.directory("CODEX_HOME").unwrap_or_else(|| environment.in_home(".codex"));
    let provider = |name: &'static str| ["model_providers", "portcullis", name];
    let settings = vec![
        setting(&["model_provider"], "portcullis", Role::Choice),
        setting(&provider("name"), "portcullis", Role::Detail),
        address(&provider("base_url"), &format!("{}/v1", target.base_url)),
        setting(&provider("wire_api"), "responses", Role::Detail),
        key(&provider("experimental_bearer_token"), target),
        Setting { value: None, ..setting(&provider("env_key"), "", Role::Detail) },
    ];
    vec![Wanted { file: directory.join("config.toml"), format: Format::Toml, settings }]
}

/// The address is a variable to it, and `.gemini/.env` is where it looks for variables.
fn gemini_cli(environment: &Environment, target: &Target) -> Vec<Wanted> {
    let home = environment.directory("GEMINI_CLI_HOME").unwrap_or_else(|| environment.home.clone());
    let directory = home.join(".gemini");
    let variables =
        vec![address(&["GOOGLE_GEMINI_BASE_URL"], &target.base_url), key(&["GEMINI_API_KEY"], target)];
    let settings = vec![setting(&["security", "auth", "selectedType"], "gemini-api-key", Role::Choice)];
    vec![
        Wanted { file: directory.join(".env"), format: Format::Env, settings: variables },
        Wanted { file: directory.join("settings.json"), format: Format::Json, settings },
    ]
}

/// Its own three providers, so that every model it knows stays where the user finds it.
fn opencode(environment: &Environment, target: &Target) -> Vec<Wanted> {
    let providers = [("anthropic", "v1"), ("openai", "v1"), ("google", "v1beta")];
    let settings = providers.into_iter().flat_map(|(provider, version)| {
        let option = |name: &'static str| ["provider", provider, "options", name];
        [
            address(&option("baseURL"), &format!("{}/{version}", target.base_url)),
            key(&option("apiKey"), target),
        ]
    });
    vec![Wanted { file: opencode_file(environment), format: Format::Json, settings: settings.collect() }]
}

/// The file it would change itself, or else the one that overrides that.
fn opencode_file(environment: &Environment) -> PathBuf {
    if let Some(file) = environment.directory("OPENCODE_CONFIG") {
        return file;
    }
    let directory = environment.directory("OPENCODE_CONFIG_DIR").unwrap_or_else(|| {
        let config = environment.directory("XDG_CONFIG_HOME");
        config.unwrap_or_else(|| environment.in_home(".config")).join("opencode")
    });
    let names = ["opencode.jsonc", "opencode.json", "config.json"];
    let existing = names.map(|name| directory.join(name)).into_iter().find(|file| files::exists(file));
    existing.unwrap_or_else(|| directory.join("opencode.json"))
}

fn setting(key: &[&str], value: &str, role: Role) -> Setting {
    let key = key.iter().map(|&part| part.to_owned()).collect();
    Setting { key, value: Some(value.to_owned()), role }
}

fn address(key: &[&str], url: &str) -> Setting {
    setting(key, url, Role::Address)
}

fn key(key: &[&str], target: &Target) -> Setting {
    setting(key, target.key.expose_secret(), Role::Key)
}
