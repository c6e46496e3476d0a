//! The warnings of the running agent, as `portcullis status` shows them.

use super::{Finding, Patient};
use crate::text;

/// Warnings that another check finds are left to that check.
pub fn check(patient: &Patient) -> Vec<Finding> {
    let Some(status) = &patient.status else { return Vec::new() };
    let language = patient.language;
    let known: Vec<String> = patient.known_warnings();
    let log = patient.context.paths.log_file().display().to_string();
    let warnings = status.warnings.iter().map(|warning| warning.text(language));
    let news = warnings.filter(|warning| !known.contains(warning));
    news.map(|warning| {
        let fix = text!(language, "doctor-agent-warning-fix", path = log.as_str());
        Finding::warning("agent", warning, fix)
    })
    .collect()
}

impl Patient<'_> {
    /// The file's own warnings, those of accounts, and the one of an open network.
    fn known_warnings(&self) -> Vec<String> {
        let language = self.language;
        let of_file = self.loaded.iter().flat_map(|loaded| &loaded.warnings);
        let of_accounts = self.status.iter().flat_map(|status| &status.accounts).filter_map(|account| {
            let reason = account.reason.as_ref()?.text(language);
            Some(text!(language, "warning-account", name = account.name.as_str(), reason = reason))
        });
        let open = text!(language, "notice-lan-without-key");
        of_file.map(|warning| warning.text(language)).chain(of_accounts).chain([open]).collect()
    }
}
