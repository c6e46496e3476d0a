//! The request path, stage by stage.

mod passthrough;
mod translation;
