//! The request path, stage by stage.

/// How each dialect asks and answers, and each family's shapes: what the areas below share.
mod dialect;
mod family;

mod auth;
mod browser;
#[cfg(target_os = "linux")]
mod crowds;
mod framing;
mod guard;
mod headers;
mod keep_alive;
mod limits;
#[cfg(target_os = "linux")]
mod other_users;
mod routing;
#[cfg(unix)]
mod secrets;

mod broken;
mod cost;
mod credit;
mod crossing;
mod demo;
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
mod outages;
mod own_lists;
mod passthrough;
mod pool;
mod responses_state;
mod share;
mod side;
mod signatures;
mod stand_in;
mod streaming;
mod tokens;
mod translation;
mod upstream_errors;
mod verdicts;
mod ways;
mod zai;
