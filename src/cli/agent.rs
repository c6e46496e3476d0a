//! Talks to the running agent through its control plane.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::output::{self, Exit};
use crate::control::Status;
use crate::desktop::instance::{self, ControlFile};
use crate::desktop::paths::Paths;

/// A command may wait for an account's answer; nothing waits longer.
const LIMIT: Duration = Duration::from_mins(2);

/// The agent of this home, which answered a moment ago.
pub struct Agent {
    control: ControlFile,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The agent understood and did not do it.
    #[error("{0}")]
    Refused(String),
    #[error("the agent does not answer: {0}")]
    Silent(String),
}

impl Agent {
    /// `None` when no agent has this home.
    pub fn find(paths: &Paths) -> Option<Self> {
        instance::find(&paths.lock_file(), &paths.control_file()).map(|control| Self { control })
    }

    pub async fn status(&self) -> Result<Status, AskError> {
        let status = self.call(Method::GET, "status", Value::Null).await?;
        serde_json::from_value(status).map_err(|error| silent(&error))
    }

    /// Carries out `POST /api/{command}`.
    pub async fn ask(&self, command: &str, body: Value) -> Result<Value, AskError> {
        self.call(Method::POST, command, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, AskError> {
        let answer = timeout(LIMIT, self.exchange(method, path, body)).await;
        let (status, body) = answer.map_err(|error| silent(&error))??;
        let value: Value = serde_json::from_slice(&body).map_err(|error| silent(&error))?;
        if status.is_success() {
            return Ok(value);
        }
        let message = value.get("error").and_then(Value::as_str).unwrap_or("no reason given");
        Err(AskError::Refused(message.to_owned()))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<(http::StatusCode, Bytes), AskError> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/{path}"))
            .header(HOST, self.control.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header("x-portcullis-token", &self.control.token)
            .body(Full::new(body))
            .map_err(|error| silent(&error))?;
        let stream = TcpStream::connect(self.control.address).await.map_err(|error| silent(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| silent(&error))?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| silent(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| silent(&error))?.to_bytes();
        connection.abort();
        Ok((status, body))
    }
}

fn silent(error: &dyn std::fmt::Display) -> AskError {
    AskError::Silent(error.to_string())
}

/// What to say when there is nobody to ask.
pub fn not_running() -> Exit {
    output::note("portcullis is not running: start it with `portcullis serve`.");
    Exit::NotRunning
}

/// After the file was edited: a running agent applies it now, and says if it cannot.
pub async fn apply_edit(paths: &Paths) -> Exit {
    let Some(agent) = Agent::find(paths) else { return Exit::Done };
    match agent.ask("reload", Value::Null).await {
        Ok(_) => Exit::Done,
        Err(error) => output::failed(&format!("written, but the running agent did not apply it: {error}")),
    }
}
