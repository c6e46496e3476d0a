//! The outermost layer, before any handler and on every route: whether a request is meant for
//! this proxy, and whether a web page of another site sent it.
//!
//! A page of another site can reach loopback in two ways: by pointing its own name at
//! 127.0.0.1 (then the Host is not ours), or by sending requests across origins (then the
//! browser names the origin in Origin or Sec-Fetch-Site). Where a key is required, the key is
//! the permission and the origin does not matter.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::{Authority, Uri};
use salvo::prelude::Request;

use super::policy::Policy;
use crate::connections::{LONGEST_HEAD, head_length};
use crate::protocol::{ErrorKind, LocalError};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Schemes of editors and desktop shells: their pages are the user's own programs.
const APP_SCHEMES: [&str; 8] =
    ["vscode-webview", "vscode-file", "tauri", "app", "electron", "file-app", "capacitor", "ionic"];

/// Fails when the head is too long. The HTTP server reads in large steps, and notices only a
/// head that is twice as long.
pub fn check_head(request: &Request) -> Result<(), LocalError> {
    if head_length(request) <= LONGEST_HEAD {
        return Ok(());
    }
    let limit = LONGEST_HEAD >> 10;
    Err(LocalError::new(
        ErrorKind::HeadTooLarge,
        format!(
            "the request's path and headers are longer than {limit} KiB together: send fewer or shorter ones"
        ),
    ))
}

