//! Binds the proxy's addresses, or explains why they cannot be bound.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpListener;

use crate::control::{BindFailure, BindReason, PortOwner};
use crate::desktop::port_owner;
use crate::language::Message;
use crate::message;

/// Connections that the system holds until they are accepted.
const BACKLOG: i32 = 1024;

/// The listeners of one address setting: IPv4 always, IPv6 where there is one.
#[derive(Debug)]
pub struct Binding {
    pub listeners: Vec<TcpListener>,
    /// The IPv4 address, with the port that was bound.
    pub address: SocketAddr,
    /// Why there is no IPv6 listener, if that matters.
    pub warning: Option<Message>,
}

/// The IPv4 address of a setting.
pub const fn address(port: u16, lan: bool) -> SocketAddr {
    let ip = if lan { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    SocketAddr::new(IpAddr::V4(ip), port)
}

/// Binds loopback, or every interface with LAN access. `shared`: another listener of this
/// process still holds the port, and shares it for a moment. Fails with the address that could
/// not be bound.
pub fn bind(port: u16, lan: bool, shared: bool) -> Result<Binding, (SocketAddr, io::Error)> {
    let v4 = address(port, lan);
    let first = listen(v4, shared).map_err(|error| (v4, error))?;
    let address = first.local_addr().map_err(|error| (v4, error))?;
    let v6_ip = if lan { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
    let v6 = SocketAddr::new(IpAddr::V6(v6_ip), address.port());
    match listen(v6, shared) {
        Ok(second) => Ok(Binding { listeners: vec![first, second], address, warning: None }),
        Err(error) => Ok(Binding { listeners: vec![first], address, warning: v6_warning(v6, &error) }),
    }
}

/// No new listeners: those on loopback are enough.
pub const fn loopback_again(port: u16) -> Binding {
    Binding { listeners: Vec::new(), address: address(port, false), warning: None }
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let two programs bind the same port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if shared {
        share(&SockRef::from(&socket), true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    if shared {
        share(&SockRef::from(&socket), false)?;
    }
    TcpListener::from_std(socket.into())
}

/// Lets a second listener of this process bind the same port, while it moves from `127.0.0.1`
/// to `0.0.0.0` or back. Fails where the system has no such option.
#[cfg(unix)]
pub fn share(socket: &SockRef<'_>, on: bool) -> io::Result<()> {
    socket.set_reuse_port(on)
}

#[cfg(not(unix))]
pub fn share(_: &SockRef<'_>, _: bool) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// A warning when another program holds the port on `[::1]`; a system without IPv6 is fine.
fn v6_warning(address: SocketAddr, error: &io::Error) -> Option<Message> {
    let is_absent = matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
        || error.raw_os_error().is_some_and(|code| NO_IPV6.contains(&code));
    if error.kind() == ErrorKind::AddrInUse {
        let stranger = stranger_on_ipv6(address.port(), std::process::id());
        return Some(stranger.unwrap_or_else(|| taken(address, message!("owner-unknown"))));
    }
    let (address, reason) = (address.to_string(), error.to_string());
    (!is_absent).then(|| message!("warning-no-ipv6", address = address, reason = reason))
}

/// `EAFNOSUPPORT` on Linux, macOS and Windows.
const NO_IPV6: [i32; 3] = [97, 47, 10047];

/// Why a bind failed. Asks the system which program holds the port, which takes milliseconds.
pub async fn explain(address: SocketAddr, error: &io::Error) -> BindFailure {
    let reason = match error.kind() {
        ErrorKind::AddrInUse => BindReason::InUse { owner: owner(address).await },
        ErrorKind::PermissionDenied => BindReason::Denied,
        ErrorKind::AddrNotAvailable => BindReason::NotAvailable,
        _ => BindReason::Other { text: error.to_string() },
    };
    let next_free_port = match reason {
        BindReason::InUse { .. } => port_owner::next_free_port(address).await,
        _ => None,
    };
    BindFailure { address, reason, next_free_port }
}

async fn owner(address: SocketAddr) -> Option<PortOwner> {
    let reachable = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    let process = port_owner::process(address.port()).await;
    if port_owner::is_portcullis(reachable).await {
        let pid = process.map(|(_, pid)| pid);
        return Some(PortOwner::Portcullis { pid, home: pid.and_then(port_owner::home_of) });
    }
    match process {
        Some((_, pid)) if pid == std::process::id() => Some(PortOwner::Own),
        Some((name, pid)) => Some(PortOwner::Process { name, pid }),
        None => port_owner::another_user(address).map(|name| PortOwner::User { name }),
    }
}

/// A warning when a program other than the agent (`ours`: its pid) listens on this port of IPv6
/// loopback: clients that resolve `localhost` to IPv6 reach that program. Blocks for milliseconds.
pub fn stranger_on_ipv6(port: u16, ours: u32) -> Option<Message> {
    let address = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    let owner = match port_owner::process_at(address) {
        Some((_, pid)) if pid == ours => return None,
        Some((name, pid)) => PortOwner::Process { name, pid },
        None => PortOwner::User { name: port_owner::another_user(address)? },
    };
    Some(taken(address, owner.message()))
}

fn taken(address: SocketAddr, owner: Message) -> Message {
    message!("warning-ipv6-taken", address = address.to_string(), owner = owner)
}
