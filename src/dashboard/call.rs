//! A call on its way in: what a route's function is given, and how it reads its fields.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, Uri};
use http_body_util::{BodyExt, Limited};
use salvo::http::ReqBody;
use salvo::prelude::{Depot, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::answer::{Answer, Refusal};
use super::gate;
use super::plane::Control;
use crate::control::{Caller, LANGUAGE_HEADER};
use crate::language::Language;

/// The longest body of a call, in bytes.
const MAX_BODY: usize = 64 << 10;

pub struct Call {
    pub control: Arc<Control>,
    /// `None` on a route that needs no token.
    pub caller: Option<Caller>,
    pub uri: Uri,
    headers: HeaderMap,
    body: ReqBody,
}

/// The body of a call that has no fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// The body of a call about one account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountName {
    pub name: String,
}

impl Call {
    pub fn new(control: &Arc<Control>, request: &mut Request, depot: &Depot) -> Self {
        Self {
            control: Arc::clone(control),
            caller: gate::caller(depot).cloned(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.take_body(),
        }
    }

    pub const fn is_by_launch_token(&self) -> bool {
        matches!(self.caller, Some(Caller::Launch))
    }

    /// The token that was sent, valid or not.
    pub fn token(&self) -> &[u8] {
        gate::token(&self.headers)
    }

    /// The language of the answer's texts: the one that the caller names, else the agent's.
    pub fn language(&self) -> Language {
        let named = self.headers.get(LANGUAGE_HEADER).and_then(|tag| tag.to_str().ok());
        let named = named.and_then(|tag| tag.parse().ok());
        named.unwrap_or_else(|| self.control.agent.status().language)
    }

    /// The agent's status as the answer.
    pub fn status(&self) -> Answer {
        Answer::json(&json!(self.control.agent.status().worded(self.language())))
    }

    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// The fields of the query.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().as_bytes())
    }

    /// Reads the body as `T`; an empty body is an empty object.
    pub async fn body<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        let body = std::mem::replace(&mut self.body, ReqBody::None);
        let bytes = Limited::new(body, MAX_BODY).collect().await.map_err(unreadable)?.to_bytes();
        let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        // By name only: a list would pass for the fields in their order.
        let fields: Map<String, Value> = serde_json::from_slice(bytes).map_err(unreadable)?;
        serde_json::from_value(Value::Object(fields)).map_err(unreadable)
    }
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(error.to_string())
}
