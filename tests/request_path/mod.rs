//! The request path, stage by stage.

mod auth;
mod browser;
mod dialect;
mod family;
mod framing;
mod guard;
mod headers;
mod limits;
mod models;

mod broken;
mod failover;
mod flow;
mod passthrough;
mod routing;
#[cfg(unix)]
mod secrets;
mod streaming;
mod translation;
