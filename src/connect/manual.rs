//! A tool's setup for users who paste it instead of running `connect`.

use std::path::Path;

use secrecy::ExposeSecret;

use super::environment::Environment;
use super::format::{Format, Put};
use super::target::Target;
use super::tool::{Role, Setting, Tool, ToolFile};

/// The variable that Codex reads the key from when its file only names it.
const CODEX_KEY: &str = "PORTCULLIS_KEY";

/// What to paste where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manual {
    /// A file below the home directory, and the text to put into it.
    pub file: Option<(String, String)>,
    /// Environment variables to set before the tool starts, each with its value.
    pub variables: Vec<(String, String)>,
}

impl Tool {
    /// The settings that `connect` writes, in the form that is easiest to paste.
    pub fn manual(self, target: &Target) -> Manual {
        let file = self.files(&Environment::default(), target).into_iter().next();
        let Some(ToolFile { path, format, settings }) = file else {
            return Manual { file: None, variables: Vec::new() };
        };
        match self {
            Self::ClaudeCode | Self::GeminiCli => {
                Manual { file: None, variables: settings.into_iter().filter_map(variable).collect() }
            }
            Self::Codex => {
                let settings = settings.into_iter().filter(|setting| setting.role != Role::Key);
                // The key that `connect` removes: here it names the variable with the key.
                let settings = settings.map(|setting| Setting {
                    value: setting.value.or_else(|| Some(CODEX_KEY.to_owned())),
                    ..setting
                });
                let variables = vec![(CODEX_KEY.to_owned(), target.key.expose_secret().to_owned())];
                Manual { file: Some(written(&path, format, settings)), variables }
            }
            Self::OpenCode => {
                Manual { file: Some(written(&path, format, settings.into_iter())), variables: Vec::new() }
            }
        }
    }
}

fn variable(setting: Setting) -> Option<(String, String)> {
    Some((setting.key.last()?.clone(), setting.value?))
}

fn written(path: &Path, format: Format, settings: impl Iterator<Item = Setting>) -> (String, String) {
    let text = settings.fold(String::new(), |text, setting| match setting.value {
        // No section of a text that began empty can be something else, so no edit fails.
        Some(value) => format.put(&text, &setting.key, Put::Text(&value)).unwrap_or(text),
        None => text,
    });
    (path.display().to_string(), text.trim_end().to_owned())
}
