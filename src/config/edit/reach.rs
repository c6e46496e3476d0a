//! The limits of an edit: it cannot send a key to a server that the key was not entered for,
//! and an edit by a page cannot have a key read from a place that the file does not name for
//! that server. Both are possible by hand in the file.

use std::net::IpAddr;

use toml_edit::{DocumentMut, Item, Value};
use url::{Host, Url};

use super::table::ACCOUNTS;
use crate::config::Problem;
use crate::message;
use crate::protocol::Provider;

/// The author of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    /// A process of the user, which could write the file itself.
    Owner,
    /// A page of the dashboard.
    Page,
}

/// Checks that the key of an account stays with the server it was entered for: a new server
/// needs a new key in the same edit.
pub fn examine_account(
    account: &Item,
    index: usize,
    values: &[(String, Value)],
    editor: Editor,
    document: &DocumentMut,
) -> Result<(), Problem> {
    let new = |key: &str| values.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let before = server_of(account);
    let after = match new("base_url") {
        Some(base_url) => server(provider_of(account), base_url.as_str()),
        None => before.clone(),
    };
    let place = format!("{ACCOUNTS}[{index}].api_key");
    if let Some(key) = new("api_key") {
        return examine_source(key, after.as_deref(), &place, editor, document);
    }
    // Nothing is sent to a text that is not an address, and the file's rules refuse it.
    match after {
        Some(after) if before.as_ref() != Some(&after) && holds_key(account) => {
            Err(key_of_another_server(place, after))
        }
        _ => Ok(()),
    }
}

/// The same for a new account.
pub fn examine_new_account(
    provider: Provider,
    base_url: Option<&str>,
    key: Option<&Value>,
    editor: Editor,
    document: &DocumentMut,
) -> Result<(), Problem> {
    let Some(key) = key else { return Ok(()) };
    let place = format!("{ACCOUNTS}[{}].api_key", accounts(document).count());
    examine_source(key, server(Some(provider), base_url).as_deref(), &place, editor, document)
}

/// The same for the settings that decide where keys are sent.
pub fn examine_settings(
    document: &DocumentMut,
    values: &[(String, Value)],
    editor: Editor,
) -> Result<(), Problem> {
    let new = |key: &str| values.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let written = |section: &str, key: &str| document.get(section).and_then(|section| section.get(key));
    if let Some(base_url) = new("zai.base_url") {
        let (before, after) = (zai_server(document), server(Some(Provider::Zai), base_url.as_str()));
        let keeps_key = new("zai.api_key").is_none() && document.get("zai").is_some_and(holds_key);
        if let Some(after) = after.filter(|after| keeps_key && before.as_ref() != Some(after)) {
            return Err(key_of_another_server("zai.api_key".to_owned(), after));
        }
    }
    if let Some(proxy) = new("upstream.proxy").and_then(Value::as_str) {
        let before = written("upstream", "proxy").and_then(Item::as_str).and_then(origin);
        let is_another = origin(proxy).is_some_and(|after| before != Some(after));
        if let Some((account, server)) = unencrypted(document).filter(|_| is_another) {
            let message = message!("problem-proxy-reads-key", account = account, host = server);
            return Err(Problem::without_line(
                "upstream.proxy".to_owned(),
                message,
                message!("fix-proxy-reads-key"),
            ));
        }
    }
    if editor == Editor::Page && new("upstream.ca_file").is_some() {
        let message = message!("problem-authority-by-page");
        return Err(Problem::without_line("upstream.ca_file".to_owned(), message, message!("fix-by-hand")));
    }
    Ok(())
}

/// Checks that the key in this place stays with the servers that the file names the place for.
/// A place that the file does not name yet may be added by the owner, not by a page.
fn examine_source(
    key: &Value,
    server: Option<&str>,
    place: &str,
    editor: Editor,
    document: &DocumentMut,
) -> Result<(), Problem> {
    let Some((kind, name)) = source(key) else { return Ok(()) };
    let is_same = |item: Option<&Item>| {
        let known = item.and_then(Item::as_table_like).and_then(|table| table.get(&kind)?.as_str());
        known == Some(name.as_str())
    };
    let of_accounts = accounts(document).map(|account| (account.get("api_key"), server_of(account)));
    let of_zai = document.get("zai").map(|zai| (zai.get("api_key"), zai_server(document)));
    let named = of_accounts.chain(of_zai).filter(|(item, _)| is_same(*item));
    let servers: Vec<Option<String>> = named.map(|(_, server)| server).collect();
    let place = format!("{place}.{kind}");
    match server {
        Some(server) if servers.iter().any(|known| known.as_deref() == Some(server)) => Ok(()),
        Some(server) if !servers.is_empty() => Err(key_of_another_server(place, server.to_owned())),
        _ if editor == Editor::Owner => Ok(()),
        _ => {
            let by_hand = message!("fix-by-hand");
            let fix = if kind == "env" { message!("fix-source-variable", name = name) } else { by_hand };
            Err(Problem::without_line(place, message!("problem-source-unnamed"), fix))
        }
    }
}

fn key_of_another_server(place: String, server: String) -> Problem {
    let message = message!("problem-key-of-another-server", host = server.as_str());
    Problem::without_line(place, message, message!("fix-key-of-another-server", host = server))
}

/// The place of a key, such as `("env", "NAME")`; `None` for a literal key.
fn source(value: &Value) -> Option<(String, String)> {
    let (kind, name) = value.as_inline_table()?.iter().next()?;
    Some((kind.to_owned(), name.as_str()?.to_owned()))
}

fn accounts(document: &DocumentMut) -> impl Iterator<Item = &Item> {
    let accounts = document.get(ACCOUNTS);
    (0..).map_while(move |index| accounts?.get(index))
}

fn holds_key(section: &Item) -> bool {
    section.get("api_key").is_some_and(|key| key.as_str() != Some(""))
}

fn provider_of(account: &Item) -> Option<Provider> {
    account.get("provider").and_then(Item::as_str).and_then(Provider::from_name)
}

fn server_of(account: &Item) -> Option<String> {
    match account.get("base_url") {
        Some(base_url) => server(provider_of(account), Some(base_url.as_str()?)),
        None => server(provider_of(account), None),
    }
}

fn zai_server(document: &DocumentMut) -> Option<String> {
    let base_url = document.get("zai").and_then(|zai| zai.get("base_url"));
    server(Some(Provider::Zai), base_url.and_then(Item::as_str))
}

/// Scheme, host and port of the server that requests go to. An empty URL means the provider's
/// own.
fn server(provider: Option<Provider>, base_url: Option<&str>) -> Option<String> {
    let own = || provider.and_then(Provider::base_url);
    origin(base_url.filter(|url| !url.is_empty()).or_else(own)?)
}

fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// An account whose key is sent unencrypted, so that a proxy can read it, and its server.
fn unencrypted(document: &DocumentMut) -> Option<(String, String)> {
    let name = |account: &Item| account.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
    let listed = accounts(document).filter(|account| holds_key(account));
    let listed = listed.filter_map(|account| Some((name(account), server_of(account)?)));
    let zai = document.get("zai").filter(|zai| holds_key(zai));
    let zai = zai.and_then(|_| Some(("[zai]".to_owned(), zai_server(document)?)));
    listed.chain(zai).find(|(_, server)| server.starts_with("http://") && !is_here(server))
}

/// Whether the server is this computer, which is reached without the proxy.
fn is_here(server: &str) -> bool {
    let Ok(url) = Url::parse(server) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
