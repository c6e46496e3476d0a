//! Signals from the system.

use std::io;

use tokio::sync::mpsc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP.
    Reload,
    /// SIGTERM, Ctrl-C; on Windows also Ctrl-Break, a closed console window, a shutdown.
    Quit,
}

/// Starts to listen; the process no longer ends by itself on these signals.
#[cfg(unix)]
pub fn listen() -> io::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut hangup, mut terminate, mut interrupt) =
        (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(async move {
        loop {
            let received = tokio::select! {
                Some(()) = hangup.recv() => Signal::Reload,
                Some(()) = terminate.recv() => Signal::Quit,
                Some(()) = interrupt.recv() => Signal::Quit,
                else => return,
            };
            if sender.send(received).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Starts to listen; the process no longer ends by itself on these signals.
#[cfg(windows)]
pub fn listen() -> io::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::windows;

    let (mut interrupt, mut interrupt_hard) = (windows::ctrl_c()?, windows::ctrl_break()?);
    let (mut close, mut shutdown) = (windows::ctrl_close()?, windows::ctrl_shutdown()?);
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = interrupt_hard.recv() => {}
                Some(()) = close.recv() => {}
                Some(()) = shutdown.recv() => {}
                else => return,
            }
            if sender.send(Signal::Quit).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
