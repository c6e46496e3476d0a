//! Texts to paste: each client with the address of this proxy, a model that the pool serves,
//! and a place for the key.

use strum::VariantArray;

use crate::config::{AccountConfig, Config, EffectiveAuth};
use crate::connect::{Manual, Target, Tool};
use crate::protocol::{Family, Provider};

/// What is shown instead of the key until the user asks for it.
pub const MASK: &str = "sk-••••••••";
/// The key for SDKs that demand one even where the proxy requires none.
const ANY_KEY: &str = "sk-any-key";
/// The place for the key in a text that is not yet cut into pieces.
const KEY: &str = "{key}";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The snippet's name in the page.
    pub id: &'static str,
    pub title: &'static str,
    pub pieces: Vec<Piece>,
    /// The command that does the same.
    pub command: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// Where the client key goes.
    Key,
}

/// What the snippets are made from.
#[derive(Clone, Debug)]
pub struct Connection<'a> {
    /// Without `/v1`.
    pub base_url: &'a str,
    pub config: &'a Config,
    /// For PowerShell instead of a POSIX shell.
    pub is_windows: bool,
}

impl Connection<'_> {
    /// Asks the proxy whether it is running.
    pub fn health(&self) -> Snippet {
        let auth = self.config.proxy.effective_auth();
        let key = if auth == EffectiveAuth::Strict { self.header() } else { "" };
        self.snippet("health", "curl", &format!("{} -sS {}/healthz{key}", self.curl(), self.base_url))
    }

    /// One snippet for each client, the shortest first.
    pub fn clients(&self) -> Vec<Snippet> {
        let base_url = self.base_url;
        let [openai, anthropic, gemini] =
            [Family::OpenAi, Family::Anthropic, Family::Gemini].map(|family| model(family, self.config));
        let mut snippets = vec![
            self.snippet("curl", "curl", &self.chat_by_curl(&openai)),
            self.snippet(
                "openai",
                "OpenAI SDK (Python)",
                &format!(
                    r#"import openai

client = openai.OpenAI(base_url="{base_url}/v1", api_key="{{key}}")
answer = client.chat.completions.create(
    model="{openai}",
    messages=[{{"role": "user", "content": "Hello, who are you?"}}],
)
print(answer.choices[0].message.content)"#
                ),
            ),
            self.snippet(
                "anthropic",
                "Anthropic SDK (Python)",
                &format!(
                    r#"import anthropic

client = anthropic.Anthropic(base_url="{base_url}", api_key="{{key}}")
message = client.messages.create(
    model="{anthropic}",
    max_tokens=500,
    messages=[{{"role": "user", "content": "Hello, who are you?"}}],
)
print(message.content[0].text)"#
                ),
            ),
            self.snippet(
                "gemini",
                "Gemini SDK (Python)",
                &format!(
                    r#"from google import genai

client = genai.Client(api_key="{{key}}", http_options={{"base_url": "{base_url}"}})
print(client.models.generate_content(model="{gemini}", contents="Hello, who are you?").text)"#
                ),
            ),
        ];
        snippets.extend(Tool::VARIANTS.iter().map(|&tool| self.tool(tool)));
        snippets
    }

    /// The settings that `portcullis connect` writes, and the command that starts the tool.
    fn tool(&self, tool: Tool) -> Snippet {
        let target = Target { base_url: self.base_url.to_owned(), key: KEY.into() };
        let Manual { file, variables } = tool.manual(&target);
        let shell = if self.is_windows { "PowerShell" } else { "shell" };
        let file = file.map(|(path, text)| format!("# ~/{path}\n{text}\n\n# {shell}"));
        let variables = variables.iter().map(|(name, value)| self.variable(name, value));
        let lines: Vec<String> =
            file.into_iter().chain(variables).chain([tool.program().to_owned()]).collect();
        let command = Some(format!("portcullis connect {}", tool.id()));
        Snippet { command, ..self.snippet(tool.id(), tool.name(), &lines.join("\n")) }
    }

    fn chat_by_curl(&self, model: &str) -> String {
        let body =
            format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello!"}}]}}"#);
        let (quoted, next) = if self.is_windows { (body.replace('"', "\\\""), "`") } else { (body, "\\") };
        let key = if self.config.proxy.effective_auth() == EffectiveAuth::Off { "" } else { self.header() };
        format!(
            "{} -sS {}/v1/chat/completions{key} {next}\n  -H 'content-type: application/json' {next}\n  -d '{quoted}'",
            self.curl(),
            self.base_url
        )
    }

    /// On Windows `curl` may be an alias of another command.
    const fn curl(&self) -> &'static str {
        if self.is_windows { "curl.exe" } else { "curl" }
    }

    #[expect(clippy::unused_self, reason = "reads as the others do")]
    const fn header(&self) -> &'static str {
        " -H 'Authorization: Bearer {key}'"
    }

    fn variable(&self, name: &str, value: &str) -> String {
        if self.is_windows {
            format!("$env:{name} = \"{value}\"")
        } else {
            format!("export {name}=\"{value}\"")
        }
    }

    fn snippet(&self, id: &'static str, title: &'static str, text: &str) -> Snippet {
        let has_key = !self.config.proxy.api_key.is_missing();
        let mut pieces = Vec::new();
        for (position, part) in text.split(KEY).enumerate() {
            if position > 0 {
                pieces.push(if has_key { Piece::Key } else { Piece::Text(ANY_KEY.to_owned()) });
            }
            pieces.push(Piece::Text(part.to_owned()));
        }
        Snippet { id, title, pieces, command: None }
    }
}

