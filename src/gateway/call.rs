//! One API call after its body was seen: what is asked, of whom, and in which words.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::answer::Reply;
use super::attempt::{self, Attempt, Refused};
use super::conversations::Conversations;
use super::exchange::Incoming;
use super::peek::Peek;
use super::plan::Plan;
use super::route::{self, Route};
use super::side::{self, SideCall};
use super::translate::{self, Asked, Decoded, Translation};
use super::{Remembered, Settings, nested_model, passthrough, query};
use crate::accounts::{Lease, Wanted};
use crate::chat;
use crate::config::Strategy;
use crate::protocol::side::{SideEncoded, SideRequest, decode_request, is_drawing};
use crate::protocol::{ErrorKind, Limits, LocalError, Operation, Protocol, RequestTarget};
use crate::upstream::{Client, Frames, endpoint};

pub struct Call<'a> {
    incoming: &'a Incoming,
    pub protocol: Protocol,
    /// What the client asked for.
    pub asked: String,
    route: Route,
    peek: Peek,
    session: Option<u64>,
    limits: Limits,
    /// As far as it goes upstream.
    query: Option<String>,
    /// The request as a neutral conversation, read when the first upstream needs it.
    decoded: OnceLock<Decoded>,
    /// The same of a request for something else.
    side: OnceLock<Arc<SideRequest>>,
}

impl<'a> Call<'a> {
    pub fn new(incoming: &'a Incoming, settings: &Settings, frames: &Frames) -> Result<Self, LocalError> {
        let peek =
            if incoming.operation.takes_multipart() { Peek::multipart(frames) } else { Peek::json(frames)? };
        let named = incoming.model_in_path.as_ref().or(peek.model.as_ref());
        let asked = named.filter(|model| !model.is_empty()).cloned().ok_or_else(|| {
            LocalError::new(ErrorKind::InvalidRequest, "`model` is missing: name the model to ask")
        })?;
        let route = route::route(&asked, &settings.models, |name| settings.is_account(name));
        let protocol = incoming.operation.protocol();
        let sticky = settings.config.pool.strategy == Strategy::Sticky;
        let session = if sticky { peek.session(&incoming.headers) } else { None };
        let query = incoming.query.as_deref().and_then(|query| query::crossing(query, protocol.family()));
        Ok(Self {
            incoming,
            protocol,
            asked,
            route,
            peek,
            session,
            limits: Limits::new(settings.config.proxy.max_body),
            query,
            decoded: OnceLock::new(),
            side: OnceLock::new(),
        })
    }

    /// The model in a message: as it was asked for, and what became of it.
    pub fn named(&self) -> String {
        if self.asked == self.route.model {
            format!("`{}`", printable(&self.asked))
        } else {
            format!("`{}` (here `{}`)", printable(&self.asked), printable(&self.route.model))
        }
    }

