//! The rules for base URLs of upstreams: the API key is sent to that address, so it has to be
//! right, and the base is another part of the URL for each provider. Also the rules for the
//! outgoing proxy, the OpenTelemetry collector and the release feed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::problem::{Flaw, either};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// Endpoints that users paste along with the base.
const ENDPOINTS: [&str; 7] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/messages",
    "/models",
    "/generateContent",
];

/// Checks the base URL of an account of this provider.
pub fn examine(written: &str, provider: Provider) -> Result<(), Flaw> {
    let url = parse(written, &["https", "http"])?;
    if has_credentials(&url) {
        return Err(Flaw::new(message!("problem-url-password"), message!("fix-url-key")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Flaw::new(message!("problem-url-query"), message!("fix-url-query")));
    }
    if is_open_to_others(&url) {
        return Err(Flaw::new(message!("problem-url-unencrypted"), message!("fix-url-https")));
    }
    examine_path(&url, provider)
}

/// Checks the URL of the outgoing proxy, which may have a user and a password.
pub fn examine_proxy(written: &str) -> Result<(), Flaw> {
    let unencoded = || Flaw::new(message!("problem-proxy-password"), message!("fix-proxy-password"));
    let has_user = written.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let url = parse(written, &["http", "https", "socks5", "socks5h"])
        .map_err(|flaw| if has_user { unencoded() } else { flaw })?;
    // A raw `/`, `?` or `#` in the password ends the host early, and the real host becomes part
    // of the path.
    let after_host = [Some(url.path()), url.query(), url.fragment()];
    if after_host.into_iter().flatten().any(|part| part.contains('@')) {
        return Err(unencoded());
    }
    Ok(())
}

/// Whether a URL leads to this port of this computer, by any of its names.
pub fn is_own(written: &str, port: u16) -> bool {
    let Ok(url) = Url::parse(written) else { return false };
    url.port_or_known_default() == Some(port) && url.host().is_some_and(|host| is_here(&host))
}

fn is_here(host: &Host<&str>) -> bool {
    let is_own = |address: IpAddr| {
        let address = address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    };
    match host {
        Host::Ipv4(address) => is_own(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_own(IpAddr::V6(*address)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let own = own_name();
            name == "localhost"
                || name.ends_with(".localhost")
                || !own.is_empty() && [own.clone(), format!("{own}.local")].iter().any(|own| own == name)
        }
    }
}

/// The name of this computer, in lower case and without its domain; empty where the system does
/// not report one.
fn own_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default().to_lowercase();
    name.trim_end_matches(".local").to_owned()
}

/// Checks the base URL of an OpenTelemetry collector, to which a path is added for each signal.
pub fn examine_collector(written: &str) -> Result<(), Flaw> {
    let url = parse(written, &["http", "https"])?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Flaw::new(message!("problem-url-password"), message!("fix-collector")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Flaw::new(message!("problem-url-query"), message!("fix-url-query")));
    }
    let signal = ["/v1/traces", "/v1/metrics", "/v1/logs"];
    if signal.iter().any(|path| url.path().trim_end_matches('/').ends_with(path)) {
        return Err(Flaw::new(message!("problem-url-signal"), message!("fix-url-signal")));
    }
    Ok(())
}

/// Checks the address of a release feed. No secret is sent there, but its answer must not be
/// forged on the way.
pub fn examine_feed(written: &str) -> Result<(), Flaw> {
    let url = parse(written, &["https", "http"])?;
    if has_credentials(&url) {
        return Err(Flaw::new(message!("problem-url-password"), message!("fix-url-alone")));
    }
    if is_open_to_others(&url) {
        return Err(Flaw::new(message!("problem-url-forgeable"), message!("fix-url-https")));
    }
    Ok(())
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Whether the URL is unencrypted and leads beyond this computer and private networks.
fn is_open_to_others(url: &Url) -> bool {
    url.scheme() == "http" && !url.host().is_some_and(|host| is_nearby(&host))
}

fn parse(written: &str, schemes: &[&str]) -> Result<Url, Flaw> {
    let fix = || {
        let schemes = schemes.iter().map(|scheme| Message::from(format!("{scheme}://host")));
        message!("fix-url-scheme", schemes = either(schemes))
    };
    if written.trim() != written {
        return Err(Flaw::new(message!("problem-blanks-around"), message!("fix-blanks-around")));
    }
    let Some((scheme, rest)) = written.split_once("://") else {
        return Err(Flaw::new(message!("problem-no-url"), fix()));
    };
    if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Flaw::new(message!("problem-url-scheme"), fix()));
    }
    // The parser accepts `https:///host`, which is more likely a typing error.
    if rest.starts_with('/') {
        return Err(Flaw::new(message!("problem-url-host"), fix()));
    }
    let url = Url::parse(written)
        .map_err(|error| Flaw::new(message!("problem-bad-url", reason = error.to_string()), fix()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Flaw::new(message!("problem-url-host"), fix()));
    }
    Ok(url)
}

