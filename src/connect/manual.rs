//! A tool's setup for users who paste it instead of running `connect`.

use std::path::Path;

use secrecy::ExposeSecret;

use super::environment::Environment;
use super::format::{Format, Put};
use super::target::Target;
use super::tool::{Role, Setting, Tool, ToolFile, opencode_settings};

/// The variable that holds the key for Codex: a pasted file only names it.
const CODEX_KEY: &str = "PORTCULLIS_KEY";

const OPENCODE_FILE: &str = ".config/opencode/opencode.json";

/// What to paste where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manual {
    /// A file below the home directory, and its text.
    pub file: Option<(String, String)>,
    /// Environment variables with their values, to set before the tool starts.
    pub variables: Vec<(String, String)>,
}

impl Tool {
    /// The settings that `connect` writes, in the form that is easiest to paste.
    pub fn manual(self, target: &Target) -> Manual {
        match self {
            Self::ClaudeCode | Self::GeminiCli => {
                let settings = self.first_file(target).into_iter().flat_map(|file| file.settings);
                Manual { file: None, variables: settings.filter_map(variable).collect() }
            }
            Self::Codex => {
                let variables = vec![(CODEX_KEY.to_owned(), target.key.expose_secret().to_owned())];
                Manual { file: self.first_file(target).map(codex_file), variables }
            }
            Self::OpenCode => {
                let file = text_of(Path::new(OPENCODE_FILE), Format::Json, opencode_settings(target));
                Manual { file: Some(file), variables: Vec::new() }
            }
        }
    }

    fn first_file(self, target: &Target) -> Option<ToolFile> {
        self.files(&Environment::default(), target).into_iter().next()
    }
}

fn variable(setting: Setting) -> Option<(String, String)> {
    Some((setting.key.last()?.clone(), setting.value?))
}

/// Without the key: the setting that `connect` removes names the variable with the key here.
fn codex_file(file: ToolFile) -> (String, String) {
    let settings = file.settings.into_iter().filter(|setting| setting.role != Role::Key);
    let settings = settings
        .map(|setting| Setting { value: setting.value.or_else(|| Some(CODEX_KEY.to_owned())), ..setting });
    text_of(&file.path, file.format, settings.collect())
}

/// The path with slashes, and the text of a file that has these settings alone.
fn text_of(path: &Path, format: Format, settings: Vec<Setting>) -> (String, String) {
    let text = settings.into_iter().fold(String::new(), |text, setting| match setting.value {
        // Every section is created by an earlier step, so no step fails.
        Some(value) => format.put(&text, &setting.key, Put::Text(&value)).unwrap_or(text),
        None => text,
    });
    (path.display().to_string().replace('\\', "/"), text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(tool: Tool) -> Manual {
        tool.manual(&Target { base_url: "http://here:1".to_owned(), key: "sk-key".into() })
    }

    fn check_variables(tool: Tool, expected: &[(&str, &str)]) {
        let variables = manual(tool).variables;
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(variables, expected, "{tool:?}");
    }

    #[test]
    fn a_tool_that_reads_variables_gets_those_that_connect_writes() {
        check_variables(
            Tool::ClaudeCode,
            &[("ANTHROPIC_BASE_URL", "http://here:1"), ("ANTHROPIC_AUTH_TOKEN", "sk-key")],
        );
        check_variables(
            Tool::GeminiCli,
            &[("GOOGLE_GEMINI_BASE_URL", "http://here:1"), ("GEMINI_API_KEY", "sk-key")],
        );
    }

    #[test]
    fn codex_gets_a_file_that_only_names_the_key() {
        check_variables(Tool::Codex, &[("PORTCULLIS_KEY", "sk-key")]);
        let (path, text) = manual(Tool::Codex).file.expect("a file");
        assert_eq!(path, ".codex/config.toml");
        assert_eq!(
            text,
            "model_provider = \"portcullis\"\n\n[model_providers.portcullis]\nname = \"portcullis\"\n\
             base_url = \"http://here:1/v1\"\nwire_api = \"responses\"\nenv_key = \"PORTCULLIS_KEY\""
        );
    }

    #[test]
    fn opencode_gets_its_three_providers() {
        let (path, text) = manual(Tool::OpenCode).file.expect("a file");
        assert_eq!(path, ".config/opencode/opencode.json");
        let settings: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let options = &settings["provider"]["google"]["options"];
        assert_eq!(options["baseURL"], "http://here:1/v1beta");
        assert_eq!(options["apiKey"], "sk-key");
    }
}
