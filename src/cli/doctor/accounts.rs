//! Whether there is an account that can answer.

use super::super::account;
use super::{Finding, Patient};
use crate::text;

/// As the running agent sees it, or as the file alone has it.
struct Account {
    name: String,
    state: String,
    reason: String,
}

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let language = patient.language;
    let accounts = accounts(patient);
    let is_usable = |account: &&Account| matches!(account.state.as_str(), "ready" | "cooling");
    let usable = accounts.iter().filter(is_usable).count();
    let mut findings: Vec<Finding> = accounts.iter().filter_map(|account| ailing(patient, account)).collect();
    if usable > 0 {
        findings.insert(0, Finding::ok("accounts", text!(language, "accounts-active", count = usable)));
    } else if patient.loaded.is_ok() {
        let (text, fix) =
            (text!(language, "failure-no-accounts"), text!(language, "failure-no-accounts-fix"));
        findings.insert(0, Finding::problem("accounts", text, fix));
    }
    if patient.online {
        for account in accounts.iter().filter(is_usable) {
            findings.push(online(patient, &account.name).await);
        }
    }
    findings
}

fn accounts(patient: &Patient) -> Vec<Account> {
    if let Some(status) = &patient.status {
        let accounts = status.accounts.iter().map(|account| Account {
            name: account.name.clone(),
            state: account.state.clone(),
            reason: account.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        });
        return accounts.collect();
    }
    let saved = patient.config().map(|config| account::saved(&patient.context.paths, config));
    let accounts = saved.into_iter().flatten().map(|account| Account {
        name: account.name,
        state: account.state,
        reason: account.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
    });
    accounts.collect()
}

fn ailing(patient: &Patient, account: &Account) -> Option<Finding> {
    let (language, name, reason) = (patient.language, account.name.as_str(), account.reason.as_str());
    let (text, fix) = match account.state.as_str() {
        "disabled" => (
            text!(language, "doctor-account-disabled", name = name, reason = reason),
            text!(language, "doctor-account-disabled-fix", name = name),
        ),
        "unusable" => (
            text!(language, "doctor-account-unusable", name = name, reason = reason),
            text!(language, "doctor-account-unusable-fix"),
        ),
        "cooling" => (
            text!(language, "doctor-account-cooling", name = name, reason = reason),
            text!(language, "doctor-account-cooling-fix", name = name),
        ),
        _ => return None,
    };
    Some(Finding::warning("accounts", text, fix))
}

/// One real call, which has time limits of its own.
async fn online(patient: &Patient<'_>, name: &str) -> Finding {
    let language = patient.language;
    let (ok, said) = match account::report(patient.context, name).await {
        Ok(report) => (report["ok"] == true, report["message"].as_str().unwrap_or_default().to_owned()),
        Err(error) => (false, error),
    };
    if ok {
        return Finding::ok("accounts", text!(language, "doctor-account-answers", name = name));
    }
    let text = text!(language, "doctor-account-silent", name = name, reason = said);
    Finding::problem("accounts", text, text!(language, "doctor-account-silent-fix", name = name))
}