fn examine_path(url: &Url, provider: Provider) -> Result<(), Flaw> {
    let path = url.path().trim_end_matches('/');
    let with_path = |path: &str| {
        let mut right = url.clone();
        right.set_path(path);
        let right = format!("\"{}\"", right.as_str().trim_end_matches('/'));
        message!("fix-write-line", line = right)
    };
    let base = ENDPOINTS.iter().find_map(|endpoint| path.strip_suffix(endpoint));
    match provider {
        Provider::Gemini | Provider::Anthropic | Provider::Zai => {
            let root = without_version(base.unwrap_or(path));
            // A server that only resembles Google's may need a version, or another one.
            if provider == Provider::Gemini && base.is_none() && !is_googles(url) {
                return Ok(());
            }
            if base.is_some() {
                return Err(Flaw::new(message!("problem-url-endpoint-root"), with_path(root)));
            }
            if root != path {
                return Err(Flaw::new(message!("problem-url-version"), with_path(root)));
            }
            Ok(())
        }
        Provider::OpenAi | Provider::OpenAiCompatible => match base {
            Some(base) => Err(Flaw::new(message!("problem-url-endpoint-base"), with_path(base))),
            None => Ok(()),
        },
        Provider::Demo => Ok(()),
    }
}

fn is_googles(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host.ends_with("googleapis.com"))
}

fn without_version(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((root, last)) if is_version(last) => root,
        _ => path,
    }
}

/// Whether the segment is a version: `v1`, `v1beta`, `v1alpha`, `v2`.
pub fn is_version(segment: &str) -> bool {
    let Some(version) = segment.strip_prefix('v') else { return false };
    let stage = version.trim_start_matches(|character: char| character.is_ascii_digit());
    stage.len() < version.len() && matches!(stage, "" | "alpha" | "beta")
}

/// Whether the host is this computer or on a private network.
fn is_nearby(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_nearby_address(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_nearby_address(IpAddr::V6(*address)),
        Host::Domain(name) => is_nearby_name(name.trim_end_matches('.')),
    }
}

/// Whether public DNS never resolves the name to a stranger's server: single labels, the top
/// level domains that [RFC 6761] reserves and [RFC 6762, appendix G] lists as private, and names
/// that a router, a cluster or a private network resolves.
///
/// [RFC 6761]: https://www.rfc-editor.org/rfc/rfc6761
/// [RFC 6762, appendix G]: https://www.rfc-editor.org/rfc/rfc6762#appendix-G
fn is_nearby_name(name: &str) -> bool {
    const ENDS: [&str; 15] = [
        "corp",
        "home",
        "home.arpa",
        "internal",
        "intranet",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "private",
        "test",
        // FRITZ!Box, whose maker owns the domain.
        "fritz.box",
        // A Kubernetes service in the short form.
        "svc",
        // Tailscale: such a name leads to a member of the network, and the connection is encrypted.
        "ts.net",
        // Consul resolves this domain itself.
        "consul",
    ];
    let ends_in =
        |end: &str| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || ENDS.iter().any(|end| ends_in(end))
}

fn is_nearby_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_unspecified() || v4.is_private() || v4.is_link_local() || is_shared(v4)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || is_local_v6(v6),
    }
}

/// 100.64.0.0/10, from which virtual private networks assign addresses.
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests;
