//! Tests an account with one minimal real call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::attempt::Attempt;
use super::model_lists::{Age, ListError};
use super::service::Gateway;
use super::{cure, headers};
use crate::accounts::{Account, UnknownAccount, accounts_of};
use crate::config::Config;
use crate::language::{Language, Message};
use crate::message;
use crate::monitor::record::millis;
use crate::protocol::provider::OPENAI_SIDE_MODELS;
use crate::protocol::{Operation, Protocol, Provider, capability};
use crate::upstream::{Frames, endpoint};

/// How long the call may take: long enough for a cold model.
const LIMIT: Duration = Duration::from_secs(30);
/// Names of a list that are shown.
const NAMED_AT_MOST: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    pub account: String,
    pub provider: String,
    pub ok: bool,
    /// What was asked: a model, or the model list.
    pub asked: Message,
    pub status: Option<u16>,
    /// The outcome, in one line.
    pub message: Message,
    /// What to do, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Message>,
    pub duration_ms: u64,
}

impl TestReport {
    /// The report with its texts in one language.
    #[must_use]
    pub fn worded(self, language: Language) -> Self {
        let fix = self.fix.map(|fix| fix.worded(language));
        Self { asked: self.asked.worded(language), message: self.message.worded(language), fix, ..self }
    }
}

impl Gateway {
    /// Asks the account's first named model for one token; if it names none, reads the
    /// provider's model list. Many servers show their list without a key, so an account whose
    /// key was refused is enabled again only when a model answers: the first of the list.
    pub async fn test_account(&self, name: &str) -> Result<TestReport, UnknownAccount> {
        let settings = self.settings();
        let account = accounts_of(&settings.config)
            .find(|account| account.name == name)
            .ok_or_else(|| UnknownAccount(name.to_owned()))?;
        let started = Instant::now();
        let question = question(&account);
        let is_list = question.model.is_none();
        let tested = match account.credential_problem() {
            Some(problem) => {
                TestOutcome { ok: false, status: None, message: problem, fix: Some(cure::key_cure(&account)) }
            }
            None if account.is_known_by_its_list() => self.ask_for_list(&account, &settings.config).await,
            None => self.put(&account, &settings.config, &question).await,
        };
        let is_proven_by_list = tested.ok && is_list && self.pool.is_disabled(name);
        let (TestOutcome { ok, status, message, fix }, question) = if is_proven_by_list {
            self.ask_first_of_list(&account, &settings.config).await
        } else {
            (tested, question)
        };
        if ok {
            let _ = self.pool.enable(name);
        }
        let duration_ms = millis(started.elapsed());
        let asked = question.model.map_or_else(|| message!("account-test-list"), Message::from);
        let provider = account.provider.name().to_owned();
        Ok(TestReport { account: account.name, provider, ok, asked, status, message, fix, duration_ms })
    }

    /// For an account whose list was read, which does not prove its key.
    async fn ask_first_of_list(&self, account: &Account, config: &Config) -> (TestOutcome, Question) {
        let mut lists = self.lists(&[Arc::new(account.clone())], LIMIT, Age::None).await;
        let list = lists.pop().and_then(Result::ok).unwrap_or_default();
        let question = asking(account, first_in_words(list.iter().map(|model| &model.id)));
        if question.model.is_some() {
            return (self.put(account, config, &question).await, question);
        }
        let name = account.name.as_str();
        let message = message!("account-test-list-only");
        let fix = Some(message!("cure-unproven", name = name));
        (TestOutcome { ok: false, status: Some(200), message, fix }, question)
    }

    async fn put(&self, account: &Account, config: &Config, question: &Question) -> TestOutcome {
        match self.ask(account, question).await {
            Ok(status) => {
                let message = message!("account-test-works");
                TestOutcome { ok: true, status: Some(status), message, fix: None }
            }
            Err((status, reason)) => {
                let fix = cure::cure(account, config, status, &reason, question.model.is_none());
                TestOutcome { ok: false, status, message: reason, fix: Some(fix) }
            }
        }
    }