    pub fn streams(&self) -> bool {
        self.peek.stream || self.incoming.operation == Operation::StreamGenerateContent
    }

    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            protocols: self.incoming.operation.upstream_protocols(),
            client_protocol: self.protocol,
            model: &self.route.model,
            pin: self.route.pin.clone(),
            session: self.session,
            now: Instant::now(),
        }
    }

    /// What this account is sent: the client's own words where it understands those.
    pub fn plan(&self, lease: &Lease, frames: &Frames, remembered: &Remembered) -> Result<Plan, LocalError> {
        let operation = self.incoming.operation;
        let upstream = translate::upstream_protocol(self.protocol, lease.account().provider, lease.model());
        if upstream == self.protocol && !self.carries_signatures(frames) {
            return Ok(Plan::PassOn);
        }
        let asked = Asked {
            client: self.protocol,
            request_id: &self.incoming.id,
            model: &self.asked,
            json_array: self.protocol == Protocol::Gemini && !self.incoming.wants_events(),
            text_completion: operation == Operation::Completions,
            remembered,
            limits: self.limits,
        };
        if operation.is_conversation() && !is_drawing(operation, upstream, lease.model()) {
            let decoded = self.decoded(frames, &remembered.conversations)?;
            let translation = Translation::new(decoded, upstream, lease.model(), &asked)?;
            return Ok(Plan::Translate(Box::new(translation)));
        }
        let side = self.side(frames)?;
        SideCall::new(side, operation, upstream, lease.model(), &asked).map(|side| Plan::Side(Box::new(side)))
    }

    /// Whether the client repeats what another vendor signed, which its own would refuse.
    fn carries_signatures(&self, frames: &Frames) -> bool {
        self.incoming.operation.has_turns()
            && frames.any(chat::signature::LONGEST_MARK, chat::signature::is_carried_in)
    }

    fn decoded(&self, frames: &Frames, conversations: &Conversations) -> Result<&Decoded, LocalError> {
        if let Some(decoded) = self.decoded.get() {
            return Ok(decoded);
        }
        let target = RequestTarget { model: Some(&self.asked), stream: self.streams() };
        let decoded = Decoded::read(self.incoming.operation, frames, &target, conversations, self.limits)?;
        Ok(self.decoded.get_or_init(|| decoded))
    }

    fn side(&self, frames: &Frames) -> Result<&Arc<SideRequest>, LocalError> {
        if let Some(side) = self.side.get() {
            return Ok(side);
        }
        let side = decode_request(self.incoming.operation, &frames.to_bytes(), &self.asked)?;
        Ok(self.side.get_or_init(|| Arc::new(side)))
    }

    /// One try with one account, up to the point where the client can be answered.
    pub async fn try_once(
        &self,
        settings: &Settings,
        client: &Client,
        lease: &Lease,
        plan: &Plan,
        frames: &Frames,
    ) -> Result<Reply, Refused> {
        let tried = match plan {
            Plan::PassOn => {
                let attempt = self.attempt(settings, client, lease.model(), frames);
                let answered = attempt.run(lease.account()).await.map(Reply::Begun);
                answered.map_err(|refused| translate::in_shape(refused, self.protocol, &self.incoming.id))
            }
            Plan::Translate(translation) => self.converse(settings, client, lease, translation).await,
            Plan::Side(call) => self.ask_aside(settings, client, lease, call).await,
        };
        let operation = self.incoming.operation;
        match tried {
            Err(refused) if operation.counts_tokens() && side::has_no_such_path(&refused) => {
                let Ok(request) = self.side(frames) else { return Err(refused) };
                side::estimate(operation, request).await.map(Reply::from)
            }
            tried => tried,
        }
    }

    async fn converse(
        &self,
        settings: &Settings,
        client: &Client,
        lease: &Lease,
        translation: &Translation,
    ) -> Result<Reply, Refused> {
        let started = Instant::now();
        let Translation { operation, upstream, query, body, .. } = translation;
        let body = body.clone();
        let attempt = Attempt {
            query: *query,
            ..self.translated_attempt(settings, client, lease.model(), *operation, *upstream, body)
        };
        let limit = attempt.limit;
        let answered = attempt.run(lease.account()).await.map_err(|refused| translation.retell(refused))?;
        if self.streams() && attempt::is_event_stream(&answered.headers) {
            return Ok(Reply::Begun(answered));
        }
        let (body, usage) = translation.whole(answered, limit.saturating_sub(started.elapsed())).await?;
        Ok(Reply::Whole { body, usage, is_estimate: false })
    }

    async fn ask_aside(
        &self,
        settings: &Settings,
        client: &Client,
        lease: &Lease,
        call: &SideCall,
    ) -> Result<Reply, Refused> {
        let Some(SideEncoded { operation, body, copies, .. }) = &call.encoded else {
            let answer = side::estimate(self.incoming.operation, &call.request).await?;
            return Ok(Reply::Estimate(answer.body.into()));
        };
        let body = Frames::from(Bytes::copy_from_slice(body));
        let attempt = |_| {
            self.translated_attempt(settings, client, lease.model(), *operation, call.upstream, body.clone())
        };
        let attempts = (0..*copies).map(attempt).collect();
        call.ask(attempts, *operation, lease.account()).await.map(Reply::from)
    }

    fn translated_attempt<'b>(
        &'b self,
        settings: &Settings,
        client: &'b Client,
        model: &'b str,
        operation: Operation,
        upstream: Protocol,
        body: Frames,
    ) -> Attempt<'b> {
        Attempt {
            client,
            method: Method::POST,
            path: endpoint::Path::Operation { operation, model, version: None },
            query: None,
            headers: passthrough::translated_headers(&self.incoming.headers, upstream),
            body,
            limit: settings.config.proxy.request_timeout,
        }
    }

    /// A Gemini body that repeats the model of its path does so as a resource name.
    fn named_in_body<'b>(&self, model: &'b str) -> Cow<'b, str> {
        const PREFIX: &str = "models/";
        let repeats = self.incoming.model_in_path.is_some()
            && self.peek.model.as_ref().is_some_and(|named| named.starts_with(PREFIX));
        if repeats && !model.starts_with(PREFIX) { format!("{PREFIX}{model}").into() } else { model.into() }
    }

    fn attempt<'b>(
        &'b self,
        settings: &Settings,
        client: &'b Client,
        model: &'b str,
        frames: &Frames,
    ) -> Attempt<'b> {
        let named = self.named_in_body(model);
        let body = if self.peek.model.as_ref().is_none_or(|asked| *asked == named) {
            frames.clone()
        } else {
            self.peek.with_model(frames, &named)
        };
        let body = match self.incoming.operation {
            Operation::BatchEmbedContents | Operation::GeminiCountTokens => {
                nested_model::renamed(body, &self.asked, model)
            }
            _ => body,
        };
        let Incoming { operation, version, headers, .. } = self.incoming;
        Attempt {
            client,
            method: Method::POST,
            path: endpoint::Path::Operation { operation: *operation, model, version: *version },
            query: self.query.as_deref(),
            headers: passthrough::request_headers(headers, self.protocol),
            body,
            limit: settings.config.proxy.request_timeout,
        }
    }
}

/// A client's model name in a message: bounded, and with nothing in it that moves a cursor.
fn printable(model: &str) -> String {
    crate::language::printable::shortened(model, 120)
}

/// The body must be what its path takes, and not compressed: the model is read from it.
pub fn check_encoding(incoming: &Incoming) -> Result<(), LocalError> {
    let unsupported = |message: String| Err(LocalError::new(ErrorKind::UnsupportedMediaType, message));
    let header = |name| incoming.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(encoding) = header(http::header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity")
    {
        return unsupported(format!(
            "a request body in {encoding:?} is not understood: send it uncompressed"
        ));
    }
    let content_type = header(CONTENT_TYPE).unwrap_or_default();
    let is_form = content_type.to_ascii_lowercase().starts_with("multipart/form-data");
    match incoming.operation.takes_multipart() {
        true if !is_form => unsupported("this path takes multipart/form-data".to_owned()),
        false if is_form => unsupported("this path takes application/json".to_owned()),
        _ => Ok(()),
    }
}
