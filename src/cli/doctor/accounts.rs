//! Whether there is an account that can answer.

use std::time::Duration;

use tokio::time::timeout;

use super::super::account;
use super::{Finding, Patient};
use crate::control::{AccountState, AccountStatus, StartFailure};
use crate::gateway::unresolved_key_cure;
use crate::protocol::Provider;
use crate::text;

/// How long to wait for an account's model list.
const LIST: Duration = Duration::from_secs(6);

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let accounts = accounts(patient);
    let usable: Vec<&AccountStatus> = accounts.iter().filter(|account| account.state.is_usable()).collect();
    let mut findings: Vec<Finding> = number(patient, &accounts, usable.len()).into_iter().collect();
    findings.extend(accounts.iter().filter_map(|account| ailing(patient, account)));
    for account in usable {
        if patient.online {
            findings.push(online(patient, &account.name).await);
        } else if patient.status.is_none() && is_known_by_its_list(account) {
            findings.extend(serves_nothing(patient, &account.name).await);
        }
    }
    findings
}

/// The accounts as the running agent sees them, or as the file has them.
fn accounts(patient: &Patient) -> Vec<AccountStatus> {
    match (&patient.status, patient.config()) {
        (Some(status), _) => status.accounts.clone(),
        (None, Some(config)) => account::saved(&patient.context.paths, config),
        (None, None) => Vec::new(),
    }
}

/// How many can answer. That there are none may have been reported for the proxy already.
fn number(patient: &Patient, accounts: &[AccountStatus], usable: usize) -> Option<Finding> {
    let language = patient.language;
    if usable > 0 {
        return Some(Finding::ok("accounts", text!(language, "accounts-active", count = usable)));
    }
    let failure = patient.status.as_ref().and_then(|status| status.failure.as_ref());
    if patient.loaded.is_err() || matches!(failure, Some(StartFailure::NoAccounts { .. })) {
        return None;
    }
    if !accounts.is_empty() && accounts.iter().all(|account| account.state == AccountState::Unusable) {
        let text = text!(language, "doctor-no-keys", count = accounts.len());
        return Some(Finding::problem("accounts", text, text!(language, "doctor-no-keys-fix")));
    }
    let none = StartFailure::NoAccounts { listed: accounts.len() };
    Some(Finding::problem("accounts", none.text(language), none.fix(language)))
}

fn ailing(patient: &Patient, account: &AccountStatus) -> Option<Finding> {
    let (language, name) = (patient.language, account.name.as_str());
    let reason = account.reason.as_ref().map(|reason| reason.text(language)).unwrap_or_default();
    let fix = |otherwise: String| account.fix.as_ref().map_or(otherwise, |fix| fix.text(language));
    let (text, fix) = match account.state {
        AccountState::Disabled => (
            text!(language, "doctor-account-disabled", name = name, reason = reason),
            text!(language, "doctor-account-disabled-fix", name = name),
        ),
        AccountState::Unusable => {
            (text!(language, "doctor-account-unusable", name = name, reason = reason), key_fix(patient, name))
        }
        AccountState::Cooling if account.is_out_of_credit => (
            text!(language, "doctor-account-cooling", name = name, reason = reason),
            text!(language, "doctor-account-credit-fix", name = name),
        ),
        AccountState::Cooling => (
            text!(language, "doctor-account-cooling", name = name, reason = reason),
            fix(text!(language, "doctor-account-cooling-fix", name = name)),
        ),
        AccountState::Ready if !reason.is_empty() => (
            text!(language, "warning-account", name = name, reason = reason),
            fix(text!(language, "cure-models", name = name)),
        ),
        AccountState::Ready | AccountState::Off => return None,
    };
    Some(Finding::warning("accounts", text, fix))
}

/// If this shell can read a key and the agent cannot, the key is somewhere that only the shell sees.
fn key_fix(patient: &Patient, name: &str) -> String {
    let language = patient.language;
    let account =
        patient.config().and_then(|config| config.accounts.iter().find(|account| account.name == name));
    match account {
        Some(account) if patient.is_running && account.api_key.as_known().is_some() => {
            text!(language, "doctor-account-unseen-fix")
        }
        Some(account) if let Some(reason) = account.api_key.reason() => {
            unresolved_key_cure(name, reason).text(language)
        }
        _ => text!(language, "cure-key", name = name),
    }
}

fn is_known_by_its_list(account: &AccountStatus) -> bool {
    account.models.is_empty()
        && Provider::from_name(&account.provider).is_some_and(Provider::is_known_by_its_list)
}

/// Used when no agent runs that would know already.
async fn serves_nothing(patient: &Patient<'_>, name: &str) -> Option<Finding> {
    let report = timeout(LIST, account::report(patient.context, name)).await.ok()?.ok()?;
    let said = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
    let text = text!(patient.language, "warning-account", name = name, reason = said("message"));
    (report["ok"] != true).then(|| Finding::warning("accounts", text, said("fix")))
}

/// One real call, which has its own time limits.
async fn online(patient: &Patient<'_>, name: &str) -> Finding {
    let language = patient.language;
    let (ok, said, fix) = match account::report(patient.context, name).await {
        Ok(report) => {
            let said = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
            (report["ok"] == true, said("message"), said("fix"))
        }
        Err(error) => (false, error, text!(language, "doctor-account-silent-fix", name = name)),
    };
    if ok {
        return Finding::ok("accounts", text!(language, "doctor-account-answers", name = name));
    }
    Finding::problem("accounts", text!(language, "doctor-account-silent", name = name, reason = said), fix)
}
