//! The tools that can be connected: where each keeps its settings, and which of them decide
//! where it points. Checked against the tools themselves by `tests/clients`.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::environment::Environment;
use super::files;
use super::format::Format;
use super::target::Target;

/// A tool that `connect` knows. Its id is the same on the command line and in JSON.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumString,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "kebab-case", const_into_str)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    ClaudeCode,
    Codex,
    GeminiCli,
    #[strum(serialize = "opencode")]
    #[serde(rename = "opencode")]
    OpenCode,
}

/// One file of a tool, and the settings that point it at a target.
#[derive(Clone, Debug)]
pub struct ToolFile {
    pub path: PathBuf,
    pub format: Format,
    pub settings: Vec<Setting>,
}

/// One value of a file.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The names from the outermost section to the value; in a file of lines one name.
    pub key: Vec<String>,
    /// `None`: the key must not be there.
    pub value: Option<String>,
    pub role: Role,
}

/// What a setting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The address that the tool points at.
    Address,
    /// The choice without which the tool ignores the address.
    Choice,
    /// The client key.
    Key,
    Detail,
}

impl Tool {
    /// As it is typed.
    pub const fn id(self) -> &'static str {
        self.into_str()
    }

    pub fn of_id(id: &str) -> Option<Self> {
        id.parse().ok()
    }

    /// The name as its makers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::GeminiCli => "Gemini CLI",
            Self::OpenCode => "OpenCode",
        }
    }

    /// The command that starts it.
    pub const fn program(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini",
            Self::OpenCode => "opencode",
        }
    }

    /// The files that point the tool at the target.
    pub(super) fn files(self, environment: &Environment, target: &Target) -> Vec<ToolFile> {
        match self {
            Self::ClaudeCode => claude_code(environment, target),
            Self::Codex => codex(environment, target),
            Self::GeminiCli => gemini_cli(environment, target),
            Self::OpenCode => opencode(environment, target),
        }
    }
}

/// The `env` of its settings overrides the environment. With `ANTHROPIC_API_KEY` it would
/// ask whether to use that key; it sends a token without asking.
fn claude_code(environment: &Environment, target: &Target) -> Vec<ToolFile> {
    let directory =
        environment.directory("CLAUDE_CONFIG_DIR").unwrap_or_else(|| environment.in_home(".claude"));
    let settings = vec![
        address(&["env", "ANTHROPIC_BASE_URL"], &target.base_url),
        key(&["env", "ANTHROPIC_AUTH_TOKEN"], target),
    ];
    vec![ToolFile { path: directory.join("settings.json"), format: Format::Json, settings }]
}

/// A provider of its own. With `env_key` it would demand a variable that is not set.
fn codex(environment: &Environment, target: &Target) -> Vec<ToolFile> {
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
    vec![ToolFile { path: directory.join("config.toml"), format: Format::Toml, settings }]
}

/// It takes the address from a variable, and reads variables from `.gemini/.env`.
fn gemini_cli(environment: &Environment, target: &Target) -> Vec<ToolFile> {
    let home = environment.directory("GEMINI_CLI_HOME").unwrap_or_else(|| environment.home.clone());
    let directory = home.join(".gemini");
    let variables =
        vec![address(&["GOOGLE_GEMINI_BASE_URL"], &target.base_url), key(&["GEMINI_API_KEY"], target)];
    let settings = vec![setting(&["security", "auth", "selectedType"], "gemini-api-key", Role::Choice)];
    vec![
        ToolFile { path: directory.join(".env"), format: Format::Env, settings: variables },
        ToolFile { path: directory.join("settings.json"), format: Format::Json, settings },
    ]
}

/// Its own three providers, so that the user finds every model where it was.
fn opencode(environment: &Environment, target: &Target) -> Vec<ToolFile> {
    let providers = [("anthropic", "v1"), ("openai", "v1"), ("google", "v1beta")];
    let settings = providers.into_iter().flat_map(|(provider, version)| {
        let option = |name: &'static str| ["provider", provider, "options", name];
        [
            address(&option("baseURL"), &format!("{}/{version}", target.base_url)),
            key(&option("apiKey"), target),
        ]
    });
    vec![ToolFile { path: opencode_file(environment), format: Format::Json, settings: settings.collect() }]
}

/// The file that OpenCode itself would change, or the one that overrides it.
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
