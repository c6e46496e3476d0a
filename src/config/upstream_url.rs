//! Base URLs of upstreams: an API key goes to whatever stands there, so it has to be
//! right, and each provider means another part of the URL by "base".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::problem::either;
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// What is wrong with a URL, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub message: Message,
    pub fix: Message,
}

impl Unfit {
    const fn new(message: Message, fix: Message) -> Self {
        Self { message, fix }
    }
}

/// Endpoints that people paste along with the base.
const ENDPOINTS: [&str; 7] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/messages",
    "/models",
    "/generateContent",
];

pub fn examine(written: &str, provider: Provider) -> Result<(), Unfit> {
    let url = parse(written, &["https", "http"])?;
    if has_credentials(&url) {
        return Err(Unfit::new(message!("problem-url-password"), message!("fix-url-key")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Unfit::new(message!("problem-url-query"), message!("fix-url-query")));
    }
    if is_open_to_others(&url) {
        return Err(Unfit::new(message!("problem-url-unencrypted"), message!("fix-url-https")));
    }
    examine_path(&url, provider)
}

/// A proxy between portcullis and the upstreams; it may have a user and a password.
pub fn examine_proxy(written: &str) -> Result<(), Unfit> {
    let unencoded = || Unfit::new(message!("problem-proxy-password"), message!("fix-proxy-password"));
    let has_user = written.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let url = parse(written, &["http", "https", "socks5", "socks5h"])
        .map_err(|unfit| if has_user { unencoded() } else { unfit })?;
    // A raw `/`, `?` or `#` in the password ends the host there, and what is meant to be the
    // host is taken for a path.
    let behind_host = [Some(url.path()), url.query(), url.fragment()];
    if behind_host.into_iter().flatten().any(|part| part.contains('@')) {
        return Err(unencoded());
    }
    Ok(())
}

/// Whether a URL leads to this computer's own port, by whatever name.
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

/// This computer's name, in lower case and without its domain; empty where the system
/// does not tell.
fn own_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default().to_lowercase();
    name.trim_end_matches(".local").to_owned()
}

/// Where OpenTelemetry data goes: the base, to which a path for each signal is added.
pub fn examine_collector(written: &str) -> Result<(), Unfit> {
    let url = parse(written, &["http", "https"])?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit::new(message!("problem-url-password"), message!("fix-collector")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Unfit::new(message!("problem-url-query"), message!("fix-url-query")));
    }
    let signal = ["/v1/traces", "/v1/metrics", "/v1/logs"];
    if signal.iter().any(|path| url.path().trim_end_matches('/').ends_with(path)) {
        return Err(Unfit::new(message!("problem-url-signal"), message!("fix-url-signal")));
    }
    Ok(())
}

/// The address of a release feed. It is told nothing, and may not be forged on its way.
pub fn examine_feed(written: &str) -> Result<(), Unfit> {
    let url = parse(written, &["https", "http"])?;
    if has_credentials(&url) {
        return Err(Unfit::new(message!("problem-url-password"), message!("fix-url-alone")));
    }
    if is_open_to_others(&url) {
        return Err(Unfit::new(message!("problem-url-forgeable"), message!("fix-url-https")));
    }
    Ok(())
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Unencrypted, and beyond this computer and networks of one's own.
fn is_open_to_others(url: &Url) -> bool {
    url.scheme() == "http" && !url.host().is_some_and(|host| is_nearby(&host))
}

fn parse(written: &str, schemes: &[&str]) -> Result<Url, Unfit> {
    let fix = || {
        let schemes = schemes.iter().map(|scheme| Message::from(format!("{scheme}://host")));
        message!("fix-url-scheme", schemes = either(schemes))
    };
    if written.trim() != written {
        return Err(Unfit::new(message!("problem-blanks-around"), message!("fix-blanks-around")));
    }
    let Some((scheme, rest)) = written.split_once("://") else {
        return Err(Unfit::new(message!("problem-no-url"), fix()));
    };
    if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Unfit::new(message!("problem-url-scheme"), fix()));
    }
    // The parser forgives `https:///host`, which is more likely a slip than a host.
    if rest.starts_with('/') {
        return Err(Unfit::new(message!("problem-url-host"), fix()));
    }
    let url = Url::parse(written)
        .map_err(|error| Unfit::new(message!("problem-bad-url", reason = error.to_string()), fix()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Unfit::new(message!("problem-url-host"), fix()));
    }
    Ok(url)
}

fn examine_path(url: &Url, provider: Provider) -> Result<(), Unfit> {
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
            // A server that only resembles Google's may have one version, and another one.
            if provider == Provider::Gemini && base.is_none() && !is_googles(url) {
                return Ok(());
            }
            if base.is_some() {
                return Err(Unfit::new(message!("problem-url-endpoint-root"), with_path(root)));
            }
            if root != path {
                return Err(Unfit::new(message!("problem-url-version"), with_path(root)));
            }
            Ok(())
        }
        Provider::OpenAi | Provider::OpenAiCompatible => match base {
            Some(base) => Err(Unfit::new(message!("problem-url-endpoint-base"), with_path(base))),
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

/// `v1`, `v1beta`, `v1alpha`, `v2`.
pub fn is_version(segment: &str) -> bool {
    let Some(version) = segment.strip_prefix('v') else { return false };
    let stage = version.trim_start_matches(|character: char| character.is_ascii_digit());
    stage.len() < version.len() && matches!(stage, "" | "alpha" | "beta")
}

/// Whether the host is this computer or one on a network of one's own.
fn is_nearby(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_nearby_address(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_nearby_address(IpAddr::V6(*address)),
        Host::Domain(name) => is_nearby_name(name.trim_end_matches('.')),
    }
}

/// Names that public DNS never leads to a stranger with: single labels, the top levels that
/// [RFC 6761] reserves and [RFC 6762, appendix G] knows to be used at home, and names that a
/// router, a cluster or a private network answers for.
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
        // FRITZ!Box, whose maker owns the name.
        "fritz.box",
        // A service of Kubernetes, in the short form.
        "svc",
        // Tailscale: only members of the network are behind such a name, and the way is encrypted.
        "ts.net",
        // Consul, which answers for it itself.
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

/// 100.64.0.0/10, which virtual private networks hand out.
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests;
