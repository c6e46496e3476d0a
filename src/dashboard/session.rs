//! How a page comes to its session: `POST /api/ticket` issues a ticket, `POST /api/session`
//! exchanges it.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, CallResult, Refusal};
use super::call::{Call, NoFields};
use crate::control::{Command, Exchange, Notice};
use crate::desktop::entrance::Entrance;

const NO_TICKET: &str = "this address has been used already, or is too old: open the dashboard again from the \
                         tray or with `portcullis open`";

/// Exchanges a ticket for a session. No token is needed: a ticket opens this and nothing else.
pub async fn begin(mut call: Call) -> CallResult {
    // Before the body is read: a slow client must not lose its ticket to a faster one.
    let exchange = call.control.admission.exchange(call.token());
    match exchange.map_err(|error| Refusal::unavailable(error.to_string()))? {
        Exchange::Session(token) => match call.body().await {
            Ok(NoFields {}) => Ok(Answer::json(&json!({ "token": token }))),
            Err(refusal) => {
                call.control.admission.end(&token);
                Err(refusal)
            }
        },
        Exchange::UsedBefore => {
            warn(&call);
            Err(Refusal::new(StatusCode::UNAUTHORIZED, NO_TICKET))
        }
        Exchange::Unknown => Err(Refusal::new(StatusCode::UNAUTHORIZED, NO_TICKET)),
    }
}

/// The caller does not wait for the notice.
fn warn(call: &Call) {
    let agent = call.control.agent.clone();
    tokio::spawn(async move { agent.ask(Command::Notify(Notice::TicketUsedTwice)).await });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketRequest {
    /// Whether a private file that leads a browser of this computer there is written too.
    #[serde(default)]
    page: bool,
}

/// An address with a new ticket.
pub async fn issue_ticket(mut call: Call) -> CallResult {
    // A page that could make tickets would outlive its own session.
    if !call.is_by_launch_token() {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "a page cannot let others in"));
    }
    let TicketRequest { page } = call.body().await?;
    let entrances = call.control.entrances.clone();
    let entrance = if page {
        tokio::task::spawn_blocking(move || entrances.open().map_err(|error| error.to_string())).await
    } else {
        let address = entrances.address().map_err(|error| error.to_string());
        Ok(address.map(|address| Entrance { address, page: None }))
    };
    let entrance = entrance.map_err(|error| error.to_string()).flatten().map_err(Refusal::unavailable)?;
    Ok(Answer::json(&json!({ "dashboard_url": entrance.address, "page": entrance.page })))
}
