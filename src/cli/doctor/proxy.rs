//! Whether the proxy runs or could run, and who may use it.

use super::{Finding, PATIENCE, Patient};
use crate::config::{Config, EffectiveAuth};
use crate::control::{ProxyState, Status};
use crate::desktop::peer;
use crate::language::Language;
use crate::server::bind;
use crate::text;

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let state = match &patient.status {
        Some(status) => match not_in_force(status, patient) {
            Some(problem) => problem,
            None => running(status, patient.language),
        },
        None if patient.is_running => {
            let text = text!(patient.language, "doctor-agent-silent");
            Finding::problem("proxy", text, text!(patient.language, "doctor-agent-silent-fix"))
        }
        None => not_running(patient).await,
    };
    let further = [ipv6(patient), open_lan(patient), untold_users(patient)];
    std::iter::once(state).chain(further.into_iter().flatten()).collect()
}

/// Another program answers for `localhost` over IPv6.
fn ipv6(patient: &Patient) -> Option<Finding> {
    let (port, ours) = match &patient.status {
        Some(status) => (status.address.port(), status.pid),
        None => (patient.config()?.proxy.port, std::process::id()),
    };
    let warning = bind::stranger_on_ipv6(port, ours)?;
    let language = patient.language;
    Some(Finding::warning("ipv6", warning.text(language), text!(language, "doctor-ipv6-fix")))
}

/// If the system does not report which user connects, every user counts as the owner.
fn untold_users(patient: &Patient) -> Option<Finding> {
    let is_open = patient.config()?.proxy.effective_auth() == EffectiveAuth::Off;
    (is_open && !peer::is_reported()).then(|| {
        let text = text!(patient.language, "doctor-users-untold");
        Finding::warning("users", text, text!(patient.language, "doctor-users-untold-fix"))
    })
}

/// The file is valid, but another config is in force. An invalid file and missing accounts are
/// reported by their own checks.
fn not_in_force(status: &Status, patient: &Patient) -> Option<Finding> {
    let problem = status.problem.as_ref().filter(|_| status.failure.is_none() && patient.loaded.is_ok())?;
    let text = problem.text(patient.language);
    (status.active_accounts > 0)
        .then(|| Finding::problem("proxy", text, text!(patient.language, "doctor-reload-fix")))
}

fn running(status: &Status, language: Language) -> Finding {
    if let Some(failure) = &status.failure {
        return Finding::problem("proxy", failure.text(language), failure.fix(language));
    }
    let status = Status { language, ..status.clone() };
    if status.state == ProxyState::Running {
        return Finding::ok("proxy", status.line());
    }
    let text = match status.state {
        ProxyState::Stopped => text!(language, "doctor-proxy-stopped"),
        _ => status.sentence(),
    };
    Finding::warning("proxy", text, text!(language, "doctor-proxy-stopped-fix"))
}

/// The port is free, or another program has it.
async fn not_running(patient: &Patient<'_>) -> Finding {
    let language = patient.language;
    let defaults = Config::default();
    let proxy = &patient.config().unwrap_or(&defaults).proxy;
    let bound = bind::bind(proxy.port, proxy.allow_lan_access, false).map(drop);
    if let Err((address, error)) = bound
        && let Ok(failure) = tokio::time::timeout(PATIENCE, bind::explain(address, &error)).await
    {
        return Finding::problem("proxy", failure.text(language), failure.fix(language));
    }
    let text = text!(language, "doctor-not-running", port = proxy.port.to_string());
    Finding::warning("proxy", text, text!(language, "doctor-not-running-fix"))
}

fn open_lan(patient: &Patient) -> Option<Finding> {
    let proxy = &patient.config()?.proxy;
    let is_open = proxy.allow_lan_access && proxy.effective_auth() == EffectiveAuth::Off;
    is_open.then(|| {
        let text = text!(patient.language, "notice-lan-without-key");
        Finding::warning("lan", text, text!(patient.language, "doctor-lan-fix"))
    })
}
