//! What the file means: rules between keys and inside values that no schema tells.

use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::file::{
    Account, File, ModelMappings, ProxySection, TelemetrySection, UpdatesSection, UpstreamSection, ZaiSection,
};
use super::place::{Finding, KeyPath};
use super::settings::DispatchMode;
use super::{SecretSource, key, upstream_url};
use crate::protocol::Provider;

/// The account that the `[zai]` section becomes.
const ZAI_ACCOUNT: &str = "z.ai";

/// Every rule the file breaks.
pub fn validate(file: &File) -> Vec<Finding> {
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
            let allow_lan_access = written.allow_lan_access.unwrap_or(false);
            if let Err(unfit) = key::examine(literal.expose_secret(), allow_lan_access) {
                findings.push(Finding::value(section.key("api_key"), unfit.message, unfit.fix));
            }
        }
        Some(source) => secret_source(source, &section.key("api_key"), findings),
        None => {}
    }
    for (index, host) in written.allowed_hosts.iter().flatten().enumerate() {
        if !is_bare_host(host) {
            let place = section.key("allowed_hosts").index(index);
            findings.push(Finding::value(
                place,
                "is not a bare host name",
                "write the name or address alone, without scheme, port, path or `*`",
            ));
        }
    }
    for (index, origin) in written.allowed_origins.iter().flatten().enumerate() {
        if !is_origin(origin) {
            let place = section.key("allowed_origins").index(index);
            findings.push(Finding::value(
                place,
                "is not an origin",
                "write scheme://host or scheme://host:port, without path, and each origin by name",
            ));
        }
    }
}

