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
mod crossing;
mod endings;
mod failover;
mod flow;
mod hostile;
mod model_lists;
mod model_source;
mod models;
mod outages;
mod passthrough;
mod pool;
mod responses_state;
mod side;
mod signatures;
mod streaming;
mod told;
mod translation;
mod verdicts;
mod ways;
mod zai;
