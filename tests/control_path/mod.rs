//! The control path: the agent as a process.

mod account_commands;
mod admission;
mod autostart;
mod cli;
mod connect;
mod control_plane;
mod demo;
mod doctor;
mod faults;
mod home;
mod instance;
mod key_commands;
mod lifecycle;
mod opening;
#[cfg(target_os = "linux")]
mod other_users;
mod ports;
mod prompt;
mod signals;
mod tool_models;
mod updates;

use serde_json::Value;

use crate::support::TestProxy;

async fn wait_for_state(proxy: &TestProxy, state: &str) -> Value {
    proxy.wait_for_status(state, |status| status["state"] == state).await
}
