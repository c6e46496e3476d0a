//! The request path, stage by stage.

/// How each dialect asks and answers, and each family's shapes: what the areas below share.
mod dialect;
mod family;

mod auth;
mod browser;
mod framing;
mod guard;
mod headers;
mod keep_alive;
mod limits;
mod routing;
#[cfg(unix)]
mod secrets;

mod broken;
mod endings;
mod endless;
mod failover;
mod flow;
mod hostile;
mod ids;
mod large;
mod model_lists;
mod model_source;
mod models;
mod passthrough;
mod pool;
mod responses_state;
mod share;
mod side;
mod signatures;
mod streaming;
mod translation;
mod zai;