    /// For an account that serves what its list names.
    async fn ask_for_list(&self, account: &Account, config: &Config) -> TestOutcome {
        let accounts = [Arc::new(account.clone())];
        let mut lists = self.lists(&accounts, LIMIT, Age::None).await;
        let fix = || Some(message!("cure-models", name = account.name.as_str()));
        match lists.pop() {
            Some(Ok(list)) if list.is_empty() => {
                let message = message!("account-test-serves-nothing", why = message!("list-empty"));
                TestOutcome { ok: false, status: Some(200), message, fix: fix() }
            }
            Some(Ok(list)) => {
                let names: Vec<&str> =
                    list.iter().map(|model| model.id.as_str()).take(NAMED_AT_MOST).collect();
                let message = message!("account-test-serves", count = list.len(), models = names.join(", "));
                TestOutcome { ok: true, status: Some(200), message, fix: None }
            }
            Some(Err(ListError { status, reason })) => {
                let cure = cure::cure(account, config, status, &reason, true);
                let why = message!("list-not-had", reason = reason);
                TestOutcome {
                    ok: false,
                    status,
                    message: message!("account-test-serves-nothing", why = why),
                    fix: Some(cure),
                }
            }
            None => TestOutcome { ok: false, status: None, message: Message::default(), fix: None },
        }
    }

    async fn ask(&self, account: &Account, question: &Question) -> Result<u16, (Option<u16>, Message)> {
        if account.provider == Provider::Demo {
            return Ok(StatusCode::OK.as_u16());
        }
        let mut headers = headers::request_headers(&HeaderMap::new(), question.operation.protocol());
        let path = match &question.model {
            Some(model) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                endpoint::Path::Operation { operation: question.operation, model, version: None }
            }
            None => endpoint::Path::Models { id: None },
        };
        let client = self.client();
        let attempt = Attempt {
            client: &client,
            method: if question.model.is_some() { Method::POST } else { Method::GET },
            path,
            query: None,
            headers,
            body: question.body(),
            limit: LIMIT,
        };
        match attempt.run(account).await {
            Ok(answered) => Ok(answered.status.as_u16()),
            Err(refused) => Err((refused.failure.status, refused.failure.reason)),
        }
    }
}

/// The outcome of a test.
struct TestOutcome {
    ok: bool,
    status: Option<u16>,
    message: Message,
    fix: Option<Message>,
}

/// The smallest request to a provider.
struct Question {
    operation: Operation,
    model: Option<String>,
}

fn question(account: &Account) -> Question {
    let provider = account.provider;
    let named = account.models.iter().filter(|model| !model.contains('*'));
    let model = first_in_words(named).or_else(|| match provider {
        Provider::Demo => Some("demo".to_owned()),
        // Its Anthropic endpoint has no list; the mapping names a model that it serves.
        Provider::Zai => Some(account.sent_model("claude-haiku").to_owned()),
        _ => None,
    });
    asking(account, model)
}

fn first_in_words<'name>(mut names: impl Iterator<Item = &'name String>) -> Option<String> {
    names.find(|model| answers_in_words(model)).cloned()
}

fn asking(account: &Account, model: Option<String>) -> Question {
    let provider = account.provider;
    let only_responds = model.as_deref().is_some_and(capability::openai_only_responds);
    let operation = match provider.protocols()[0] {
        Protocol::Gemini => Operation::GenerateContent,
        Protocol::Anthropic => Operation::Messages,
        Protocol::OpenAiChat if only_responds && provider.speaks(Protocol::OpenAiResponses) => {
            Operation::Responses
        }
        Protocol::OpenAiChat | Protocol::OpenAiResponses => Operation::ChatCompletions,
    };
    Question { operation, model }
}

/// Whether this model answers a chat message. Images and embeddings have other calls, some of
/// which cost more.
pub fn answers_in_words(model: &str) -> bool {
    !capability::openai_draws(model) && !OPENAI_SIDE_MODELS.iter().any(|prefix| model.starts_with(prefix))
}

impl Question {
    fn body(&self) -> Frames {
        /// A reasoning model answers 400 when its thoughts leave no room for a word.
        const ROOM_TO_THINK: u32 = 1024;
        let Some(model) = &self.model else { return Frames::default() };
        let ping = json!([{"role": "user", "content": "ping"}]);
        let body = match self.operation {
            Operation::GenerateContent => json!({
                "contents": [{"role": "user", "parts": [{"text": "ping"}]}],
                "generationConfig": {"maxOutputTokens": 1},
            }),
            Operation::Responses => {
                json!({"model": model, "max_output_tokens": ROOM_TO_THINK, "store": false, "input": "ping"})
            }
            Operation::ChatCompletions if capability::is_openai(model) => {
                json!({"model": model, "max_completion_tokens": ROOM_TO_THINK, "messages": ping})
            }
            _ => json!({"model": model, "max_tokens": 1, "messages": ping}),
        };
        Frames::from(Bytes::from(body.to_string()))
    }
}
