//! The URL that clients are pointed at.

use std::borrow::Cow;
use std::net::SocketAddr;

use http::header::{HOST, HeaderMap};
use http::uri::Authority;

use super::guard::is_loopback_name;

/// The base URL of a listener: clients cannot connect to `0.0.0.0`, so that is `127.0.0.1`.
pub fn base_url(address: SocketAddr) -> String {
    let ip = address.ip();
    let host = if ip.is_unspecified() { "127.0.0.1".to_owned() } else { ip.to_string() };
    format!("http://{host}:{}", address.port())
}

/// The base URL for the client that sent these headers: to one on the network, 127.0.0.1 is
/// another machine. Its Host has passed the guard.
pub fn for_client<'a>(headers: &HeaderMap, own: &'a str) -> Cow<'a, str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    match host {
        Some(host) if !is_loopback_name(host.host()) => format!("http://{host}").into(),
        _ => own.into(),
    }
}
