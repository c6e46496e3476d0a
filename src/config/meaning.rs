//! The meaning of the file: rules between keys and inside values that no schema states.

use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::file::{
    Account, File, ModelMappings, ProxySection, TelemetrySection, UpdatesSection, UpstreamSection, ZaiSection,
};
use super::no_proxy::Exception;
use super::place::{Finding, KeyPath};
use super::settings::DispatchMode;
use super::{SecretSource, client_key, defaults, key_shape, upstream_url};
use crate::message;
use crate::protocol::Provider;

/// The name of the account that the `[zai]` section becomes.
const ZAI_ACCOUNT: &str = "z.ai";

/// Every rule the file breaks.
pub fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(written) = &file.proxy {
        proxy(written, &mut findings);
    }
    if let Some(written) = &file.zai {
        zai(written, &mut findings);
    }
    if let Some(written) = &file.upstream {
        upstream(written, &mut findings);
    }
    if let Some(written) = &file.updates {
        updates(written, &mut findings);
    }
    if let Some(written) = &file.accounts {
        accounts(written, &mut findings);
    }
    own_addresses(file, &mut findings);
    if let Some(written) = &file.models {
        models(written, file, &mut findings);
    }
    for model in file.prices.iter().flat_map(|prices| prices.keys()) {
        model_name(model, &KeyPath::of(&["prices"]).key(model), &mut findings);
    }
    if let Some(written) = &file.telemetry {
        telemetry(written, &mut findings);
    }
    findings
}

fn proxy(written: &ProxySection, findings: &mut Vec<Finding>) {
    let section = KeyPath::of(&["proxy"]);
    match present(written.api_key.as_ref()) {
        Some(SecretSource::Literal(literal)) => {
            let allow_lan_access = written.allow_lan_access.unwrap_or(defaults::proxy::ALLOW_LAN_ACCESS);
            if let Err(flaw) = client_key::examine(literal.expose_secret(), allow_lan_access) {
                findings.push(Finding::of(section.key("api_key"), flaw));
            }
        }
        Some(source) => secret_source(source, &section.key("api_key"), findings),
        None => {}
    }
    for (index, host) in written.allowed_hosts.iter().flatten().enumerate() {
        if !is_bare_host(host) {
            let place = section.key("allowed_hosts").index(index);
            findings.push(Finding::value(place, message!("problem-host"), message!("fix-host")));
        }
    }
    for (index, origin) in written.allowed_origins.iter().flatten().enumerate() {
        if !is_origin(origin) {
            let place = section.key("allowed_origins").index(index);
            findings.push(Finding::value(place, message!("problem-origin"), message!("fix-origin")));
        }
    }
}

fn zai(written: &ZaiSection, findings: &mut Vec<Finding>) {
    let section = KeyPath::of(&["zai"]);
    let takes_part = written.enabled.unwrap_or(defaults::zai::ENABLED)
        && written.dispatch_mode.unwrap_or(defaults::zai::DISPATCH_MODE) != DispatchMode::Off;
    match present(written.api_key.as_ref()) {
        Some(source) => secret_source(source, &section.key("api_key"), findings),
        None if takes_part => findings.push(Finding::value(
            section.key("api_key"),
            message!("problem-provider-key", provider = ZAI_ACCOUNT),
            message!("fix-zai-key"),
        )),
        None => {}
    }
    if let Some(url) = &written.base_url {
        base_url(url, Provider::Zai, section.key("base_url"), findings);
    }
    if let Some(sizes) = &written.models {
        let sizes = [("opus", &sizes.opus), ("sonnet", &sizes.sonnet), ("haiku", &sizes.haiku)];
        for (size, model) in sizes {
            if let Some(model) = model {
                model_name(model, &section.key("models").key(size), findings);
            }
        }
    }
}

fn upstream(written: &UpstreamSection, findings: &mut Vec<Finding>) {
    for (index, exception) in written.no_proxy.iter().flatten().enumerate() {
        if Exception::parse(exception).is_none() {
            let place = KeyPath::of(&["upstream", "no_proxy"]).index(index);
            findings.push(Finding::value(place, message!("problem-no-proxy"), message!("fix-no-proxy")));
        }
    }
    let Some(url) = written.proxy.as_deref().filter(|url| !url.is_empty()) else { return };
    if let Err(flaw) = upstream_url::examine_proxy(url) {
        findings.push(Finding::of(KeyPath::of(&["upstream", "proxy"]), flaw));
    }
}

