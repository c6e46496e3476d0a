//! Windows: the system's table of connections has the process of each, and the process has
//! a user, as far as we may read it. For a process whose user we may not read, the session is
//! enough: in our own session it is ours with more rights, in another it is another user's.

use std::net::SocketAddr;

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, TcpSocketInfo};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::owner::Peer;

/// The system's own user.
const SYSTEM: &str = "S-1-5-18";

pub fn look_up(client: SocketAddr, server: SocketAddr) -> Peer {
    let family = if client.is_ipv4() { AddressFamilyFlags::IPV4 } else { AddressFamilyFlags::IPV6 };
    let Ok(sockets) = netstat2::iterate_sockets_info(family, ProtocolFlags::TCP) else {
        return Peer::Unknown;
    };
    let asked_for = sockets.flatten().find(|socket| match &socket.protocol_socket_info {
        ProtocolSocketInfo::Tcp(tcp) => is_between(tcp, client, server),
        ProtocolSocketInfo::Udp(_) => false,
    });
    match asked_for.as_ref().and_then(|socket| socket.associated_pids.first()) {
        // A closed connection belongs to no process, or to process 0.
        None | Some(0) => Peer::Gone,
        Some(&process) => owner(process),
    }
}

fn is_between(tcp: &TcpSocketInfo, client: SocketAddr, server: SocketAddr) -> bool {
    (tcp.local_addr.to_canonical(), tcp.local_port) == (client.ip(), client.port())
        && (tcp.remote_addr.to_canonical(), tcp.remote_port) == (server.ip(), server.port())
}

fn owner(process: u32) -> Peer {
    let (theirs, ours) = (Pid::from_u32(process), Pid::from_u32(std::process::id()));
    let Ok(mut system) = System::new() else { return Peer::Unknown };
    let wanted = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[theirs, ours]), false, wanted);
    let (Some(theirs), Some(ours)) = (system.process(theirs), system.process(ours)) else {
        return Peer::Gone;
    };
    match (user(theirs), user(ours)) {
        (_, None) => Peer::Unknown,
        (Some(theirs), Some(ours)) if theirs == ours || theirs == SYSTEM => Peer::Ours,
        (None, Some(_)) if is_same_session(theirs, ours) => Peer::Unknown,
        (_, Some(_)) => Peer::Another,
    }
}

fn is_same_session(one: &Process, another: &Process) -> bool {
    one.session_id().is_some() && one.session_id() == another.session_id()
}

fn user(process: &Process) -> Option<String> {
    Some(process.user_id()?.to_string())
}