/// Fails unless there is exactly one Host, it is ours, and the connection came in on an address
/// that may be used. `local`: this machine's address that it came in on.
pub fn check_host(
    policy: &Policy,
    uri: &Uri,
    headers: &HeaderMap,
    local: Option<SocketAddr>,
) -> Result<(), LocalError> {
    if !policy.lan && local.is_some_and(|local| !local.ip().to_canonical().is_loopback()) {
        // A connection from the network outlives LAN access, and may send another request.
        return Err(LocalError::new(ErrorKind::Forbidden, "LAN access to this proxy is off"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(LocalError::new(ErrorKind::InvalidRequest, "exactly one Host header is needed"));
    };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let Some(host) = host else {
        return Err(LocalError::new(ErrorKind::InvalidRequest, "the Host header is not a host name"));
    };
    let foreign =
        [Some(&host), uri.authority()].into_iter().flatten().find(|name| !is_ours(policy, name, local));
    match foreign {
        None => Ok(()),
        Some(name) => Err(LocalError::new(
            ErrorKind::Forbidden,
            format!(
                "{:?} is not a name of this proxy: use 127.0.0.1 or localhost, or add the name to allowed_hosts \
                 under [proxy]",
                name.host()
            ),
        )),
    }
}

fn is_ours(policy: &Policy, authority: &Authority, local: Option<SocketAddr>) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host().to_ascii_lowercase();
    let name = host.strip_suffix('.').unwrap_or(&host);
    if policy.hosts.iter().any(|ours| ours == name) {
        return true;
    }
    // With LAN access, the address in the URL is the one that the packets arrived at.
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    policy.lan && literal.is_ok_and(|literal| local.is_some_and(|local| local.ip().to_canonical() == literal))
}

/// Fails for a page of another site, unless a key is required.
pub fn check_origin(policy: &Policy, headers: &HeaderMap, key_required: bool) -> Result<(), LocalError> {
    if key_required {
        return Ok(());
    }
    let foreign = headers.get_all(ORIGIN).iter().map(named_origin).find(|origin| !is_trusted(policy, origin));
    if let Some(origin) = foreign {
        return Err(foreign_origin(origin));
    }
    let site = headers.get(SEC_FETCH_SITE).map(http::HeaderValue::as_bytes);
    match site {
        Some(b"cross-site" | b"same-site") if !headers.contains_key(ORIGIN) => {
            Err(foreign_origin("another site"))
        }
        _ => Ok(()),
    }
}

/// An origin that is not text counts as `null`.
fn named_origin(value: &http::HeaderValue) -> &str {
    value.to_str().unwrap_or("null")
}

fn is_trusted(policy: &Policy, origin: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    if policy.origins.contains(&origin) {
        return true;
    }
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    if APP_SCHEMES.contains(&scheme) {
        return true;
    }
    let host = rest.parse::<Authority>().ok().map(|authority| authority.host().to_owned());
    matches!(scheme, "http" | "https")
        && !rest.contains('@')
        && host.is_some_and(|host| is_loopback_name(&host))
}

/// Whether browsers resolve the name to this machine and no other: `tauri.localhost` is a
/// desktop program's own page.
pub fn is_loopback_name(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

fn foreign_origin(origin: &str) -> LocalError {
    LocalError::new(
        ErrorKind::Forbidden,
        format!(
            "web pages of {origin} may not use this proxy: add the origin to allowed_origins under [proxy], or \
             require a key with auth_mode"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EffectiveAuth;
    use http::HeaderValue;

    fn policy(lan: bool) -> Policy {
        let hosts = ["localhost", "127.0.0.1", "[::1]"].into_iter().chain(lan.then_some("desk.local"));
        Policy::with_names(EffectiveAuth::Off, lan, hosts, ["https://chat.example"])
    }

    fn host(lan: bool, values: &[&str], uri: &str) -> Option<ErrorKind> {
        let headers =
            values.iter().map(|value| (HOST, HeaderValue::from_str(value).expect("a value"))).collect();
        let local = if lan { "192.168.1.5:8045" } else { "127.0.0.1:8045" };
        let local = Some(local.parse().expect("an address"));
        let uri = uri.parse().expect("a URI");
        check_host(&policy(lan), &uri, &headers, local).err().map(|error| error.kind)
    }

    #[test]
    fn knows_its_own_names() {
        for name in
            ["localhost", "LOCALHOST:8045", "127.0.0.1:8045", "127.0.0.1", "[::1]:8045", "localhost.:1"]
        {
            assert_eq!(host(false, &[name], "/"), None, "{name}");
        }
        for name in ["192.168.1.5:8045", "desk.local"] {
            assert_eq!(host(true, &[name], "/"), None, "{name}");
            assert_eq!(host(false, &[name], "/"), Some(ErrorKind::Forbidden), "{name}");
        }
    }

    #[test]
    fn refuses_every_other_name() {
        for name in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "0.0.0.0:8045",
            "192.168.1.6",
            "user@localhost",
            "[::2]",
            "127.1",
            "2130706433",
            "evil.local",
        ] {
            assert_eq!(host(true, &[name], "/"), Some(ErrorKind::Forbidden), "{name}");
        }
        for values in [&[] as &[&str], &["localhost", "localhost"], &["local host"], &[""], &["localhost/x"]]
        {
            assert_eq!(host(true, values, "/"), Some(ErrorKind::InvalidRequest), "{values:?}");
        }
    }

    #[test]
    fn a_connection_from_the_network_ends_with_lan_access() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        for (local, lan, expected) in [
            ("192.168.1.5:8045", true, true),
            ("192.168.1.5:8045", false, false),
            ("[::ffff:192.168.1.5]:8045", false, false),
            ("[fe80::1]:8045", false, false),
            ("127.0.0.1:8045", false, true),
            ("[::ffff:127.0.0.1]:8045", false, true),
            ("[::1]:8045", false, true),
        ] {
            let local_address = Some(local.parse().expect("an address"));
            let checked = check_host(&policy(lan), &Uri::from_static("/"), &headers, local_address);
            assert_eq!(checked.is_ok(), expected, "{local}, LAN {lan}");
        }
    }

    #[test]
    fn an_absolute_target_must_be_ours_too() {
        assert_eq!(host(false, &["localhost"], "http://evil.example/healthz"), Some(ErrorKind::Forbidden));
        assert_eq!(host(false, &["evil.example"], "http://localhost/healthz"), Some(ErrorKind::Forbidden));
        assert_eq!(host(false, &["localhost"], "http://localhost/healthz"), None);
    }

    fn origin(name: HeaderName, value: &str, key_required: bool) -> bool {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))]);
        check_origin(&policy(false), &headers, key_required).is_ok()
    }

    #[test]
    fn lets_in_the_users_own_pages_only() {
        for value in [
            "http://localhost:3000",
            "http://tauri.localhost",
            "https://127.0.0.1",
            "http://[::1]:5173",
            "vscode-webview://abc",
            "app://obsidian.md",
            "tauri://localhost",
            "https://chat.example",
            "HTTPS://CHAT.EXAMPLE",
        ] {
            assert!(origin(ORIGIN, value, false), "{value}");
        }
        for value in [
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "http://chat.example",
            "http://a@localhost",
            "ftp://localhost",
            "",
            "http://127.0.0.1.nip.io",
            "https://chat.example.evil.example",
        ] {
            assert!(!origin(ORIGIN, value, false), "{value}");
            assert!(origin(ORIGIN, value, true), "{value} with a key required");
        }
        assert!(!origin(SEC_FETCH_SITE, "cross-site", false));
        assert!(!origin(SEC_FETCH_SITE, "same-site", false));
        assert!(origin(SEC_FETCH_SITE, "none", false));
        assert!(origin(SEC_FETCH_SITE, "same-origin", false));
    }
}
