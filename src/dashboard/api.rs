//! The control API that the CLI and the page share: JSON in, JSON out, errors as
//! `{"error": "…"}`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::gate::caller;
use super::{Control, records};
use crate::control::{Caller, Command, CommandError, LANGUAGE_HEADER, Session};
use crate::language::Language;

const MAX_BODY: usize = 64 << 10;

pub fn router(control: &Arc<Control>) -> Router {
    let route = |path: &str, call: Call| {
        let endpoint = Endpoint { control: Arc::clone(control), call };
        let router = Router::with_path(path);
        if call.changes_something() { router.post(endpoint) } else { router.get(endpoint) }
    };
    Router::with_path("api")
        .push(route("status", Call::Status))
        .push(route("events", Call::Events))
        .push(route("start", Call::Start))
        .push(route("stop", Call::Stop))
        .push(route("restart", Call::Restart))
        .push(route("reload", Call::Reload))
        .push(route("quit", Call::Quit))
        .push(route("open", Call::Open))
        .push(route("desktop", Call::MoveTo))
        .push(route("look-around", Call::LookAround))
        .push(route("move-to-port", Call::MoveToPort))
        .push(route("accounts/test", Call::TestAccount))
        .push(route("accounts/enable", Call::EnableAccount))
        .push(route("accounts/disable", Call::DisableAccount))
        .push(route("accounts/clear-cooldown", Call::ClearCooldown))
        .push(route("accounts/revive", Call::ReviveAccount))
        .push(records::router(control))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Status,
    Events,
    Start,
    Stop,
    Restart,
    Reload,
    Quit,
    Open,
    MoveTo,
    LookAround,
    MoveToPort,
    TestAccount,
    EnableAccount,
    DisableAccount,
    ClearCooldown,
    ReviveAccount,
}

struct Endpoint {
    control: Arc<Control>,
    call: Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

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
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaybeNamed {
    name: Option<String>,
}

#[async_trait]
impl Handler for Endpoint {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let language = asked_language(request).unwrap_or_else(|| self.control.agent.status().language);
        match self.call {
            Call::Status => write(response, StatusCode::OK, &status(&self.control, language)),
            Call::Events => self.events(response),
            // Programs are started there: a page that was let in is not enough.
            Call::MoveTo if !matches!(caller(depot), Some(Caller::Launch)) => {
                refuse(response, StatusCode::FORBIDDEN, "this call needs the launch's own token");
            }
            call => match command(call, language, request).await {
                Ok(command) => self.carry_out(command, language, response).await,
                Err(error) => refuse(response, StatusCode::BAD_REQUEST, &error),
            },
        }
    }
}

impl Endpoint {
    async fn carry_out(&self, command: Command, language: Language, response: &mut Response) {
        match self.control.agent.ask(command).await {
            Ok(Value::Null) => write(response, StatusCode::OK, &status(&self.control, language)),
            Ok(value) => write(response, StatusCode::OK, &value),
            Err(error @ CommandError::Failed(_)) => {
                refuse(response, StatusCode::CONFLICT, &error.to_string());
            }
            Err(error @ CommandError::Gone) => {
                refuse(response, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
            }
        }
    }

    /// The status now, and again on every change, for as long as somebody listens.
    fn events(&self, response: &mut Response) {
        let mut status = self.control.agent.watch();
        status.mark_changed();
        let events = stream::unfold(status, |mut status| async move {
            status.changed().await.ok()?;
            let worded = {
                let status = status.borrow_and_update();
                status.worded(status.language)
            };
            let event = format!("event: status\ndata: {}\n\n", json!(worded));
            Some((Ok::<_, Infallible>(Bytes::from(event)), status))
        });
        response.status_code(StatusCode::OK);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response.body(ResBody::stream(events));
    }
}

impl Call {
    const fn changes_something(self) -> bool {
        !matches!(self, Self::Status | Self::Events)
    }
}

pub fn status(control: &Control, language: Language) -> Value {
    json!(control.agent.status().worded(language))
}

/// What the caller's texts are to be in, where it says so.
fn asked_language(request: &Request) -> Option<Language> {
    request.headers().get(LANGUAGE_HEADER)?.to_str().ok()?.parse().ok()
}

async fn command(call: Call, language: Language, request: &mut Request) -> Result<Command, String> {
    Ok(match call {
        Call::MoveToPort => Command::MoveToPort(body::<Port>(request).await?.port),
        Call::TestAccount => Command::TestAccount { name: body::<Named>(request).await?.name, language },
        Call::EnableAccount | Call::DisableAccount => Command::EnableAccount {
            name: body::<Named>(request).await?.name,
            enabled: call == Call::EnableAccount,
        },
        Call::ReviveAccount => Command::ReviveAccount(body::<Named>(request).await?.name),
        Call::MoveTo => Command::MoveTo(body::<Desktop>(request).await?.variables.checked()),
        Call::ClearCooldown => Command::ClearCooldown(body::<MaybeNamed>(request).await?.name),
        call => {
            body::<Nothing>(request).await?;
            match call {
                Call::Start => Command::Start,
                Call::Stop => Command::Stop,
                Call::Restart => Command::Restart,
                Call::Quit => Command::Quit,
                Call::Open => Command::OpenDashboard,
                Call::LookAround => Command::LookAround,
                _ => Command::Reload,
            }
        }
    })
}

/// The body as this call's own type; no body is an empty object.
pub async fn body<T: DeserializeOwned>(request: &mut Request) -> Result<T, String> {
    let bytes = request.payload_with_max_size(MAX_BODY).await.map_err(|error| error.to_string())?;
    let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
    // By name only: a list would pass for the fields in their order.
    let fields: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

pub fn write(response: &mut Response, status: StatusCode, value: &Value) {
    response.status_code(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body(ResBody::Once(value.to_string().into()));
}

pub fn refuse(response: &mut Response, status: StatusCode, message: &str) {
    write(response, status, &json!({ "error": message }));
}
