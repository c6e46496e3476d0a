//! Variables of the environment that lead clients past the proxy.

use std::env;

use url::Url;

use super::{Finding, Patient};
use crate::config::without_url_secrets;
use crate::text;

const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The variables that give clients their address, and whether that address ends in `/v1`.
const ADDRESSES: [(&str, bool); 4] = [
    ("ANTHROPIC_BASE_URL", false),
    ("GOOGLE_GEMINI_BASE_URL", false),
    ("OPENAI_BASE_URL", true),
    ("OPENAI_API_BASE", true),
];

pub fn check(patient: &Patient) -> Vec<Finding> {
    let language = patient.language;
    let mut findings: Vec<Finding> = trap(patient).into_iter().collect();
    if findings.is_empty() {
        findings.push(Finding::ok("environment", text!(language, "doctor-proxies-ok")));
    }
    let Some(target) = patient.target() else { return findings };
    for (name, has_version) in ADDRESSES {
        let Ok(value) = env::var(name) else { continue };
        let wanted = format!("{}{}", target.base_url, if has_version { "/v1" } else { "" });
        if !value.is_empty() && !is_same(&value, &wanted) {
            let value = without_url_secrets(&value);
            let text = text!(language, "doctor-variable", name = name, value = value);
            let fix = text!(language, "doctor-variable-fix", name = name, value = wanted);
            findings.push(Finding::warning("environment", text, fix));
        }
    }
    findings
}

/// Some clients send even local requests to such a proxy, and wait forever.
fn trap(patient: &Patient) -> Option<Finding> {
    let name = PROXIES.into_iter().find(|name| env::var(name).is_ok_and(|value| !value.is_empty()))?;
    let exempt = env::var("NO_PROXY").or_else(|_| env::var("no_proxy")).unwrap_or_default();
    if exempts_loopback(&exempt) {
        return None;
    }
    let text = text!(patient.language, "doctor-proxies-trap", name = name);
    Some(Finding::warning("environment", text, text!(patient.language, "doctor-proxies-trap-fix")))
}

fn exempts_loopback(exempt: &str) -> bool {
    let names: Vec<&str> = exempt.split([',', ' ']).map(str::trim).collect();
    let has = |wanted: &str| names.contains(&wanted);
    has("*") || has("127.0.0.1") || has("127.0.0.0/8")
}

fn is_same(one: &str, another: &str) -> bool {
    let compared = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        if url.host_str() == Some("localhost") {
            url.set_host(Some("127.0.0.1")).ok()?;
        }
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    compared(one) == compared(another)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_to_be_exempt_by_its_address() {
        let cases = [
            ("", false),
            ("localhost", false),
            ("example.com,127.0.0.1", true),
            ("localhost, 127.0.0.1", true),
            ("*", true),
            ("127.0.0.0/8", true),
        ];
        for (exempt, expected) in cases {
            assert_eq!(exempts_loopback(exempt), expected, "{exempt}");
        }
    }
}
