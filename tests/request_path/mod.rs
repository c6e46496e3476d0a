//! The request path, stage by stage.

mod auth;
mod browser;
mod family;
mod framing;
mod guard;
mod limits;
mod dialect;

mod failover;
mod passthrough;
mod routing;
mod translation;
