//! What the user should do about an account that does not answer, as far as its reply shows.

use super::model_lists::ListError;
use crate::accounts::Account;
use crate::config::Config;
use crate::language::Message;
use crate::message;
use crate::protocol::Family;
use crate::upstream::failure::is_about_credit;
use crate::upstream::hop;

/// Statuses of a server that runs and does not know the path.
const UNKNOWN_PATH: [u16; 3] = [200, 404, 405];

impl ListError {
    /// The reason, and the address that was probably meant.
    pub fn reason_for(&self, account: &Account) -> Message {
        match self.status.filter(|status| UNKNOWN_PATH.contains(status)).and(with_version(account)) {
            Some(url) => message!("list-lacks-version", reason = self.reason.clone(), url = url),
            None => self.reason.clone(),
        }
    }
}

/// What to do after this status, or after no answer. `is_list`: the model list was asked
/// for.
pub fn cure(
    account: &Account,
    config: &Config,
    status: Option<u16>,
    reason: &Message,
    is_list: bool,
) -> Message {
    let name = account.name.as_str();
    let base_url =
        account.base.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()).unwrap_or_default();
    if let Some(cure) = way_cure(name, reason, status) {
        return cure;
    }
    match status {
        Some(_) if is_about_credit(reason) => message!("cure-credit", name = name),
        Some(401 | 403) => message!("cure-key", name = name),
        Some(402) => message!("cure-credit", name = name),
        Some(status) if is_list && UNKNOWN_PATH.contains(&status) => match with_version(account) {
            Some(url) => message!("cure-version", name = name, url = url),
            None => message!("cure-base-url", name = name, url = base_url),
        },
        Some(404) => message!("cure-model", name = name),
        Some(_) => message!("cure-wait", name = name),
        None => match proxy_of(account, config) {
            Some(proxy) => message!("cure-proxy", proxy = proxy),
            None => message!("cure-address", url = base_url, name = name),
        },
    }
}

/// What to do where the provider was not reached, as far as the reason shows why.
pub fn way_cure(name: &str, reason: &Message, status: Option<u16>) -> Option<Message> {
    let says = |keys: &[&str]| keys.iter().any(|key| reason.mentions(key));
    let text = reason.to_string();
    Some(if text.contains(hop::RETURNED) {
        message!("cure-loop", name = name)
    } else if status.is_some() {
        return None;
    } else if says(&["reason-unknown-issuer"]) {
        message!("cure-certificate")
    } else if says(&["reason-authority-as-server"]) {
        message!("cure-authority-as-server")
    } else if says(&["reason-proxy-password", "reason-unknown-proxy-password"]) {
        message!("cure-proxy-password")
    } else if says(&["reason-proxy-refused"]) {
        message!("cure-proxy-refused")
    } else if text.contains("peer certificate") {
        message!("cure-server-certificate", name = name)
    } else {
        return None;
    })
}

/// What to do about an account that rests because its provider was not reached. Waiting does
/// not help: every request tries the connection again.
pub fn rest_cure(name: &str, reason: &Message) -> Option<Message> {
    let says = |keys: &[&str]| keys.iter().any(|key| reason.mentions(key));
    way_cure(name, reason, None).or_else(|| {
        if says(&["reason-proxy-down"]) {
            Some(message!("cure-proxy-down"))
        } else {
            says(&["reason-at-host", "reason-no-such-host"]).then(|| message!("cure-way", name = name))
        }
    })
}

/// What to do about a refused or missing key. One that the config only names is looked for
/// in the agent's environment, not in a shell's.
pub fn key_cure(account: &Account) -> Message {
    if let Some(reason) = account.api_key.reason() {
        unresolved_key_cure(&account.name, reason)
    } else {
        message!("cure-key", name = account.name.as_str())
    }
}

/// What to do about a key that was not found, by where it was looked for.
pub fn unresolved_key_cure(name: &str, reason: &Message) -> Message {
    if reason.mentions("secret-in-file") {
        message!("cure-key-file", name = name)
    } else if reason.mentions("secret-in-keyring") {
        message!("cure-key-keyring", name = name)
    } else {
        message!("cure-key-source", name = name)
    }
}

/// `upstream.proxy` as host and port, if this account's requests go through it.
fn proxy_of(account: &Account, config: &Config) -> Option<String> {
    let host = account.base.as_ref()?.host_str()?.to_owned();
    let is_loopback = matches!(host.as_str(), "localhost" | "[::1]") || host.starts_with("127.");
    proxy_address(config).filter(|_| !is_loopback)
}

/// `upstream.proxy` as host and port.
pub fn proxy_address(config: &Config) -> Option<String> {
    let url = url::Url::parse(&config.upstream.proxy).ok()?;
    let port = url.port_or_known_default().unwrap_or(1080);
    Some(format!("{}:{port}", url.host_str()?))
}

/// The account's address with `/v1`, if it is of the OpenAI family and has no version.
fn with_version(account: &Account) -> Option<String> {
    let base = account.base.as_ref().filter(|_| super::model_lists::family(account) == Family::OpenAi)?;
    let last = base.path_segments()?.rfind(|segment| !segment.is_empty()).unwrap_or_default();
    let is_version =
        last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    (!is_version).then(|| format!("{}/v1", base.as_str().trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cure: Option<Message>, expected: &str) {
        let cure = cure.map(|cure| cure.to_string()).unwrap_or_default();
        assert!(cure.contains(expected), "no {expected:?} in {cure:?}");
    }

    #[test]
    fn what_fails_on_the_way_has_the_cure_of_that_way() {
        let at_host = |error: &str| message!("reason-at-host", host = "api.test", error = error);
        let proxy_refused = message!("reason-proxy-refused", proxy = "p:1", host = "api.test", error = "403");
        check(rest_cure("a", &at_host("invalid peer certificate: Expired")), "valid now");
        check(rest_cure("a", &at_host("Connection refused")), "no need to wait");
        check(rest_cure("a", &message!("list-not-had", reason = at_host("refused"))), "no need to wait");
        check(rest_cure("a", &message!("reason-unknown-issuer", host = "api.test")), "ca_file");
        check(rest_cure("a", &message!("reason-authority-as-server", host = "api.test")), "CA:FALSE");
        check(rest_cure("a", &message!("reason-proxy-password", proxy = "p:1")), "password");
        check(rest_cure("a", &proxy_refused), "no_proxy");
        check(way_cure("a", &hop::RETURNED.into(), Some(502)), "leads back");
        assert_eq!(rest_cure("a", &"The certificate of the model is too large".into()), None);
        assert_eq!(way_cure("a", &at_host("Connection refused"), Some(502)), None);
    }

    #[test]
    fn a_key_is_looked_for_where_it_is_kept() {
        for (place, expected) in [
            (message!("secret-in-file", path = "/k"), "Create the file"),
            (message!("secret-in-keyring", name = "k"), "keyring"),
            (message!("secret-in-variable", name = "K"), "environment"),
        ] {
            let reason = message!("secret-not-had", place = place, reason = "gone");
            check(Some(unresolved_key_cure("a", &reason)), expected);
        }
    }
}
