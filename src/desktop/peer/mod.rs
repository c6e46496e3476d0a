//! Which user's program is at the other end of a connection within this computer. Each operating
//! system is asked in its own way.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_table;
#[cfg(any(target_os = "macos", test))]
mod macos;
mod owner;
#[cfg(windows)]
mod windows;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

pub use self::owner::Peer;

#[cfg(target_os = "linux")]
use self::linux as system;
#[cfg(target_os = "macos")]
use self::macos as system;
#[cfg(windows)]
use self::windows as system;

/// The user at the other end of a connection: `client` is its address there, `server` the one
/// here. Takes microseconds on Linux; both addresses are this computer's.
pub fn look_up(client: SocketAddr, server: SocketAddr) -> Peer {
    system::look_up(canonical(client), canonical(server))
}

/// Whether this system reports the user at the other end. Tried with a connection to itself.
pub fn is_reported() -> bool {
    let ours = || -> io::Result<Peer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        Ok(look_up(client.local_addr()?, server.local_addr()?))
    };
    ours().is_ok_and(|peer| peer == Peer::Ours)
}

/// The user that listens at an address, if the system reports it.
#[cfg(target_os = "linux")]
pub fn listening_user(address: SocketAddr) -> Option<u32> {
    linux_table::listening_user(address)
}

#[cfg(not(target_os = "linux"))]
pub fn listening_user(_: SocketAddr) -> Option<u32> {
    None
}

/// An IPv6 socket that carries IPv4 is looked up as the IPv4 socket the system lists.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer_of(client: &TcpStream, listener: &TcpListener) -> (Peer, TcpStream) {
        let (server, remote) = listener.accept().expect("accepted");
        assert_eq!(canonical(remote), canonical(client.local_addr().expect("an address")));
        (look_up(remote, server.local_addr().expect("an address")), server)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_of_our_own_is_ours_whatever_it_speaks() {
        let v4 = TcpListener::bind("127.0.0.1:0").expect("bound");
        let mapped = format!("[::ffff:127.0.0.1]:{}", v4.local_addr().expect("an address").port());
        for address in [v4.local_addr().expect("an address"), mapped.parse().expect("an address")] {
            let client = TcpStream::connect(address).expect("connected");
            assert_eq!(peer_of(&client, &v4).0, Peer::Ours, "{address}");
        }
        let Ok(v6) = TcpListener::bind("[::1]:0") else { return };
        let client = TcpStream::connect(v6.local_addr().expect("an address")).expect("connected");
        assert_eq!(peer_of(&client, &v6).0, Peer::Ours, "IPv6");
        assert!(is_reported());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_has_hung_up_is_gone_and_not_root() {
        use socket2::SockRef;
        use std::time::Duration;

        for is_reset in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
            let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
            let (server, remote) = listener.accept().expect("accepted");
            let local = server.local_addr().expect("an address");
            if is_reset {
                SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("set");
            }
            drop(client);
            assert_eq!(look_up(remote, local), Peer::Gone, "reset: {is_reset}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_client_that_has_only_stopped_sending_is_still_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
        client.shutdown(std::net::Shutdown::Write).expect("shut down");
        assert_eq!(peer_of(&client, &listener).0, Peer::Ours);
    }
}
