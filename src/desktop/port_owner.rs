//! Finds the program that holds a TCP port of this machine, for messages only. Nothing is ever killed.

use std::net::SocketAddr;
use std::time::Duration;

use listeners::{Protocol, SocketState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[cfg(target_os = "linux")]
use super::paths::LOCK_NAME;
use super::peer;

/// How long an unknown server on the port may take to identify itself as portcullis.
const PROBE_LIMIT: Duration = Duration::from_millis(500);
/// How far above a taken port a free one is looked for.
const SEARCH_WIDTH: u16 = 100;

/// The first port an agent tries for its control plane.
pub const FIRST_CONTROL_PORT: u16 = 8046;

/// The `server` header's value by which one portcullis recognises another.
pub const SERVER_NAME: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// The name and pid of the process that listens there; `None` for another user's process.
pub async fn process(port: u16) -> Option<(String, u32)> {
    let look = move || listeners::get_process_by_port(port, Protocol::TCP).ok();
    let process = tokio::task::spawn_blocking(look).await.ok()??;
    Some((process.name, process.pid))
}

/// The same of one address. Takes milliseconds, and blocks.
pub fn process_at(address: SocketAddr) -> Option<(String, u32)> {
    let is_there = |listener: &listeners::Listener| {
        listener.protocol == Protocol::TCP
            && listener.state == SocketState::Listen
            && listener.socket == address
    };
    let process = listeners::get_all().ok()?.into_iter().find(is_there)?.process;
    Some((process.name, process.pid))
}

/// The name of the user whose process listens there, if it is another user.
#[cfg(unix)]
pub fn another_user(address: SocketAddr) -> Option<String> {
    let user = peer::listening_user(address)?;
    (user != rustix::process::geteuid().as_raw()).then(|| super::users::name(user))
}

#[cfg(not(unix))]
pub fn another_user(address: SocketAddr) -> Option<String> {
    peer::listening_user(address).map(|user| user.to_string())
}

/// Where another portcullis has its lock, which it holds open for as long as it lives.
#[cfg(target_os = "linux")]
pub fn home_of(pid: u32) -> Option<String> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let mut opened = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let lock = opened.find(|path| path.file_name().is_some_and(|name| name == LOCK_NAME))?;
    Some(lock.parent()?.display().to_string())
}

/// Known on Linux only.
#[cfg(not(target_os = "linux"))]
pub const fn home_of(_: u32) -> Option<String> {
    None
}

/// Whether what answers at the address is another portcullis.
pub async fn is_portcullis(address: SocketAddr) -> bool {
    tokio::time::timeout(PROBE_LIMIT, probe(address)).await.is_ok_and(|answer| answer.unwrap_or(false))
}

async fn probe(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("HEAD /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    stream.take(4096).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    Ok(head.lines().any(|line| line.starts_with("server: portcullis/")))
}

/// The nearest port above this one that can be bound now and that the control plane does not use.
pub async fn next_free_port(address: SocketAddr) -> Option<u16> {
    for port in (address.port().checked_add(1)?..=u16::MAX).take(SEARCH_WIDTH.into()) {
        if port != FIRST_CONTROL_PORT && TcpListener::bind((address.ip(), port)).await.is_ok() {
            return Some(port);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn above_the_last_port_there_is_none() {
        assert_eq!(next_free_port(SocketAddr::from(([127, 0, 0, 1], u16::MAX))).await, None);
    }

    #[tokio::test]
    async fn the_place_of_the_control_plane_is_offered_to_nobody() {
        let below = SocketAddr::from(([127, 0, 0, 1], FIRST_CONTROL_PORT - 1));
        let free = next_free_port(below).await.expect("one of a hundred is free");
        assert!(free > FIRST_CONTROL_PORT, "{free}");
    }
}
