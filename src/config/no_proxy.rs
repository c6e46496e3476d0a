//! Destinations that are reached without the outgoing proxy: hosts, domains with all their
//! subdomains, and networks. This computer always is one.

use std::net::IpAddr;
use std::sync::Arc;

/// The list `upstream.no_proxy`. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Arc<[Exception]>);

/// One element of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exception {
    /// `*`: everything.
    All,
    /// All addresses whose first bits, as many as the number says, are those of this one.
    Network(IpAddr, u8),
    /// A name and all its subdomains.
    Domain(String),
}

impl NoProxy {
    /// From the texts of the file. `meaning` refuses those that do not parse, so they are
    /// skipped here.
    pub fn new(written: &[String]) -> Self {
        Self(written.iter().filter_map(|text| Exception::parse(text)).collect())
    }

    /// Whether a host, as it stands in a URL, is reached directly.
    pub fn holds(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let literal = literal.ok().map(|address| address.to_canonical());
        let is_here = host == "localhost"
            || host.ends_with(".localhost")
            || literal.is_some_and(|address| address.is_loopback());
        is_here || self.0.iter().any(|exception| exception.holds(&host, literal))
    }
}

impl Exception {
    /// `None` for anything else: a URL, a name with a port, a network with too many bits.
    pub fn parse(written: &str) -> Option<Self> {
        if written == "*" {
            return Some(Self::All);
        }
        let (address, bits) = match written.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (written, None),
        };
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(most);
            return (bits <= most).then_some(Self::Network(address, bits));
        }
        let name = address.strip_prefix("*.").or_else(|| address.strip_prefix('.')).unwrap_or(address);
        let is_name = !name.is_empty()
            && name.trim_end_matches('.').split('.').all(|label| !label.is_empty())
            && !name.contains(['*', ':', '/', '@', '?', '#', '[', ']', '\\', '%', ','])
            && !name.chars().any(char::is_whitespace);
        let parsed =
            url::Host::parse(name.trim_end_matches('.')).ok().filter(|_| is_name && bits.is_none())?;
        match parsed {
            url::Host::Domain(name) => Some(Self::Domain(name.to_ascii_lowercase())),
            url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
        }
    }

    fn holds(&self, host: &str, literal: Option<IpAddr>) -> bool {
        match self {
            Self::All => true,
            Self::Network(network, bits) => literal.is_some_and(|address| is_in(address, *network, *bits)),
            Self::Domain(domain) => {
                let below = host.strip_suffix(domain.as_str());
                below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
        }
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_domains_and_networks_are_distinguished() {
        let no_proxy = NoProxy::new(
            &["corp.example", "*.lan", ".home.arpa", "10.0.0.0/8", "192.168.1.7", "fd00::/8"]
                .map(str::to_owned),
        );
        for host in [
            "localhost",
            "a.localhost",
            "127.8.8.8",
            "[::1]",
            "corp.example",
            "API.Corp.Example",
            "corp.example.",
            "nas.lan",
            "lan",
            "x.home.arpa",
            "10.255.0.1",
            "192.168.1.7",
            "[fd12::1]",
            "[::ffff:10.0.0.1]",
        ] {
            assert!(no_proxy.holds(host), "{host}");
        }
        for host in
            ["notcorp.example", "corp.example.org", "11.0.0.1", "192.168.1.8", "[fe80::1]", "api.test"]
        {
            assert!(!no_proxy.holds(host), "{host}");
        }
        assert!(NoProxy::new(&["*".to_owned()]).holds("api.test"));
        assert!(!NoProxy::default().holds("api.test"));
        assert!(NoProxy::new(&["0.0.0.0/0".to_owned()]).holds("8.8.8.8"));
    }

    #[test]
    fn anything_else_is_not_an_exception() {
        for written in [
            "",
            "http://corp.example",
            "corp.example:8080",
            "corp.example/path",
            "10.0.0.0/33",
            "fd00::/129",
            "10.0.0.0/x",
            "a b",
            "a,b",
            "*.*.x",
            "..",
            "a..b",
            "corp.*",
        ] {
            assert_eq!(Exception::parse(written), None, "{written:?}");
        }
    }
}
