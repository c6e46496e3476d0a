//! `portcullis doctor`: what is wrong on this computer, and the one thing to do about it.
//! One file for each subject; each check is short and returns its findings as values.

mod accounts;
mod agent;
mod config;
mod files;
mod login;
mod owner;
mod proxy;
mod room;
mod session;
mod tools;
mod upstream;
mod variables;

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::timeout;

use super::Context;
use super::agent::Agent;
use super::output::{self, Exit};
use crate::config::{Config, Loaded, Problems};
use crate::connect::Target;
use crate::control::{ProxyState, Status};
use crate::language::Language;
use crate::text;

/// The longest wait for any answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, Args)]
pub struct DoctorArgs {
    /// Also make one minimal real call with each account
    #[arg(long)]
    online: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub level: Level,
    pub text: String,
    /// The one thing to do.
    pub fix: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    /// Works, but should be known.
    Warning,
    Problem,
}

/// What several checks use.
struct Patient<'context> {
    context: &'context Context,
    language: Language,
    loaded: Result<Loaded, Problems>,
    /// The running agent's; `None` when none runs, or it does not answer.
    status: Option<Status>,
    is_running: bool,
    online: bool,
}

pub async fn doctor(context: &Context, args: DoctorArgs) -> Exit {
    let patient = Patient::new(context, args.online).await;
    let findings = patient.examine().await;
    if context.json {
        output::json(&serde_json::json!(findings));
    } else {
        findings.iter().for_each(print);
        output::line("");
        output::line(&summary(&findings, patient.language));
    }
    let is_ill = findings.iter().any(|finding| finding.level == Level::Problem);
    if is_ill { Exit::Failed } else { Exit::Done }
}

impl<'context> Patient<'context> {
    async fn new(context: &'context Context, online: bool) -> Self {
        let agent = Agent::find(&context.paths);
        let status = match &agent {
            Some(agent) => timeout(PATIENCE, agent.status()).await.ok().and_then(Result::ok),
            None => None,
        };
        Self {
            context,
            language: output::answer_language(),
            loaded: crate::config::load(&context.paths.config).await,
            status,
            is_running: agent.is_some(),
            online,
        }
    }

    async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(config::check(self));
        findings.extend(files::check(self));
        findings.extend(owner::check(self));
        findings.extend(room::check(self));
        findings.extend(proxy::check(self).await);
        findings.extend(agent::check(self));
        findings.extend(accounts::check(self).await);
        findings.extend(upstream::check(self).await);
        findings.extend(variables::check(self));
        findings.extend(tools::check(self).await);
        findings.extend(login::check(self));
        findings.extend(session::check(self).await);
        once_each(findings)
    }

    /// The proxy takes requests.
    fn is_answering(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == ProxyState::Running)
    }

    fn config(&self) -> Option<&Config> {
        self.loaded.as_ref().ok().map(|loaded| &loaded.config)
    }

    /// The base URL for clients, as far as it is known.
    fn target(&self) -> Option<Target> {
        let config = self.config();
        let base_url = match &self.status {
            Some(status) => status.base_url.clone(),
            None => super::connect::configured(config.unwrap_or(&Config::default()))?,
        };
        let key = config.and_then(|config| config.proxy.api_key.as_known().cloned());
        Some(Target { base_url, key: key.unwrap_or_default() })
    }
}

impl Finding {
    fn ok(check: &'static str, text: String) -> Self {
        Self { check, level: Level::Ok, text, fix: None }
    }

    fn warning(check: &'static str, text: String, fix: String) -> Self {
        Self { check, level: Level::Warning, text, fix: Some(fix) }
    }

    fn problem(check: &'static str, text: String, fix: String) -> Self {
        Self { check, level: Level::Problem, text, fix: Some(fix) }
    }
}

/// Two checks may find the same thing.
fn once_each(findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !told.iter().any(|other| other.text == finding.text) {
            told.push(finding);
        }
    }
    told
}

fn print(finding: &Finding) {
    let mark = match finding.level {
        Level::Ok => "✓",
        Level::Warning => "!",
        Level::Problem => "✗",
    };
    output::line(&format!("{mark} {}", finding.text));
    if let Some(fix) = &finding.fix {
        output::line(&format!("  → {fix}"));
    }
}

fn summary(findings: &[Finding], language: Language) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    match (problems, warnings) {
        (0, 0) => text!(language, "doctor-well"),
        (0, warnings) => text!(language, "doctor-warnings", count = warnings),
        (problems, _) => text!(language, "doctor-problems", count = problems),
    }
}
