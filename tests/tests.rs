//! Behaviour from outside: the real binary, real sockets, scripted upstreams.
//!
//! | area | what it holds | run it alone |
//! |---|---|---|
//! | [`translate`] | fixtures of every protocol, translated to every other; framing and round trips as properties | `cargo nextest run --test tests translate::` |
//! | [`request_path`] | who may ask, which path belongs to which family, routing, the pool, failover, streaming, limits | `… request_path::` |
//! | [`control_path`] | starting, stopping, one agent for each home, signals, the command line, `connect`, `doctor` | `… control_path::` |
//! | [`config_path`] | a saved file and its effect; invalid files; secrets and permissions | `… config_path::` |
//! | [`dashboard`] | the pages, their calls, and a real browser that uses them | `… dashboard::` |
//! | `tray` | the icon and its menu, driven by a scripted panel over a real D-Bus (Linux) | `… tray::` |
//! | [`monitor`] | the record of requests: its fields, its exports, a disk that fails | `… monitor::` |
//!
//! Without nextest: `cargo test --test tests translate::`. One file is `… request_path::pool`,
//! one test its whole name. `support` starts the program ([`support::proxy`]), plays upstreams
//! ([`support::upstream`]) and clients, and waits for events.
//!
//! Beside this binary: `tests/sdk` (the vendors' SDKs), `tests/clients` (Claude Code, Codex,
//! Gemini CLI, `OpenCode`), `tests/packages` (the Debian package) and `tests/bench` (speed).

mod config_path;
mod control_path;
mod dashboard;
mod monitor;
mod request_path;
mod support;
mod translate;
#[cfg(target_os = "linux")]
mod tray;
