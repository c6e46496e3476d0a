//! Linux: asks the kernel for the one socket through `sock_diag`; where that is refused, reads
//! its [table](super::linux_table) of all sockets.
//!
//! A socket that its program has closed appears in both as root's: it has no owner any more, and
//! a missing owner is written 0. Its inode is 0, too, which no open socket's is.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, IPPROTO_TCP, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_ESTABLISHED, TCP_FIN_WAIT1,
    TCP_FIN_WAIT2, TCP_LAST_ACK,
};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use super::linux_table::{self, Socket};
use super::owner::Peer;

/// The loopback interface. A socket bound to it is found only with it; a socket bound to none is
/// found with it, too.
const LOOPBACK: u32 = 1;
/// Any socket between these addresses, whichever it is.
const NO_COOKIE: [u8; 8] = [0xff; 8];
const ROOT: u32 = 0;

pub fn look_up(client: SocketAddr, server: SocketAddr) -> Peer {
    match ask(client, server) {
        Answer::Socket(socket) => socket.held_by(us()),
        Answer::None => missing(client, server),
        Answer::Refused => from_table(client, server),
    }
}

/// There is no such socket: it has been reset, or an address was translated on the way. Our own
/// end of the connection shows which.
fn missing(client: SocketAddr, server: SocketAddr) -> Peer {
    match ask(server, client) {
        Answer::Socket(own) if own.state != TCP_ESTABLISHED => Peer::Gone,
        Answer::None if HAS_ANSWERED.get() => Peer::Gone,
        _ => from_table(client, server),
    }
}

fn from_table(client: SocketAddr, server: SocketAddr) -> Peer {
    let is_connected = |own: Socket| own.state == TCP_ESTABLISHED;
    match linux_table::find(client, server) {
        Ok(Some(socket)) => socket.held_by(us()),
        Ok(None) => match linux_table::find(server, client) {
            Ok(Some(own)) if is_connected(own) => Peer::Unknown,
            Ok(_) => Peer::Gone,
            Err(_) => Peer::Unknown,
        },
        Err(_) => Peer::Unknown,
    }
}

impl Socket {
    fn held_by(self, us: Us) -> Peer {
        const CONNECTED: [u8; 6] =
            [TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK];
        if self.inode == 0 || !CONNECTED.contains(&self.state) {
            return Peer::Gone;
        }
        match us.overflow {
            // Every user without a number in this namespace has this one.
            Some(overflow) if self.user == overflow && us.user == overflow => Peer::Unknown,
            Some(overflow) if self.user == overflow => Peer::Another,
            _ if self.user == us.user || self.user == ROOT => Peer::Ours,
            _ => Peer::Another,
        }
    }
}

/// The user we run as, in the numbers that the kernel reports.
#[derive(Clone, Copy)]
struct Us {
    user: u32,
    /// The number that stands for users outside this namespace, if there are any.
    overflow: Option<u32>,
}

fn us() -> Us {
    static US: OnceLock<Us> = OnceLock::new();
    *US.get_or_init(|| Us { user: rustix::process::geteuid().as_raw(), overflow: overflow() })
}

fn overflow() -> Option<u32> {
    const NOBODY: u32 = 65_534;
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let map = read("/proc/self/uid_map");
    let numbers: Vec<&str> = map.split_ascii_whitespace().collect();
    let is_complete = numbers == ["0", "0", "4294967295"];
    (!is_complete).then(|| read("/proc/sys/kernel/overflowuid").trim().parse().unwrap_or(NOBODY))
}

enum Answer {
    Socket(Socket),
    None,
    /// The kernel refuses such queries here.
    Refused,
}

thread_local! {
    /// Opening one takes longer than asking.
    static KERNEL: RefCell<Option<OwnedFd>> = const { RefCell::new(None) };
    /// A kernel without this interface for TCP also reports "no such socket".
    static HAS_ANSWERED: Cell<bool> = const { Cell::new(false) };
}

