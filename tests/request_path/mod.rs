//! The request path, stage by stage.

mod auth;
mod browser;
mod family;
mod guard;
mod passthrough;
mod translation;
