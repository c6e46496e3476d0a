//! The calls for the agent itself: its status, and what the tray and the CLI ask it to do.

use futures_util::stream;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, CallResult, Refusal};
use super::call::{AccountName, Call, NoFields};
use crate::control::{Command, Session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Port {
    port: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Desktop {
    variables: Session,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountOrAll {
    name: Option<String>,
}

pub async fn status(call: Call) -> CallResult {
    Ok(call.status())
}

/// The status, and again on every change, until the caller hangs up.
pub async fn events(call: Call) -> CallResult {
    let mut status = call.control.agent.watch();
    status.mark_changed();
    Ok(Answer::events(stream::unfold(status, |mut status| async move {
        status.changed().await.ok()?;
        let worded = {
            let status = status.borrow_and_update();
            json!(status.worded(status.language))
        };
        Some((("status", worded), status))
    })))
}

/// Carries out a command that has no fields.
pub async fn run(mut call: Call, command: Command) -> CallResult {
    let NoFields {} = call.body().await?;
    carry_out(call, command).await
}

pub async fn move_to_port(mut call: Call) -> CallResult {
    let Port { port } = call.body().await?;
    carry_out(call, Command::MoveToPort(port)).await
}

/// The agent starts programs in that session, so a page's session is not enough.
pub async fn move_to_session(mut call: Call) -> CallResult {
    if !call.is_by_launch_token() {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "this call needs the launch's own token"));
    }
    let Desktop { variables } = call.body().await?;
    carry_out(call, Command::MoveTo(variables.checked())).await
}

pub async fn test_account(mut call: Call) -> CallResult {
    let AccountName { name } = call.body().await?;
    let language = call.language();
    carry_out(call, Command::TestAccount { name, language }).await
}

pub async fn enable_account(call: Call) -> CallResult {
    switch_account(call, true).await
}

pub async fn disable_account(call: Call) -> CallResult {
    switch_account(call, false).await
}

async fn switch_account(mut call: Call, enabled: bool) -> CallResult {
    let AccountName { name } = call.body().await?;
    carry_out(call, Command::EnableAccount { name, enabled }).await
}

pub async fn clear_cooldown(mut call: Call) -> CallResult {
    let AccountOrAll { name } = call.body().await?;
    carry_out(call, Command::ClearCooldown(name)).await
}

pub async fn revive_account(mut call: Call) -> CallResult {
    let AccountName { name } = call.body().await?;
    carry_out(call, Command::ReviveAccount(name)).await
}

/// The answer is the command's own, or the new status.
async fn carry_out(call: Call, command: Command) -> CallResult {
    match call.control.agent.ask(command).await? {
        Value::Null => Ok(call.status()),
        value => Ok(Answer::json(&value)),
    }
}
