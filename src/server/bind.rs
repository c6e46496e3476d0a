//! Binds the proxy's addresses, and says precisely why when it cannot.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpListener;

use crate::control::{BindFailure, BindReason, PortOwner};
use crate::desktop::port_owner;
use crate::language::Message;
use crate::message;

/// Connections the system holds while we are busy.
const BACKLOG: i32 = 1024;

/// The listeners of one address setting: IPv4 always, IPv6 where there is one.
#[derive(Debug)]
pub struct Bound {
    pub listeners: Vec<TcpListener>,
    /// What clients are told: the IPv4 address with the port that was bound.
    pub address: SocketAddr,
    /// Why there is no IPv6 listener, when there is none.
    pub warning: Option<Message>,
}

/// The IPv4 address of a setting.
pub const fn address(port: u16, lan: bool) -> SocketAddr {
    let ip = if lan { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    SocketAddr::new(IpAddr::V4(ip), port)
}

/// Binds loopback, or every interface with LAN access. `shared`: another listener of
/// ours still holds the port and has agreed to share it for a moment.
pub fn bind(port: u16, lan: bool, shared: bool) -> Result<Bound, (SocketAddr, io::Error)> {
    let v4 = address(port, lan);
    let first = listen(v4, shared).map_err(|error| (v4, error))?;
    let address = first.local_addr().map_err(|error| (v4, error))?;
    let v6_ip = if lan { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
    let v6 = SocketAddr::new(IpAddr::V6(v6_ip), address.port());
    match listen(v6, shared) {
        Ok(second) => Ok(Bound { listeners: vec![first, second], address, warning: None }),
        Err(error) => Ok(Bound { listeners: vec![first], address, warning: v6_warning(v6, &error) }),
    }
}

/// Nothing new: what there is on loopback is enough.
pub const fn loopback_again(port: u16) -> Bound {
    Bound { listeners: Vec::new(), address: address(port, false), warning: None }
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Elsewhere this option would let two programs have the same port.
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

/// Lets a second listener of ours bind the port this one holds, for as long as it takes
/// to hand over from `127.0.0.1` to `0.0.0.0` or back.
#[cfg(unix)]
pub fn share(socket: &SockRef<'_>, on: bool) -> io::Result<()> {
    socket.set_reuse_port(on)
}

#[cfg(not(unix))]
pub fn share(_: &SockRef<'_>, _: bool) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// A system without IPv6 is no news; a port that somebody else holds on `[::1]` is.
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

/// Everything there is to know about a bind that failed. Asks the system who holds the
/// port, which takes milliseconds.
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

/// Who listens on IPv6 loopback at this port, when it is not the agent of this pid: clients
/// that go by `localhost` may reach them instead. Takes milliseconds, and blocks.
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
