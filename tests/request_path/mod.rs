//! The request path, stage by stage.

mod browser;
mod family;
mod guard;
mod passthrough;
mod translation;
