//! The way to an upstream: direct or through the user's proxy. Where the way fails, the
//! message names the party at fault and what would help.

use url::Url;

use super::cause::innermost;
use super::failure::{Failure, Fault};
use super::tunnel;
use crate::config::NoProxy;
use crate::language::Message;
use crate::message;

#[derive(Clone, Debug)]
pub struct Way {
    proxy: Option<Url>,
    no_proxy: NoProxy,
}

impl Way {
    /// `proxy`: a URL, or empty for none.
    pub fn new(proxy: &str, no_proxy: NoProxy) -> Self {
        Self { proxy: Url::parse(proxy).ok().filter(|_| !proxy.is_empty()), no_proxy }
    }

    /// The proxy on the way to a host; `None` for a direct way.
    pub fn proxy_for(&self, host: &str) -> Option<&Url> {
        self.proxy.as_ref().filter(|_| !self.no_proxy.holds(host))
    }

    /// The failure behind an answer with status 407, which only a proxy gives.
    pub fn password_required(&self, host: &str) -> Failure {
        let reason = match self.proxy_for(host).map(address) {
            Some(proxy) => message!("reason-proxy-password", proxy = proxy),
            None => message!("reason-unknown-proxy-password", host = host),
        };
        Failure { fault: Fault::Unreachable, status: None, reason }
    }

    pub async fn failure(&self, host: &str, port: u16, error: reqwest::Error) -> Failure {
        // A connect timeout is `Unreachable`, not `TimedOut`: no answer was due yet.
        let is_late = error.is_timeout() && !error.is_connect();
        let fault = if is_late { Fault::TimedOut } else { Fault::Unreachable };
        let proxy = self.proxy_for(host).filter(|_| error.is_connect()).map(address);
        let is_dns = error.is_dns();
        let mut cause = innermost(&error.without_url());
        if let Some(asked) = self.proxy_for(host).filter(|_| cause.contains(NO_TUNNEL)) {
            cause = tunnel::refusal(asked, host, port).await.unwrap_or(cause);
            return Failure { fault, status: None, reason: refused(host, proxy, &cause) };
        }
        Failure { fault, status: None, reason: reason(host, proxy, is_dns, &cause) }
    }
}

/// The HTTP client's word for a proxy that opened no tunnel.
const NO_TUNNEL: &str = "unsuccessful";

/// The HTTP client's words for a SOCKS proxy that could not be reached.
const NO_CONNECTION: &str = "failed to create underlying connection";

fn refused(host: &str, proxy: Option<String>, cause: &str) -> Message {
    message!("reason-proxy-refused", proxy = proxy.unwrap_or_default(), host = host, error = cause)
}

/// Host and port, without user name and password.
fn address(proxy: &Url) -> String {
    let host = proxy.host_str().unwrap_or_default();
    match proxy.port_or_known_default().or_else(|| proxy.scheme().starts_with("socks").then_some(1080)) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The reason, judged by the innermost cause, which is in the library's own English. `proxy`:
/// the proxy that the failed connection led to.
fn reason(host: &str, proxy: Option<String>, is_dns: bool, cause: &str) -> Message {
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    // Two authorities with one name differ in their signatures alone.
    if says(&["UnknownIssuer", "BadSignature"]) {
        return message!("reason-unknown-issuer", host = host);
    }
    if says(&["CaUsedAsEndEntity"]) {
        return message!("reason-authority-as-server", host = host);
    }
    let Some(proxy) = proxy else {
        let key = if is_dns { "reason-no-such-host" } else { "reason-at-host" };
        return message!(key, host = host, error = cause);
    };
    if is_of_certificate(cause) {
        message!("reason-at-host", host = host, error = cause)
    } else if says(&["authorization required"]) {
        message!("reason-proxy-password", proxy = proxy)
    } else if says(&[NO_TUNNEL, "SOCKS", "ocks"]) && !says(&[NO_CONNECTION]) {
        refused(host, Some(proxy), cause)
    } else {
        message!("reason-proxy-down", proxy = proxy, error = cause)
    }
}

/// Whether the server's certificate was refused.
pub fn is_of_certificate(cause: &str) -> bool {
    cause.contains("certificate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_names_the_party_at_fault() {
        let proxy = || Some("127.0.0.1:7890".to_owned());
        let cases = [
            (None, false, "Connection refused (os error 111)", "api.test: Connection refused (os error 111)"),
            (None, true, "failed to lookup address information", "api.test: this name has no address"),
            (
                proxy(),
                false,
                "Connection refused",
                "the proxy 127.0.0.1:7890 (upstream.proxy) cannot be reached",
            ),
            (
                proxy(),
                true,
                "failed to lookup",
                "the proxy 127.0.0.1:7890 (upstream.proxy) cannot be reached",
            ),
            (proxy(), false, "unsuccessful", "the proxy 127.0.0.1:7890 (upstream.proxy) refused"),
            (
                proxy(),
                false,
                "SOCKS error: failed to create underlying connection",
                "the proxy 127.0.0.1:7890 (upstream.proxy) cannot be reached",
            ),
            (
                proxy(),
                false,
                "proxy authorization required",
                "the proxy 127.0.0.1:7890 (upstream.proxy) requires",
            ),
            (
                proxy(),
                false,
                "invalid peer certificate: Expired",
                "api.test: invalid peer certificate: Expired",
            ),
            (
                proxy(),
                false,
                "invalid peer certificate: UnknownIssuer",
                "api.test: its certificate is signed by",
            ),
            (None, false, "invalid peer certificate: UnknownIssuer", "upstream.ca_file"),
            (None, false, "Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
        ];
        for (proxy, is_dns, cause, expected) in cases {
            let reason = reason("api.test", proxy, is_dns, cause).to_string();
            assert!(reason.contains(expected), "{cause}: {reason}");
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        for (url, expected) in [
            ("http://me:secret@127.0.0.1:7890", "127.0.0.1:7890"),
            ("socks5h://me:secret@proxy.test", "proxy.test:1080"),
            ("https://proxy.test", "proxy.test:443"),
        ] {
            assert_eq!(address(&Url::parse(url).expect("a URL")), expected);
        }
    }
}
