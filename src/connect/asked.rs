//! Which models a tool asks for: those it is set to, else those it asks for by itself. They
//! change with its versions; what counts is the pattern they all have.

use super::environment::Environment;
use super::format::Format;
use super::tool::Tool;
use super::{Target, files};
use crate::config::models::matches;
use crate::protocol::Protocol;

/// The models of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub protocol: Protocol,
    /// What stands for all of them under `[models]`.
    pub pattern: String,
    pub names: Vec<String>,
}

/// Claude Code's own words for whatever is current.
const CLAUDE_ALIASES: [&str; 6] = ["default", "best", "opus", "sonnet", "haiku", "opusplan"];

impl Tool {
    /// `None` where the user picks from a list of everything.
    pub fn asked(self, environment: &Environment) -> Option<Asked> {
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
        Some(Asked { protocol, pattern, names })
    }

    /// What its own settings name.
    fn chosen_model(self, environment: &Environment) -> Option<String> {
        let keys: &[&[&str]] = match self {
            Self::ClaudeCode => &[&["model"], &["env", "ANTHROPIC_MODEL"]],
            Self::Codex => &[&["model"]],
            Self::GeminiCli => &[&["model", "name"]],
            Self::OpenCode => &[],
        };
        let target = Target { base_url: String::new(), key: secrecy::SecretString::default() };
        let files = self.wanted(environment, &target);
        let wanted = files.iter().find(|wanted| wanted.format != Format::Env)?;
        let text = files::read(&wanted.file).ok().flatten()?;
        let read = |key: &&[&str]| {
            let key: Vec<String> = key.iter().map(|&part| part.to_owned()).collect();
            wanted.format.read(&text, &key).ok().flatten()?.text
        };
        let chosen = keys.iter().find_map(read)?;
        let bare = chosen.split('[').next().unwrap_or_default().trim().to_owned();
        (!bare.is_empty() && !CLAUDE_ALIASES.contains(&bare.as_str())).then_some(bare)
    }
}
