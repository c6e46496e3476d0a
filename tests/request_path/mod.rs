//! The request path, stage by stage.

mod auth;
mod browser;
mod dialect;
mod family;
mod framing;
mod guard;
mod limits;

mod broken;
mod failover;
mod flow;
mod passthrough;
mod routing;
mod secrets;
mod streaming;
mod translation;
