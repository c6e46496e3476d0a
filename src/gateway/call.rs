//! One API call after its body was seen: what is asked, of whom, and in which words.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::answer::Reply;
use super::attempt::{self, Attempt, Refused};
use super::exchange::Incoming;
use super::off_thread::{self, Kind, OffThread};
use super::peek::Peek;
use super::plan::Plan;
use super::route::{self, Route};
use super::share::Share;
use super::side::{self, SideCall};
use super::task::{self, Task};
use super::translate::{self, Asked, Decoded, Translation};
use super::{Remembered, Settings, nested_model, passthrough, query};
use crate::accounts::{Demand, Lease};
use crate::chat;
use crate::config::Strategy;
use crate::protocol::side::{SideAnswer, SideEncoded, SideRequest, is_drawing};
use crate::protocol::{ErrorKind, Limits, LocalError, Operation, Protocol, weight};
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
    pub frames: Frames,
    means: Means<'a>,
    /// What its values would take, once that has been asked and granted.
    weight: OnceLock<usize>,
    /// The request as a neutral conversation, read when the first upstream needs it.
    decoded: OnceLock<Arc<Decoded>>,
    /// The same of a request for something else.
    side: OnceLock<Arc<SideRequest>>,
}

/// What a call is answered with, beside an account.
pub struct Means<'a> {
    pub remembered: &'a Remembered,
    pub off_thread: &'a OffThread,
    pub share: Arc<Share>,
}

impl<'a> Call<'a> {
    pub async fn new(
        incoming: &'a Incoming,
        settings: &Settings,
        frames: Frames,
        means: Means<'a>,
    ) -> Result<Self, LocalError> {
        let is_form = incoming.operation.takes_multipart();
        let peek = look(&frames, means.off_thread, move |frames| {
            if is_form { Ok(Peek::multipart(frames)) } else { Peek::json(frames) }
        });
        let peek = peek.await?;
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
            frames,
            means,
            weight: OnceLock::new(),
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

    pub fn demand(&self) -> Demand<'_> {
        Demand {
            protocols: self.incoming.operation.upstream_protocols(),
            client_protocol: self.protocol,
            model: &self.route.model,
            pin: self.route.pin.clone(),
            session: self.session,
            now: Instant::now(),
        }
    }

    /// What this account is sent: the client's own words where it understands those.
    pub async fn plan(&self, lease: &Lease) -> Result<Plan, LocalError> {
        let operation = self.incoming.operation;
        let upstream = translate::upstream_protocol(self.protocol, lease.account().provider, lease.model());
        if upstream == self.protocol && !self.carries_signatures().await? {
            if names_model_inside(operation) {
                self.is_large().await?;
            }
            return Ok(Plan::PassOn);
        }
        let task = Task {
            operation,
            upstream,
            model: lease.model().to_owned(),
            streams: self.streams(),
            asked: Asked {
                client: self.protocol,
                request_id: self.incoming.id.clone(),
                model: self.asked.clone(),
                json_array: self.protocol == Protocol::Gemini && !self.incoming.wants_events(),
                text_completion: operation == Operation::Completions,
                remembered: self.means.remembered.clone(),
                limits: self.limits,
            },
            frames: self.frames.clone(),
            share: Arc::clone(&self.means.share),
        };
        let is_large = self.is_large().await?;
        if operation.is_conversation() && !is_drawing(operation, upstream, lease.model()) {
            return self.translate(task, is_large).await.map(|done| Plan::Translate(Box::new(done)));
        }
        let read = self.side.get().cloned();
        let (request, call) = if is_large {
            let work = move |asker: &_| task.aside(read, asker);
            self.means.off_thread.run(Kind::Long, work).await?
        } else {
            task.aside(read, &off_thread::Asker::default())?
        };
        self.side.get_or_init(|| request);
        Ok(Plan::Side(Box::new(call)))
    }

    /// Reads the request, unless that is done, and writes it anew: here, or on another
    /// thread where it is large or refers to what is.
    async fn translate(&self, task: Task, is_large: bool) -> Result<Translation, LocalError> {
        let read = self.decoded.get().cloned();
        let is_large = is_large || self.means.share.refers_to() > task::REFERRED_HERE;
        let here = if is_large { None } else { task.translated_here(read.clone())? };
        let (decoded, translation) = if let Some(done) = here {
            done
        } else {
            let work = move |asker: &_| task.translated(read, asker);
            self.means.off_thread.run(Kind::Long, work).await?
        };
        self.decoded.get_or_init(|| decoded);
        Ok(translation)
    }

