//! `POST /api/session` and `POST /api/ticket`: the way in, and how a browser is shown it.

use std::sync::Arc;

use http::StatusCode;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde::Deserialize;
use serde_json::json;

use super::Control;
use super::api::{Nothing, body, refuse, write};
use super::gate::{caller, presented};
use crate::control::{Caller, Command, Exchange, Notice};
use crate::desktop::entrance::Entrance;

const NO_TICKET: &str = "this address has let somebody in already, or is too old: open the dashboard again from \
                         the tray or with `portcullis open`";

/// Asks for no token: a ticket opens this and nothing else.
pub fn door(control: &Arc<Control>) -> Router {
    Router::with_path("api/session").post(Door(Arc::clone(control)))
}

pub fn router(control: &Arc<Control>) -> Router {
    Router::with_path("api/ticket").post(TicketOffice(Arc::clone(control)))
}

struct Door(Arc<Control>);

#[async_trait]
impl Handler for Door {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        // Before anything of the body is read: whoever takes his time is still the one.
        let exchange = self.0.admission.exchange(presented(request));
        match exchange {
            Ok(Exchange::Session(token)) => match body::<Nothing>(request).await {
                Ok(Nothing {}) => write(response, StatusCode::OK, &json!({ "token": token })),
                Err(error) => {
                    self.0.admission.end(&token);
                    refuse(response, StatusCode::BAD_REQUEST, &error);
                }
            },
            Ok(Exchange::UsedBefore) => {
                self.warn();
                refuse(response, StatusCode::UNAUTHORIZED, NO_TICKET);
            }
            Ok(Exchange::Unknown) => refuse(response, StatusCode::UNAUTHORIZED, NO_TICKET),
            Err(error) => refuse(response, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }
    }
}

impl Door {
    /// Whoever is at the door is not kept waiting for it.
    fn warn(&self) {
        let agent = self.0.agent.clone();
        tokio::spawn(async move { agent.ask(Command::Notify(Notice::TicketUsedTwice)).await });
    }
}

/// What the address is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A browser of this computer: with a private file that leads it there.
    #[serde(default)]
    page: bool,
}

struct TicketOffice(Arc<Control>);

#[async_trait]
impl Handler for TicketOffice {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        // A page that could make tickets would outlive its own session.
        if !matches!(caller(depot), Some(Caller::Launch)) {
            return refuse(response, StatusCode::FORBIDDEN, "a page cannot let others in");
        }
        let Wanted { page } = match body(request).await {
            Ok(wanted) => wanted,
            Err(error) => return refuse(response, StatusCode::BAD_REQUEST, &error),
        };
        let entrances = self.0.entrances.clone();
        let entrance = if page {
            tokio::task::spawn_blocking(move || entrances.open().map_err(|error| error.to_string())).await
        } else {
            let address = entrances.address().map_err(|error| error.to_string());
            Ok(address.map(|address| Entrance { address, page: None }))
        };
        match entrance.map_err(|error| error.to_string()).flatten() {
            Ok(entrance) => {
                let answer = json!({ "dashboard_url": entrance.address, "page": entrance.page });
                write(response, StatusCode::OK, &answer);
            }
            Err(error) => refuse(response, StatusCode::SERVICE_UNAVAILABLE, &error),
        }
    }
}
