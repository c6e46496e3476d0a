//! The bytes of a counted connection on their way to the server.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, StraightStream};
use salvo::fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto};
use salvo::http::uri::Scheme;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::limit::Slot;

/// The bytes of a client's connection. The slot is freed just before the socket is closed, so
/// that the next connection from the same address is counted anew.
pub struct ClientStream {
    slot: Slot,
    inner: StraightStream<TcpStream>,
}

impl Slot {
    /// Makes a connection what a server accepts. `None`: the policy rejects it.
    pub async fn accept(
        self,
        stream: TcpStream,
        policy: Option<&ArcFusePolicy>,
    ) -> Option<Accepted<TcpCoupler<ClientStream>, ClientStream>> {
        // Without it the first chunk of a stream waits for a full segment.
        let _ = stream.set_nodelay(true);
        let (remote, local) = self.connection.ends;
        let info =
            FuseInfo { trans_proto: TransProto::Tcp, remote_addr: remote.into(), local_addr: local.into() };
        let fuse = match policy {
            None => None,
            Some(policy) => match policy.decide(&info).await {
                FuseAction::Accept(config) => Some(config),
                FuseAction::Reject => return None,
            },
        };
        let control = self.connection.control.clone();
        let inner = StraightStream::new(stream, fuse, control.clone(), None);
        Some(Accepted {
            coupler: TcpCoupler::new(),
            stream: ClientStream { slot: self, inner },
            fuse_config: fuse,
            conn_ctrl: control,
            local_addr: local.into(),
            remote_addr: remote.into(),
            http_scheme: Scheme::HTTP,
        })
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.slot.connection.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
