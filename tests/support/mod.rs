//! What every area uses: a proxy (the real binary in a home of its own), an upstream
//! that follows a script, and a client that can send anything.

pub mod client;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod fed;
pub mod home;
#[cfg(unix)]
pub mod opener;
pub mod outgoing;
pub mod proxy;
#[cfg(target_os = "linux")]
pub mod stranger;
pub mod tls;
pub mod upstream;
pub mod wait;

pub use client::{Answer, raw, request};
pub use fed::FedStream;
pub use home::Home;
pub use proxy::TestProxy;
pub use upstream::{FakeUpstream, Piece, Reply};
pub use wait::until;
