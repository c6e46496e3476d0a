//! The one thing to do about an account that does not answer, as far as its answer tells.

use super::model_lists::NotHad;
use crate::accounts::Account;
use crate::config::Config;
use crate::language::Message;
use crate::message;
use crate::protocol::Family;

/// Answers of a server that is there and does not know the path.
const UNKNOWN_PATH: [u16; 3] = [200, 404, 405];

impl NotHad {
    /// Why, and the address that was probably meant.
    pub fn said(&self, account: &Account) -> Message {
        match self.status.filter(|status| UNKNOWN_PATH.contains(status)).and(with_version(account)) {
            Some(url) => message!("list-lacks-version", reason = self.reason.clone(), url = url),
            None => self.reason.clone(),
        }
    }
}

/// What to do after this answer, or after none. `is_list`: it was the model list that was
/// asked for.
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
    match status {
        Some(401 | 403) => message!("cure-key", name = name),
        Some(402) => message!("cure-credit", name = name),
        Some(status) if is_list && UNKNOWN_PATH.contains(&status) => match with_version(account) {
            Some(url) => message!("cure-version", name = name, url = url),
            None => message!("cure-base-url", name = name, url = base_url),
        },
        Some(404) => message!("cure-model", name = name),
        Some(_) => message!("cure-wait", name = name),
        None if reason.to_string().contains("certificate") => message!("cure-certificate"),
        None => match proxy_of(account, config) {
            Some(proxy) => message!("cure-proxy", proxy = proxy),
            None => message!("cure-address", url = base_url, name = name),
        },
    }
}

/// For a key that the config only names: where it is looked for is the agent's world, not
/// a shell's.
pub fn key_cure(account: &Account) -> Message {
    if account.is_key_unresolved() {
        message!("cure-key-source", name = account.name.as_str())
    } else {
        message!("cure-key", name = account.name.as_str())
    }
}

/// `upstream.proxy` as host and port, where this account's requests go through it.
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

/// The address with `/v1`, for an account of the OpenAI kind whose own has no version.
fn with_version(account: &Account) -> Option<String> {
    let base = account.base.as_ref().filter(|_| super::model_lists::family(account) == Family::OpenAi)?;
    let last = base.path_segments()?.rfind(|segment| !segment.is_empty()).unwrap_or_default();
    let is_version =
        last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    (!is_version).then(|| format!("{}/v1", base.as_str().trim_end_matches('/')))
}
