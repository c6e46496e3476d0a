//! A proxy on the way out: opens tunnels, or refuses to, and counts what it is asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub struct OutgoingProxy {
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl OutgoingProxy {
    /// Opens a tunnel to this address, whatever it is asked for.
    pub async fn to(target: SocketAddr) -> Self {
        Self::serve(Ok(target)).await
    }

    /// Answers every request with this status line.
    pub async fn refusing(status: &'static str) -> Self {
        Self::serve(Err(status)).await
    }

    async fn serve(answer: Result<SocketAddr, &'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(tunnel(stream, answer));
            }
        });
        Self { address, asked, server }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn tunnel(mut client: TcpStream, answer: Result<SocketAddr, &'static str>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = client.read_u8().await else { return };
        head.push(byte);
    }
    match answer {
        Ok(target) => {
            let mut upstream = TcpStream::connect(target).await.expect("the upstream");
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let _ = copy_bidirectional(&mut client, &mut upstream).await;
        }
        Err(status) => {
            let refusal = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let _ = client.write_all(refusal.as_bytes()).await;
        }
    }
}

impl Drop for OutgoingProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}
