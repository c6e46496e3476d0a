//! The config file, and the clock that certificates are judged by.

use std::time::{Duration, SystemTime};

use super::{Finding, Patient};
use crate::language::Message;
use crate::text;

/// 2026-01-01: before that, this program did not exist.
const BIRTH: Duration = Duration::from_hours(490_896);

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings = vec![file(patient)];
    if let Ok(loaded) = &patient.loaded {
        let fix = text!(patient.language, "doctor-config-fix");
        let warning =
            |warning: &Message| Finding::warning("config", warning.text(patient.language), fix.clone());
        findings.extend(loaded.warnings.iter().map(warning));
    }
    if SystemTime::now() < SystemTime::UNIX_EPOCH + BIRTH {
        let (text, fix) =
            (text!(patient.language, "doctor-clock"), text!(patient.language, "doctor-clock-fix"));
        findings.push(Finding::problem("clock", text, fix));
    }
    findings
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