/// A model that an account serves, if possible one of the client's own family: any client can
/// use any account, but some clients fail on model names that they do not know.
fn model(family: Family, config: &Config) -> String {
    let own = match family {
        Family::OpenAi => Provider::OpenAi,
        Family::Anthropic => Provider::Anthropic,
        Family::Gemini => Provider::Gemini,
    };
    let usable = || config.accounts.iter().filter(|account| account.enabled);
    let serves = |account: &&AccountConfig| account.provider == own || account.provider == Provider::Demo;
    let account = usable().find(serves).or_else(|| usable().next());
    let named = account.and_then(|account| account.models.iter().find(|model| is_plain(model)).cloned());
    named.unwrap_or_else(|| {
        let provider = account.map_or(own, |account| account.provider);
        usual_model(if provider == Provider::Demo { own } else { provider }).to_owned()
    })
}

/// Whether the name is one model's, without characters that mean something to a shell or in
/// quotes.
fn is_plain(model: &str) -> bool {
    model.chars().all(|character| character.is_ascii_alphanumeric() || "-_.:/@".contains(character))
}

const fn usual_model(provider: Provider) -> &'static str {
    match provider {
        Provider::Gemini => "gemini-3-flash",
        Provider::Anthropic => "claude-sonnet-5",
        Provider::Zai => "glm-4.7",
        Provider::OpenAi | Provider::OpenAiCompatible | Provider::Demo => "gpt-5-mini",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AuthMode, Secret};

    const BASE_URL: &str = "http://127.0.0.1:9045";

    fn config(auth_mode: AuthMode, accounts: &[(Provider, &[&str])]) -> Config {
        let mut config = Config::default();
        config.proxy.auth_mode = auth_mode;
        config.proxy.api_key = Secret::Known("sk-hidden-hidden".into());
        config.accounts = accounts
            .iter()
            .map(|(provider, models)| AccountConfig {
                name: provider.name().to_owned(),
                provider: *provider,
                api_key: Secret::Missing,
                base_url: None,
                models: models.iter().map(|&model| model.to_owned()).collect(),
                enabled: true,
                priority: 0,
                weight: 1,
            })
            .collect();
        config
    }

    /// The snippet as it is shown before the user asks for the key.
    fn masked(snippet: &Snippet) -> String {
        let texts = snippet.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Key => MASK,
        });
        texts.collect()
    }

    fn texts(config: &Config, is_windows: bool) -> Vec<String> {
        let connection = Connection { base_url: BASE_URL, config, is_windows };
        std::iter::once(connection.health())
            .chain(connection.clients())
            .map(|snippet| masked(&snippet))
            .collect()
    }

    #[test]
    fn every_client_gets_the_address_its_own_way() {
        let texts = texts(&config(AuthMode::Off, &[]), false);
        assert_eq!(texts[0], "curl -sS http://127.0.0.1:9045/healthz");
        for (index, address) in
            [(1, "9045/v1/chat"), (2, "9045/v1\""), (3, "9045\""), (4, "9045\""), (6, "9045/v1\"")]
        {
            assert!(texts[index].contains(address), "{}", texts[index]);
        }
        assert!(texts.iter().all(|text| text.contains(BASE_URL)), "{texts:?}");
    }

    #[test]
    fn the_key_is_masked_and_is_only_where_it_is_needed() {
        let open = texts(&config(AuthMode::Off, &[]), false);
        assert!(!open[0].contains("Authorization") && !open[1].contains("Authorization"));
        let closed = texts(&config(AuthMode::AllExceptHealth, &[]), false);
        assert!(
            !closed[0].contains("Authorization") && closed[1].contains("Bearer sk-••••"),
            "{}",
            closed[1]
        );
        let strict = texts(&config(AuthMode::Strict, &[]), false);
        assert!(strict[0].contains("Authorization: Bearer sk-••••"), "{}", strict[0]);
        for texts in [open, closed, strict] {
            assert!(texts.iter().all(|text| !text.contains("hidden")), "{texts:?}");
            assert!(texts[2..].iter().all(|text| text.contains(MASK)), "{texts:?}");
        }
        let mut keyless = config(AuthMode::Off, &[]);
        keyless.proxy.api_key = Secret::Missing;
        assert!(texts(&keyless, false).iter().all(|text| !text.contains(MASK)));
    }

    #[test]
    fn the_model_is_one_that_an_account_serves() {
        let check = |accounts: &[(Provider, &[&str])], expected: [&str; 3]| {
            let config = config(AuthMode::Off, accounts);
            let found =
                [Family::OpenAi, Family::Anthropic, Family::Gemini].map(|family| model(family, &config));
            assert_eq!(found, expected, "{accounts:?}");
        };
        check(&[], ["gpt-5-mini", "claude-sonnet-5", "gemini-3-flash"]);
        check(&[(Provider::Demo, &["*"])], ["gpt-5-mini", "claude-sonnet-5", "gemini-3-flash"]);
        check(&[(Provider::Gemini, &[])], ["gemini-3-flash"; 3]);
        check(&[(Provider::OpenAiCompatible, &["llama*", "x'; rm -rf ~", "qwen3"])], ["qwen3"; 3]);
        check(
            &[(Provider::Gemini, &[]), (Provider::Anthropic, &[])],
            ["gemini-3-flash", "claude-sonnet-5", "gemini-3-flash"],
        );
    }

    #[test]
    fn claude_code_gets_a_token_that_it_sends_without_asking() {
        let texts = texts(&config(AuthMode::Off, &[]), false);
        assert!(texts[5].contains("export ANTHROPIC_AUTH_TOKEN="), "{}", texts[5]);
    }

    #[test]
    fn windows_gets_powershell() {
        let texts = texts(&config(AuthMode::Off, &[]), true);
        assert!(
            texts[0].starts_with("curl.exe ") && texts[5].starts_with("$env:ANTHROPIC_BASE_URL = "),
            "{texts:?}"
        );
    }
}
