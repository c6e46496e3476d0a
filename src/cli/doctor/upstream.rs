//! The way to the providers: the proxy in the config, and proxies that only the environment
//! names.

use std::env;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Finding, PATIENCE, Patient};
use crate::config::{Config, without_url_secrets};
use crate::gateway::proxy_address;
use crate::text;

/// The proxy that other programs would use for an `https://` address.
const FOR_HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let Some(config) = patient.config() else { return Vec::new() };
    let configured = configured(patient, config).await;
    configured.into_iter().chain(unused(patient, config)).collect()
}

/// Whether its port accepts connections.
async fn configured(patient: &Patient<'_>, config: &Config) -> Option<Finding> {
    let (language, address) = (patient.language, proxy_address(config)?);
    let reason = match timeout(PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => {
            return Some(Finding::ok(
                "upstream",
                text!(language, "doctor-upstream-proxy-ok", proxy = address),
            ));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => text!(language, "reason-timed-out", seconds = PATIENCE.as_secs()),
    };
    let text = text!(language, "doctor-upstream-proxy", proxy = address.as_str(), reason = reason);
    Some(Finding::problem("upstream", text, text!(language, "cure-proxy", proxy = address)))
}

fn unused(patient: &Patient, config: &Config) -> Option<Finding> {
    if !config.upstream.proxy.is_empty() {
        return None;
    }
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let (name, value) = FOR_HTTPS.iter().find_map(|name| Some((*name, set(name)?)))?;
    let text = text!(patient.language, "doctor-proxies-unused", name = name);
    let fix = text!(patient.language, "doctor-proxies-unused-fix", value = without_url_secrets(&value));
    Some(Finding::warning("upstream", text, fix))
}