fn telemetry(written: &TelemetrySection, findings: &mut Vec<Finding>) {
    let Some(url) = written.otlp_endpoint.as_deref().filter(|url| !url.is_empty()) else { return };
    if let Err(flaw) = upstream_url::examine_collector(url) {
        let place = KeyPath::of(&["telemetry", "otlp_endpoint"]);
        findings.push(Finding::of(place, flaw));
    }
}

fn updates(written: &UpdatesSection, findings: &mut Vec<Finding>) {
    let place = KeyPath::of(&["updates", "url"]);
    match written.url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => {
            if let Err(flaw) = upstream_url::examine_feed(url) {
                findings.push(Finding::of(place, flaw));
            }
        }
        None if written.check.unwrap_or(defaults::updates::CHECK) => findings.push(Finding::value(
            place,
            message!("problem-feed-missing"),
            message!("fix-feed-missing"),
        )),
        None => {}
    }
}

fn accounts(written: &[Account], findings: &mut Vec<Finding>) {
    let mut seen = HashMap::new();
    for (index, account) in written.iter().enumerate() {
        let place = KeyPath::of(&["accounts"]).index(index);
        if let Some(name) = &account.name {
            account_name(name, account.provider, &place, findings);
            if let Some(first) = seen.insert(name.as_str(), index) {
                let message = message!("problem-name-taken", other = format!("accounts[{first}]"));
                findings.push(Finding::value(place.key("name"), message, message!("fix-name-taken")));
            }
        }
        if let Some(provider) = account.provider {
            account_key(account, provider, &place, findings);
            account_url(account, provider, &place, findings);
        }
        for (index, pattern) in account.models.iter().flatten().enumerate() {
            model_name(pattern, &place.key("models").index(index), findings);
        }
    }
}

/// A `base_url` that leads back to the proxy would send each request round without end.
fn own_addresses(file: &File, findings: &mut Vec<Finding>) {
    let port = file.proxy.as_ref().and_then(|proxy| proxy.port).unwrap_or(defaults::proxy::PORT);
    let accounts = file
        .accounts
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, account)| (KeyPath::of(&["accounts"]).index(index), account.base_url.as_deref()));
    let zai = file.zai.iter().map(|zai| (KeyPath::of(&["zai"]), zai.base_url.as_deref()));
    for (place, url) in accounts.chain(zai) {
        if url.is_some_and(|url| upstream_url::is_own(url, port)) {
            let place = place.key("base_url");
            findings.push(Finding::value(place, message!("problem-url-own"), message!("fix-url-own")));
        }
    }
}

/// An account may have the name of its own provider: a pin then means the account. With the
/// name of another provider it would take that provider's pins.
fn account_name(name: &str, own: Option<Provider>, account: &KeyPath, findings: &mut Vec<Finding>) {
    let names_another = Provider::from_name(name).is_some_and(|provider| Some(provider) != own);
    let (message, fix) = if name.trim().is_empty() {
        (message!("problem-empty"), message!("fix-name-empty"))
    } else if key_shape::is_key_by_mistake(name) {
        (message!("problem-name-key"), message!("fix-name-key"))
    } else if name.contains('/') {
        (message!("problem-name-slash"), message!("fix-name-slash"))
    } else if name.chars().any(char::is_control) || name.trim() != name {
        (message!("problem-name-blank"), message!("fix-name-blank"))
    } else if names_another || name == ZAI_ACCOUNT {
        (message!("problem-name-provider"), message!("fix-name-provider"))
    } else {
        return;
    };
    findings.push(Finding::value(account.key("name"), message, fix));
}

fn account_key(account: &Account, provider: Provider, place: &KeyPath, findings: &mut Vec<Finding>) {
    let needs_one = !matches!(provider, Provider::Demo | Provider::OpenAiCompatible);
    match present(account.api_key.as_ref()) {
        Some(source) => secret_source(source, &place.key("api_key"), findings),
        None if needs_one => findings.push(Finding::value(
            place.key("api_key"),
            message!("problem-provider-key", provider = provider.name()),
            message!("fix-provider-key"),
        )),
        None => {}
    }
}