fn zai(written: &ZaiSection, findings: &mut Vec<Finding>) {
    let section = KeyPath::of(&["zai"]);
    let takes_part =
        written.enabled == Some(true) && written.dispatch_mode.is_some_and(|mode| mode != DispatchMode::Off);
    match present(written.api_key.as_ref()) {
        Some(source) => secret_source(source, &section.key("api_key"), findings),
        None if takes_part => findings.push(Finding::value(
            section.key("api_key"),
            "is missing, and z.ai answers nobody without it",
            "write the key, or set `enabled = false`",
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
    let Some(url) = written.proxy.as_deref().filter(|url| !url.is_empty()) else { return };
    if let Err(unfit) = upstream_url::examine_proxy(url) {
        findings.push(Finding::value(KeyPath::of(&["upstream", "proxy"]), unfit.message, unfit.fix));
    }
}

fn telemetry(written: &TelemetrySection, findings: &mut Vec<Finding>) {
    let Some(url) = written.otlp_endpoint.as_deref().filter(|url| !url.is_empty()) else { return };
    if let Err(unfit) = upstream_url::examine_collector(url) {
        let place = KeyPath::of(&["telemetry", "otlp_endpoint"]);
        findings.push(Finding::value(place, unfit.message, unfit.fix));
    }
}

fn updates(written: &UpdatesSection, findings: &mut Vec<Finding>) {
    let place = KeyPath::of(&["updates", "url"]);
    match written.url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => {
            if let Err(unfit) = upstream_url::examine_feed(url) {
                findings.push(Finding::value(place, unfit.message, unfit.fix));
            }
        }
        None if written.check == Some(true) => findings.push(Finding::value(
            place,
            "is missing, and there is no feed to ask without it",
            "write the address of a releases feed, or set `check = false`",
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
                let message = format!("is the name of accounts[{first}] too");
                findings.push(Finding::value(place.key("name"), message, "give each account its own name"));
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

/// An account may be called like its own provider: a pin means the account then. Called
/// like another's, it would take that one's pins.
fn account_name(name: &str, own: Option<Provider>, account: &KeyPath, findings: &mut Vec<Finding>) {
    let names_another = Provider::from_name(name).is_some_and(|provider| Some(provider) != own);
    let (message, fix) = if name.trim().is_empty() {
        ("is empty", "write a name, such as \"gemini-work\"")
    } else if name.contains('/') {
        ("holds a `/`, which divides account and model in a pin", "write a name without `/`")
    } else if name.chars().any(char::is_control) || name.trim() != name {
        ("holds a control character or a blank at its end", "write plain text")
    } else if names_another || name == ZAI_ACCOUNT {
        (
            "is the name of another provider, so a pin could mean either",
            "write another one, such as \"my-account\"",
        )
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
            format!("is missing, and {provider} answers nobody without it"),
            "write the key in quotes, or where it is, such as { env = \"NAME\" }",
        )),
        None => {}
    }
}

fn account_url(account: &Account, provider: Provider, place: &KeyPath, findings: &mut Vec<Finding>) {
    match account.base_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => base_url(url, provider, place.key("base_url"), findings),
        None if provider == Provider::OpenAiCompatible => findings.push(Finding::value(
            place.key("base_url"),
            "is missing, and openai-compatible has no address of its own",
            "write base_url = \"http://localhost:11434/v1\", or wherever the server is",
        )),
        None => {}
    }
}

fn base_url(url: &str, provider: Provider, place: KeyPath, findings: &mut Vec<Finding>) {
    if url.is_empty() {
        return;
    }
    if let Err(unfit) = upstream_url::examine(url, provider) {
        findings.push(Finding::value(place, unfit.message, unfit.fix));
    }
}

/// An empty text says as little as no key at all.
fn present(source: Option<&SecretSource>) -> Option<&SecretSource> {
    source.filter(|source| match source {
        SecretSource::Literal(literal) => !literal.expose_secret().is_empty(),
        _ => true,
    })
}

fn secret_source(source: &SecretSource, place: &KeyPath, findings: &mut Vec<Finding>) {
    let (inner, message, fix) = match source {
        SecretSource::Literal(literal) => match key::examine_characters(literal.expose_secret()) {
            Ok(()) => return,
            Err(unfit) => return findings.push(Finding::value(place.clone(), unfit.message, unfit.fix)),
        },
        SecretSource::Env { env } if !is_variable_name(env) => {
            ("env", "is not the name of a variable", "write the name alone, such as \"GEMINI_API_KEY\"")
        }
        SecretSource::File { file } if file.as_os_str().is_empty() => {
            ("file", "is empty", "write the path of a file that holds the secret")
        }
        SecretSource::Keyring { keyring } if keyring.is_empty() => {
            ("keyring", "is empty", "write the name of the entry")
        }
        SecretSource::Command { command } if command.first().is_none_or(String::is_empty) => (
            "command",
            "names no program",
            "write the program and its arguments, like [\"pass\", \"show\", \"gemini\"]",
        ),
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
                "leads to a pattern",
                "write the name of one model, without `*`",
            ));
        } else if let Some(pin) = target.strip_suffix('/').filter(|pin| is_pin(pin, file)) {
            let fix = format!("write \"{pin}/…\" with a model behind the `/`");
            findings.push(Finding::value(place, "pins where to go, but names no model", fix));
        }
    }
}

/// Other names before a `/` belong to the model itself, as in `meta-llama/llama-3`.
fn is_pin(name: &str, file: &File) -> bool {
    Provider::from_name(name).is_some()
        || file.accounts.iter().flatten().any(|account| account.name.as_deref() == Some(name))
}

fn model_name(name: &str, place: &KeyPath, findings: &mut Vec<Finding>) {
    if name.trim().is_empty() {
        findings.push(Finding::value(place.clone(), "has an empty model name", "write the name of a model"));
    } else if name.trim() != name || name.chars().any(char::is_control) {
        findings.push(Finding::value(
            place.clone(),
            "has a model name with a control character or a blank at its end",
            "write the name alone",
        ));
    }
}

/// A name or an address as it stands in a `Host` header, without a port.
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

/// `scheme://host[:port]`, as a browser sends it.
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
