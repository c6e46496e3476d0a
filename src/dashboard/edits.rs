//! The calls that change the config file. Each is one format-preserving edit and then a
//! reload, so that its answer says whether the change is in force. A problem names the field
//! that it is about.

pub mod account;
mod field;
pub mod models;
pub mod prices;
mod problem;
pub mod settings;

use std::path::Path;

use http::StatusCode;

use super::answer::{CallResult, Refusal};
use super::call::Call;
use crate::config::edit::{EditError, Editor};
use crate::control::Command;
use crate::language::Message;
use crate::text;

/// Makes an edit and applies it; the answer is the new status.
async fn edit(call: Call, edit: impl FnOnce(&Path) -> Result<(), EditError> + Send + 'static) -> CallResult {
    let path = call.control.config_path.clone();
    match tokio::task::spawn_blocking(move || edit(&path)).await {
        Ok(edited) => edited.map_err(|error| problem::refusal(&error, call.language()))?,
        Err(error) => return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
    let reloaded = call.control.agent.ask(Command::Reload).await;
    reloaded.map_err(|error| {
        Refusal::conflict(text!(call.language(), "edit-not-in-force", reason = error.to_string()))
    })?;
    Ok(call.status())
}

/// A page may change less than a process of the user's own.
const fn editor(call: &Call) -> Editor {
    if call.is_by_launch_token() { Editor::Owner } else { Editor::Page }
}

fn bad_request(call: &Call) -> impl Fn(Message) -> Refusal {
    let language = call.language();
    move |message| Refusal::bad_request(message.text(language))
}
