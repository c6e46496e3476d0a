//! A client of the running agent's control plane.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::output::{self, Exit};
use crate::control::{LANGUAGE_HEADER, Status};
use crate::desktop::instance::{self, ControlFile};
use crate::desktop::paths::Paths;
use crate::protocol::sse::{Message, Parser};
use crate::text;

/// How long a call may take. The longest wait for an account's answer.
const LIMIT: Duration = Duration::from_mins(2);
/// How long an ending agent may hold its lock after its control plane has closed.
const ENDING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);

/// The running agent of a home.
pub struct Agent {
    control: ControlFile,
    paths: Paths,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The agent refused the call, for this reason.
    #[error("{0}")]
    Refused(String),
    #[error("{}", text!(output::language(), "cli-agent-silent", reason = .0.as_str()))]
    Silent(String),
    /// The agent has ended since it was found.
    #[error("{}", text!(output::language(), "cli-not-running"))]
    Gone,
}

impl AskError {
    /// Prints the error.
    pub fn report(&self) -> Exit {
        match self {
            Self::Gone => not_running(),
            error => output::failed(&error.to_string()),
        }
    }
}

impl Agent {
    /// `None` when no agent has this home.
    pub fn find(paths: &Paths) -> Option<Self> {
        instance::find(paths).map(|control| Self { control, paths: paths.clone() })
    }

    /// The agent of this home, when it reads this config file.
    pub fn reading(paths: &Paths) -> Option<Self> {
        Self::find(paths).filter(|agent| agent.reads(&paths.config))
    }

    /// Whether it reads this config file; one that does not state its file is believed to.
    fn reads(&self, config: &Path) -> bool {
        let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.control.config.as_deref().is_none_or(|own| whole(own) == whole(config))
    }

    pub async fn status(&self) -> Result<Status, AskError> {
        let status = self.call(Method::GET, "status", Value::Null).await?;
        serde_json::from_value(status).map_err(|error| silent(&error))
    }

    /// Calls `POST /api/{command}`. Fails when the agent refuses, is silent or has ended.
    pub async fn ask(&self, command: &str, body: Value) -> Result<Value, AskError> {
        self.call(Method::POST, command, body).await
    }

    /// Calls `GET /api/{call}`.
    pub async fn read(&self, call: &str) -> Result<Value, AskError> {
        self.call(Method::GET, call, Value::Null).await
    }

    /// The events of `GET /api/{call}`, for as long as the agent sends them.
    pub async fn listen(&self, call: &str) -> Result<Events, AskError> {
        let opened = timeout(LIMIT, self.open(Method::GET, call, Value::Null)).await;
        let (response, connection) = match opened.map_err(|error| silent(&error)).flatten() {
            Ok(opened) => opened,
            Err(error) => return Err(self.or_gone(error).await),
        };
        if response.status().is_success() {
            return Ok(Events {
                body: response.into_body(),
                parser: Parser::default(),
                ready: VecDeque::new(),
                _connection: connection,
            });
        }
        let body = response.into_body().collect().await.map_err(|error| silent(&error))?.to_bytes();
        Err(refused(&serde_json::from_slice(&body).map_err(|error| silent(&error))?))
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, AskError> {
        let answer = timeout(LIMIT, self.exchange(method, path, body)).await;
        let (status, body) = match answer.map_err(|error| silent(&error)).flatten() {
            Ok(answer) => answer,
            Err(error) => return Err(self.or_gone(error).await),
        };
        let value: Value = serde_json::from_slice(&body).map_err(|error| silent(&error))?;
        if status.is_success() {
            return Ok(value);
        }
        Err(refused(&value))
    }

    /// The error, or [`AskError::Gone`] when the agent has ended.
    async fn or_gone(&self, error: AskError) -> AskError {
        let gone = async {
            while instance::is_held(&self.paths) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if timeout(ENDING, gone).await.is_ok() { AskError::Gone } else { error }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<(http::StatusCode, Bytes), AskError> {
        let (response, _connection) = self.open(method, path, body).await?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| silent(&error))?.to_bytes();
        Ok((status, body))
    }

    /// The head of a response, and the connection that brings its body.
    async fn open(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<(Response<Incoming>, Connection), AskError> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/{path}"))
            .header(HOST, self.control.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header("x-portcullis-token", &self.control.token)
            .header(LANGUAGE_HEADER, output::answer_language().tag())
            .body(Full::new(body))
            .map_err(|error| silent(&error))?;
        let stream = TcpStream::connect(self.control.address).await.map_err(|error| silent(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| silent(&error))?;
        let connection = Connection(tokio::spawn(connection).abort_handle());
        let response = sender.send_request(request).await.map_err(|error| silent(&error))?;
        Ok((response, connection))
    }
}

/// A connection that ends when it is dropped.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The agent's events as they happen.
pub struct Events {
    body: Incoming,
    parser: Parser,
    /// Events that came with one already returned.
    ready: VecDeque<Event>,
    _connection: Connection,
}

pub struct Event {
    pub name: String,
    pub data: String,
}

impl Events {
    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Result<Option<Event>, AskError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    let bytes = frame.into_data().unwrap_or_default();
                    let ready = |message: Message<'_>| self.ready.push_back(Event::from(message));
                    self.parser.push(&bytes, ready).map_err(|error| silent(&error))?;
                }
                // The agent may have been killed or have ended.
                Some(Err(_)) | None => return Ok(None),
            }
        }
    }
}

impl From<Message<'_>> for Event {
    fn from(message: Message<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { name: text(message.name), data: text(message.data) }
    }
}

fn refused(answer: &Value) -> AskError {
    let message = answer.get("error").and_then(Value::as_str).unwrap_or("no reason given");
    AskError::Refused(message.to_owned())
}

fn silent(error: &dyn std::fmt::Display) -> AskError {
    AskError::Silent(error.to_string())
}

/// Prints that no agent runs.
pub fn not_running() -> Exit {
    output::note(&text!(output::language(), "cli-not-running"));
    Exit::NotRunning
}

/// Has a running agent apply an edited file. Fails when it cannot.
pub async fn apply_edit(paths: &Paths) -> Exit {
    let Some(agent) = Agent::find(paths) else { return Exit::Done };
    if !agent.reads(&paths.config) {
        let own = agent.control.config.unwrap_or_default().display().to_string();
        output::note(&text!(output::language(), "cli-other-config", path = own));
        return Exit::Done;
    }
    match agent.ask("reload", Value::Null).await {
        // The next agent reads the file when it starts.
        Ok(_) | Err(AskError::Gone) => Exit::Done,
        Err(error) => {
            output::failed(&text!(output::language(), "cli-not-applied", reason = error.to_string()))
        }
    }
}
