//! Behaviour from outside: the real binary, real sockets, scripted upstreams.

mod support;

/// Every protocol to every other: recorded requests, answers, streams and errors.
mod translate;

/// Who may ask, which path is whose, whom a request goes to, and how its answer comes back.
mod request_path;

/// Starting, stopping, one agent a home, signals, the command line.
mod control_path;

/// A saved file and what becomes of it; secrets.
mod config_path;

/// The dashboard, its calls, and a browser that uses it.
mod dashboard;
/// The icon and its menu, driven by a scripted panel.
#[cfg(target_os = "linux")]
mod tray;

/// The record of requests: what is in it, who can read it, and what a broken disk costs.
mod monitor;
