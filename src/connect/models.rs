//! Which models a tool asks for: the one it is set to, or else its own defaults. The names
//! change with its versions; their common pattern does not.

use super::environment::Environment;
use super::files;
use super::format::Format;
use super::target::Target;
use super::tool::Tool;
use crate::config::models::matches;
use crate::protocol::Protocol;

/// The models of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolModels {
    pub protocol: Protocol,
    /// The name under `[models]` that covers all of them.
    pub pattern: String,
    pub names: Vec<String>,
}

/// Claude Code's own names for its current models.
const CLAUDE_ALIASES: [&str; 6] = ["default", "best", "opus", "sonnet", "haiku", "opusplan"];

impl Tool {
    /// The models that this tool asks for; `None` where the user picks from a list of all.
    pub fn models(self, environment: &Environment) -> Option<ToolModels> {
        let (protocol, pattern, usual): (_, _, &[&str]) = match self {
            Self::ClaudeCode => (
                Protocol::Anthropic,
                "claude-*",
                &["claude-opus-4-8", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"],
            ),
            Self::Codex => (Protocol::OpenAiResponses, "gpt-*", &["gpt-5.1-codex"]),
            Self::GeminiCli => {
                (Protocol::Gemini, "gemini-*", &["gemini-3.1-pro-preview", "gemini-3.5-flash-lite"])
            }
            Self::OpenCode => return None,
        };
        let names = match self.chosen_model(environment) {
            Some(chosen) => vec![chosen],
            None => usual.iter().map(|&name| name.to_owned()).collect(),
        };
        let is_usual = names.iter().all(|name| matches(pattern, name));
        let pattern = if is_usual { pattern.to_owned() } else { names[0].clone() };
        Some(ToolModels { protocol, pattern, names })
    }

    /// The model that its own settings name.
    fn chosen_model(self, environment: &Environment) -> Option<String> {
        let keys: &[&[&str]] = match self {
            Self::ClaudeCode => &[&["model"], &["env", "ANTHROPIC_MODEL"]],
            Self::Codex => &[&["model"]],
            Self::GeminiCli => &[&["model", "name"]],
            Self::OpenCode => &[],
        };
        let target = Target { base_url: String::new(), key: secrecy::SecretString::default() };
        let mut files = self.files(environment, &target).into_iter();
        let file = files.find(|file| file.format != Format::Env)?;
        let text = files::read(&file.path).ok().flatten()?;
        let read = |key: &&[&str]| {
            let key: Vec<String> = key.iter().map(|&part| part.to_owned()).collect();
            file.format.read(&text, &key).ok().flatten()?.text
        };
        let chosen = keys.iter().find_map(read)?;
        let bare = chosen.split('[').next().unwrap_or_default().trim().to_owned();
        (!bare.is_empty() && !CLAUDE_ALIASES.contains(&bare.as_str())).then_some(bare)
    }
}
