//! The config file, and the clock, on which certificates depend.

use std::time::{Duration, SystemTime};

use super::{Finding, Patient};
use crate::config::Loaded;
use crate::text;

/// 2026-01-01: before that, this program did not exist.
const BIRTH: Duration = Duration::from_hours(490_896);

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = vec![file(patient)];
    if let Ok(loaded) = &patient.loaded {
        let path = patient.context.paths.config.display().to_string();
        let fix = text!(patient.language, "doctor-config-warning-fix", path = path);
        let elsewhere = told_elsewhere(patient, loaded);
        let warnings = loaded.warnings.iter().map(|warning| warning.text(patient.language));
        let warnings = warnings.filter(|warning| !elsewhere.contains(warning));
        findings.extend(warnings.map(|warning| Finding::warning("config", warning, fix.clone())));
    }
    if SystemTime::now() < SystemTime::UNIX_EPOCH + BIRTH {
        let (text, fix) =
            (text!(patient.language, "doctor-clock"), text!(patient.language, "doctor-clock-fix"));
        findings.push(Finding::problem("clock", text, fix));
    }
    findings
}

/// Warnings that other checks report: which users can read files, and which accounts have no key.
fn told_elsewhere(patient: &Patient, loaded: &Loaded) -> Vec<String> {
    let language = patient.language;
    let accounts = loaded.config.accounts.iter().filter_map(|account| {
        let reason = account.api_key.reason()?.text(language);
        Some(text!(language, "warning-account", name = account.name.as_str(), reason = reason))
    });
    accounts.chain(readable(patient)).collect()
}

#[cfg(unix)]
fn readable(patient: &Patient) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let path = &patient.context.paths.config;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let (path, mode) = (path.display().to_string(), format!("{mode:03o}"));
    Some(text!(patient.language, "warning-readable", path = path, mode = mode))
}

#[cfg(not(unix))]
const fn readable(_: &Patient) -> Option<String> {
    None
}

fn file(patient: &Patient) -> Finding {
    let (language, path) = (patient.language, &patient.context.paths.config);
    let shown = path.display().to_string();
    match &patient.loaded {
        Ok(_) => Finding::ok("config", text!(language, "doctor-config-ok", path = shown)),
        Err(_) if !path.exists() => {
            let text = text!(language, "doctor-config-missing", path = shown);
            Finding::warning("config", text, text!(language, "doctor-config-missing-fix"))
        }
        Err(problems) => {
            let first = problems.lines(language).next().unwrap_or_default();
            let count = problems.list.len();
            let text = text!(language, "doctor-config-broken", count = count, first = first);
            Finding::problem("config", text, text!(language, "doctor-config-fix"))
        }
    }
}
