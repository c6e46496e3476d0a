//! The kernel's table of all TCP sockets, as text: slower to read than one answer, but available
//! where queries are refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netlink_packet_sock_diag::constants::TCP_LISTEN;

/// The first is used where `/proc` shows only processes.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// What the kernel reports about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub state: u8,
    pub user: u32,
    pub inode: u64,
}

/// The socket between these addresses. Fails when the table cannot be read.
pub fn find(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Socket>> {
    let found = search(|line| line.local == local && line.remote == remote)?;
    Ok(found.map(|line| line.socket))
}

/// The user that listens at the address, or at all of them.
pub fn listening_user(address: SocketAddr) -> Option<u32> {
    let is_there = |line: &Line| {
        line.socket.state == TCP_LISTEN
            && line.local.port() == address.port()
            && (line.local.ip() == address.ip() || line.local.ip().is_unspecified())
    };
    Some(search(is_there).ok()??.socket.user)
}

fn search(is_meant: impl Fn(&Line) -> bool) -> io::Result<Option<Line>> {
    let mut failure = None;
    for table in TABLES {
        match File::open(table) {
            Ok(file) => {
                for line in BufReader::new(file).lines().skip(1) {
                    if let Some(line) = Line::read(&line?).filter(&is_meant) {
                        return Ok(Some(line));
                    }
                }
            }
            // A system without IPv6 has only one.
            Err(error) => failure = failure.or(Some(error).filter(|_| table == TABLES[0])),
        }
    }
    failure.map_or(Ok(None), Err)
}

struct Line {
    local: SocketAddr,
    remote: SocketAddr,
    socket: Socket,
}

impl Line {
    /// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode`
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
        let state = u8::from_str_radix(fields.next()?, 16).ok()?;
        let mut fields = fields.skip(3);
        let user = fields.next()?.parse().ok()?;
        let inode = fields.nth(1)?.parse().ok()?;
        Some(Self { local, remote, socket: Socket { state, user, inode } })
    }
}

/// Words of four bytes, each as this machine has it in memory, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| {
        let word = u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn reads_what_the_kernel_writes() {
        for (line, local, user, inode) in [
            (
                "   0: 0100007F:1F6D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 36529 1",
                "127.0.0.1:8045",
                1000,
                36_529,
            ),
            (
                "   1: 00000000000000000000000001000000:1F6D 00000000000000000000000001000000:D431 01 \
                 00000000:00000000 00:00000000 00000000 65534        0 7 1",
                "[::1]:8045",
                65_534,
                7,
            ),
            (
                "   2: 0000000000000000FFFF00000100007F:1F6D 0000000000000000FFFF00000100007F:D431 01 \
                 00000000:00000000 00:00000000 00000000     0        0 0 1",
                "127.0.0.1:8045",
                0,
                0,
            ),
        ] {
            let read = Line::read(line).expect("a line");
            assert_eq!(read.local.to_string(), local);
            assert_eq!((read.socket.user, read.socket.inode), (user, inode), "{local}");
        }
        assert!(Line::read("  sl  local_address rem_address   st").is_none());
    }

    #[test]
    fn finds_a_connection_and_who_listens() {
        let us = rustix::process::geteuid().as_raw();
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let server = listener.local_addr().expect("an address");
        let client = TcpStream::connect(server).expect("connected").local_addr().expect("an address");
        assert!(find(client, SocketAddr::new(server.ip(), 1)).expect("readable").is_none());
        assert_eq!(listening_user(server), Some(us));
        let client = TcpStream::connect(server).expect("connected");
        let client = (client.local_addr().expect("an address"), client);
        let found = find(client.0, server).expect("readable").expect("found");
        assert_eq!(found.user, us);
        assert_ne!(found.inode, 0);
    }
}