fn account_url(account: &Account, provider: Provider, place: &KeyPath, findings: &mut Vec<Finding>) {
    match account.base_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => base_url(url, provider, place.key("base_url"), findings),
        None if provider == Provider::OpenAiCompatible => findings.push(Finding::value(
            place.key("base_url"),
            message!("problem-url-missing"),
            message!("fix-url-missing"),
        )),
        None => {}
    }
}

fn base_url(url: &str, provider: Provider, place: KeyPath, findings: &mut Vec<Finding>) {
    if url.is_empty() {
        return;
    }
    if let Err(flaw) = upstream_url::examine(url, provider) {
        findings.push(Finding::of(place, flaw));
    }
}

/// The source, unless it is an empty text, which means the same as no key.
fn present(source: Option<&SecretSource>) -> Option<&SecretSource> {
    source.filter(|source| match source {
        SecretSource::Literal(literal) => !literal.expose_secret().is_empty(),
        _ => true,
    })
}

fn secret_source(source: &SecretSource, place: &KeyPath, findings: &mut Vec<Finding>) {
    let (inner, message, fix) = match source {
        SecretSource::Literal(literal) => match client_key::examine_characters(literal.expose_secret()) {
            Ok(()) => return,
            Err(flaw) => return findings.push(Finding::of(place.clone(), flaw)),
        },
        SecretSource::Env { env } if !is_variable_name(env) => {
            ("env", message!("problem-variable-name"), message!("fix-variable-name"))
        }
        SecretSource::File { file } if file.as_os_str().is_empty() => {
            ("file", message!("problem-empty"), message!("fix-secret-file"))
        }
        SecretSource::Keyring { keyring } if keyring.is_empty() => {
            ("keyring", message!("problem-empty"), message!("fix-secret-keyring"))
        }
        SecretSource::Command { command } if command.first().is_none_or(String::is_empty) => {
            ("command", message!("problem-no-program"), message!("fix-secret-command"))
        }
        _ => return,
    };
    findings.push(Finding::value(place.key(inner), message, fix));
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0', '-', ' '])
}

fn models(written: &ModelMappings, file: &File, findings: &mut Vec<Finding>) {
    for (asked, target) in &written.0 {
        let place = KeyPath::of(&["models"]).key(asked);
        model_name(asked, &place, findings);
        model_name(target, &place, findings);
        if target.contains('*') {
            findings.push(Finding::value(
                place,
                message!("problem-model-pattern"),
                message!("fix-model-pattern"),
            ));
        } else if let Some(pin) = target.strip_suffix('/').filter(|pin| is_pin(pin, file)) {
            let fix = message!("fix-model-pin", pin = pin);
            findings.push(Finding::value(place, message!("problem-model-pin"), fix));
        }
    }
}

/// Whether the name before a `/` is a provider or an account. Any other belongs to the model,
/// as in `meta-llama/llama-3`.
fn is_pin(name: &str, file: &File) -> bool {
    Provider::from_name(name).is_some()
        || file.accounts.iter().flatten().any(|account| account.name.as_deref() == Some(name))
}

fn model_name(name: &str, place: &KeyPath, findings: &mut Vec<Finding>) {
    if name.trim().is_empty() {
        let (message, fix) = (message!("problem-model-empty"), message!("fix-model-empty"));
        findings.push(Finding::value(place.clone(), message, fix));
    } else if name.trim() != name || name.chars().any(char::is_control) {
        findings.push(Finding::value(
            place.clone(),
            message!("problem-model-blank"),
            message!("fix-model-blank"),
        ));
    }
}

/// Whether this is a name or an address as in a `Host` header, without a port.
fn is_bare_host(host: &str) -> bool {
    let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if unbracketed.parse::<std::net::Ipv6Addr>().is_ok() {
        return true;
    }
    !host.is_empty()
        && !host.contains(['*', ':', '/', '@', '?', '#', '[', ']', '\\', '%'])
        && !host.chars().any(char::is_whitespace)
        && url::Host::parse(host).is_ok()
}

/// Whether this is `scheme://host[:port]`, as a browser sends it.
fn is_origin(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    let is_authority = !authority.is_empty()
        && !authority.contains(['*', '/', '@', '?', '#', '\\'])
        && !authority.chars().any(char::is_whitespace);
    is_scheme && is_authority && url::Url::parse(origin).is_ok()
}

#[cfg(test)]
mod tests;
