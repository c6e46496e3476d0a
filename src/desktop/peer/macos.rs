//! macOS: the kernel's list of all TCP connections (`net.inet.tcp.pcblist_n`), which any process
//! may read, with the user of each socket.
//!
//! The list is a head and then records, each with its length and its kind in front; those of
//! one connection follow each other. Their fields are those of `xinpcb_n` (`in_pcb.h`) and
//! `xsocket_n` (`socketvar.h`) in Apple's xnu.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::owner::Peer;

const CONNECTION: u32 = 0x10;
const SOCKET: u32 = 0x01;
/// Each record begins at a multiple of this.
const ALIGNMENT: usize = 8;

/// The program that had the socket has closed it (`SS_NOFDREF`).
const CLOSED: u16 = 0x0001;
const IPV4: u8 = 0x01;
const ROOT: u32 = 0;

#[cfg(target_os = "macos")]
pub fn look_up(client: SocketAddr, server: SocketAddr) -> Peer {
    use sysctl::{Ctl, CtlValue, Sysctl};

    let list = Ctl::new("net.inet.tcp.pcblist_n").and_then(|list| list.value());
    let Ok(CtlValue::Struct(list) | CtlValue::Node(list)) = list else { return Peer::Unknown };
    let us = rustix::process::geteuid().as_raw();
    holder(&list, client, server, us)
}

fn holder(list: &[u8], client: SocketAddr, server: SocketAddr, us: u32) -> Peer {
    let mut is_read = false;
    for (connection, socket) in sockets(list) {
        is_read = true;
        if ends(connection) == Some((client, server)) {
            return match (state(socket), user(socket)) {
                (Some(state), Some(_)) if state & CLOSED != 0 => Peer::Gone,
                (_, Some(user)) if user == us || user == ROOT => Peer::Ours,
                (_, Some(_)) => Peer::Another,
                (_, None) => Peer::Unknown,
            };
        }
    }
    if is_read { Peer::Gone } else { Peer::Unknown }
}

/// The two records of each connection: its own, and its socket's.
fn sockets(list: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut connection = None;
    records(list).filter_map(move |(kind, record)| match kind {
        CONNECTION => {
            connection = Some(record);
            None
        }
        SOCKET => Some((connection.take()?, record)),
        _ => None,
    })
}

fn records(list: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = u32_at(list, 0).and_then(|head| list.get(aligned(head)..)).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, kind) = (u32_at(rest, 0)?, u32_at(rest, 4)?);
        let record = rest.get(..usize::try_from(length).ok()?).filter(|record| record.len() > 8)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((kind, record))
    })
}

fn aligned(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).max(1).saturating_add(ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT
}

/// Our end and the other, of `xinpcb_n`.
fn ends(record: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let port = |at: usize| Some(u16::from_be_bytes(record.get(at..at + 2)?.try_into().ok()?));
    let is_ipv4 = record.get(44)? & IPV4 != 0;
    let ip = |at: usize| {
        let bytes: [u8; 16] = record.get(at..at + 16)?.try_into().ok()?;
        Some(match bytes {
            // Of an IPv4 address only the last four are filled.
            [.., a, b, c, d] if is_ipv4 => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            bytes => IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical(),
        })
    };
    let (remote, local) = (SocketAddr::new(ip(48)?, port(16)?), SocketAddr::new(ip(64)?, port(18)?));
    Some((local, remote))
}

/// `so_state` of `xsocket_n`.
fn state(record: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(record.get(26..28)?.try_into().ok()?))
}

/// `so_uid` of `xsocket_n`.
fn user(record: &[u8]) -> Option<u32> {
    u32_at(record, 64)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, length: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut record = vec![0; aligned(length)];
        record[..4].copy_from_slice(&length.to_ne_bytes());
        record[4..8].copy_from_slice(&kind.to_ne_bytes());
        for (at, bytes) in fields {
            record[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        record
    }

    fn socket(local: u16, remote: u16, user: u32, state: u16) -> Vec<u8> {
        let loopback: &[u8] = &[127, 0, 0, 1];
        let connection = record(
            CONNECTION,
            104,
            &[
                (16, &remote.to_be_bytes()),
                (18, &local.to_be_bytes()),
                (44, &[IPV4]),
                (60, loopback),
                (76, loopback),
            ],
        );
        let socket = record(SOCKET, 76, &[(26, &state.to_ne_bytes()), (64, &user.to_ne_bytes())]);
        // The records after it in the list, which do not name its user.
        [connection, socket, record(0x20, 208, &[])].concat()
    }

    #[test]
    fn the_user_of_a_connection_is_read_from_the_kernels_list() {
        let mut list = record(24, 24, &[]);
        list.extend(socket(8045, 50_000, 0, 0));
        list.extend(socket(50_000, 8045, 501, 2));
        list.extend(socket(50_001, 8045, 502, 2));
        list.extend(socket(50_002, 8045, 0, 2));
        list.extend(socket(50_003, 8045, 502, CLOSED));
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        for (port, expected) in [
            (50_000, Peer::Ours),
            (50_001, Peer::Another),
            (50_002, Peer::Ours),
            (50_003, Peer::Gone),
            (50_004, Peer::Gone),
        ] {
            assert_eq!(holder(&list, at(port), at(8045), 501), expected, "{port}");
        }
        assert_eq!(holder(&[], at(1), at(2), 501), Peer::Unknown);
        assert_eq!(holder(&list[..24], at(1), at(2), 501), Peer::Unknown);
    }
}