fn ask(local: SocketAddr, remote: SocketAddr) -> Answer {
    KERNEL.with_borrow_mut(|kernel| {
        let answer = try_ask(kernel, local, remote);
        match answer {
            Some(Answer::Socket(_)) => HAS_ANSWERED.set(true),
            Some(_) => {}
            // After any error the next query opens a new one.
            None => *kernel = None,
        }
        answer.unwrap_or(Answer::Refused)
    })
}

fn try_ask(kernel: &mut Option<OwnedFd>, local: SocketAddr, remote: SocketAddr) -> Option<Answer> {
    let socket = match kernel {
        Some(socket) => socket,
        None => kernel.insert(open()?),
    };
    rustix::net::send(&*socket, &question(local, remote), SendFlags::empty()).ok()?;
    let mut buffer = [0; 1024];
    // The answer is available before the query returns.
    let (_, length) = rustix::net::recv(&*socket, &mut buffer, RecvFlags::DONTWAIT).ok()?;
    answer(buffer.get(..length)?, local, remote)
}

fn open() -> Option<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG)).ok()
}

fn question(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let request = SockDiagMessage::InetRequest(InetRequest {
        family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: local.port(),
            destination_port: remote.port(),
            source_address: local.ip(),
            destination_address: remote.ip(),
            interface_id: LOOPBACK,
            cookie: NO_COOKIE,
        },
    });
    let mut message = NetlinkMessage::new(header, request.into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// `None`: this does not answer that query.
fn answer(bytes: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<Answer> {
    match NetlinkMessage::<SockDiagMessage>::deserialize(bytes).ok()?.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
            let header = response.header;
            let id = &header.socket_id;
            let is_asked_for = same(id.source_address, id.source_port, local)
                && same(id.destination_address, id.destination_port, remote);
            // If there is no such connection, the kernel reports the listener.
            Some(if is_asked_for {
                Answer::Socket(Socket {
                    state: header.state,
                    user: header.uid,
                    inode: u64::from(header.inode),
                })
            } else {
                Answer::None
            })
        }
        NetlinkPayload::Error(error) => {
            const ENOENT: i32 = rustix::io::Errno::NOENT.raw_os_error();
            Some(if error.raw_code() == -ENOENT { Answer::None } else { Answer::Refused })
        }
        _ => None,
    }
}

fn same(ip: IpAddr, port: u16, address: SocketAddr) -> bool {
    ip.to_canonical() == address.ip() && port == address.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_taken_for_root() {
        let socket = |state, user, inode| Socket { state, user, inode };
        let us = Us { user: 1000, overflow: None };
        for (asked, expected) in [
            (socket(TCP_ESTABLISHED, 1000, 7), Peer::Ours),
            (socket(TCP_CLOSE_WAIT, 1000, 7), Peer::Ours),
            (socket(TCP_ESTABLISHED, ROOT, 7), Peer::Ours),
            (socket(TCP_ESTABLISHED, 1001, 7), Peer::Another),
            (socket(TCP_ESTABLISHED, 65_534, 7), Peer::Another),
            (socket(TCP_FIN_WAIT2, ROOT, 0), Peer::Gone),
            (socket(6, ROOT, 0), Peer::Gone),
            // It listens, or still connects: another connection than the one asked for.
            (socket(10, 1000, 7), Peer::Gone),
            (socket(2, 1000, 7), Peer::Gone),
        ] {
            assert_eq!(asked.held_by(us), expected, "{asked:?}");
        }
    }

    #[test]
    fn who_has_no_number_in_a_namespace_is_a_stranger() {
        let stranger = Socket { state: TCP_ESTABLISHED, user: 65_534, inode: 7 };
        let inside = |user| Us { user, overflow: Some(65_534) };
        assert_eq!(stranger.held_by(inside(1000)), Peer::Another);
        assert_eq!(stranger.held_by(inside(65_534)), Peer::Unknown);
    }
}