    /// Whether reading it is too much for a serving thread; fails where it is too much
    /// altogether.
    async fn is_large(&self) -> Result<bool, LocalError> {
        let weight = if let Some(weight) = self.weight.get() {
            *weight
        } else {
            let weight = look(&self.frames, self.means.off_thread, |frames| {
                Ok(weight::of_parts(frames.iter().map(|frame| &**frame), frames.len()))
            });
            let weight = weight.await?;
            self.means.share.decoded(weight)?;
            *self.weight.get_or_init(|| weight)
        };
        Ok(off_thread::is_large(self.frames.len(), weight))
    }

    /// Whether the client repeats what another vendor signed, which its own would refuse.
    async fn carries_signatures(&self) -> Result<bool, LocalError> {
        if !self.incoming.operation.has_turns() {
            return Ok(false);
        }
        let find =
            |frames: &Frames| Ok(frames.any(chat::signature::LONGEST_MARK, chat::signature::is_carried_in));
        look(&self.frames, self.means.off_thread, find).await
    }

    /// The request to count the tokens of, which may have been passed on unread.
    async fn counted(&self) -> Result<Arc<SideRequest>, LocalError> {
        if let Some(side) = self.side.get() {
            return Ok(Arc::clone(side));
        }
        self.is_large().await?;
        let (operation, frames, asked) = (self.incoming.operation, self.frames.clone(), self.asked.clone());
        let read = move |_: &_| side::read(operation, &frames, &asked);
        let request = self.means.off_thread.run(self.kind(), read).await?;
        Ok(Arc::clone(self.side.get_or_init(|| request)))
    }

    /// One try with one account, up to the point where the client can be answered.
    pub async fn try_once(
        &self,
        settings: &Settings,
        client: &Client,
        lease: &Lease,
        plan: &Plan,
    ) -> Result<Reply, Refused> {
        let tried = match plan {
            Plan::PassOn => {
                let attempt = self.attempt(settings, client, lease.model());
                let answered = attempt.run(lease.account()).await.map(Reply::Begun);
                answered.map_err(|refused| translate::in_shape(refused, self.protocol, &self.incoming.id))
            }
            Plan::Translate(translation) => self.converse(settings, client, lease, translation).await,
            Plan::Side(call) => self.ask_aside(settings, client, lease, call).await,
        };
        let operation = self.incoming.operation;
        match tried {
            Err(refused) if operation.counts_tokens() && side::has_no_such_path(&refused) => {
                let Ok(request) = self.counted().await else { return Err(refused) };
                self.estimate(&request).await.map(Reply::from)
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
        let body = answered.read(limit.saturating_sub(started.elapsed()), &self.means.share).await;
        let body = body.map_err(|unread| translation.unread(unread))?;
        let (body, usage) = translation.whole(body, &self.means).await?;
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
            let answer = self.estimate(&call.request).await?;
            return Ok(Reply::Estimate(answer.body.into()));
        };
        let body = Frames::from(Bytes::copy_from_slice(body));
        let attempt = |_| {
            self.translated_attempt(settings, client, lease.model(), *operation, call.upstream, body.clone())
        };
        let attempts = (0..*copies).map(attempt).collect();
        call.ask(attempts, *operation, lease.account(), &self.means).await.map(Reply::from)
    }

    /// Counts tokens here.
    async fn estimate(&self, request: &Arc<SideRequest>) -> Result<SideAnswer, Refused> {
        side::estimate(self.incoming.operation, request, self.kind(), self.means.off_thread).await
    }

    /// How long the work on it takes, as far as that is known.
    fn kind(&self) -> Kind {
        let weight = self.weight.get().copied().unwrap_or_default();
        if off_thread::is_large(self.frames.len(), weight) { Kind::Long } else { Kind::Brief }
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

    fn attempt<'b>(&'b self, settings: &Settings, client: &'b Client, model: &'b str) -> Attempt<'b> {
        let frames = &self.frames;
        let named = self.named_in_body(model);
        let body = if self.peek.model.as_ref().is_none_or(|asked| *asked == named) {
            frames.clone()
        } else {
            self.peek.with_model(frames, &named)
        };
        let body = if names_model_inside(self.incoming.operation) {
            nested_model::renamed(body, &self.asked, model)
        } else {
            body
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

/// Whether the body repeats the model of its path in each of its parts, and is read for that.
const fn names_model_inside(operation: Operation) -> bool {
    matches!(operation, Operation::BatchEmbedContents | Operation::GeminiCountTokens)
}

/// A look at every byte of a body, on another thread where that is a long one.
async fn look<T: Send + 'static>(
    frames: &Frames,
    off_thread: &OffThread,
    look: impl FnOnce(&Frames) -> Result<T, LocalError> + Send + 'static,
) -> Result<T, LocalError> {
    if !off_thread::is_large(frames.len(), 0) {
        return look(frames);
    }
    let frames = frames.clone();
    off_thread.run(Kind::Brief, move |_| look(&frames)).await
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
