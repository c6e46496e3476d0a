//! One API call whose body has been read: what it asks for.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;

use super::context::ClientContext;
use super::decoded::DecodedRequest;
use super::exchange::IncomingRequest;
use super::off_thread::{self, Kind, OffThread};
use super::peek::Peek;
use super::query;
use super::resources::Resources;
use super::route::{self, Route};
use super::settings::Settings;
use crate::accounts::Demand;
use crate::chat;
use crate::config::Strategy;
use crate::protocol::side::{self, SideRequest};
use crate::protocol::{ErrorKind, Limits, LocalError, Operation, Protocol, weight};
use crate::upstream::Frames;

pub struct Call<'a> {
    pub incoming: &'a IncomingRequest,
    pub protocol: Protocol,
    /// The model that the client asked for.
    pub asked: String,
    route: Route,
    pub peek: Peek,
    session: Option<u64>,
    limits: Limits,
    /// The parameters that go upstream.
    pub query: Option<String>,
    pub frames: Frames,
    pub resources: Resources<'a>,
    /// Bytes that the values of the body take in memory, once they are counted and granted.
    weight: OnceLock<usize>,
    /// The request as a neutral conversation, read when the first upstream needs it.
    pub decoded: OnceLock<Arc<DecodedRequest>>,
    /// The request of a side call, read when the first upstream needs it.
    pub side: OnceLock<Arc<SideRequest>>,
}

impl<'a> Call<'a> {
    pub async fn new(
        incoming: &'a IncomingRequest,
        settings: &Settings,
        frames: Frames,
        resources: Resources<'a>,
    ) -> Result<Self, LocalError> {
        let is_form = incoming.operation.takes_multipart();
        let peek = look(&frames, resources.off_thread, move |frames| {
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
            resources,
            weight: OnceLock::new(),
            decoded: OnceLock::new(),
            side: OnceLock::new(),
        })
    }

    /// The model for a message: the name the client asked for, and the one it is mapped to.
    pub fn named(&self) -> String {
        if self.asked == self.route.model {
            format!("`{}`", printable(&self.asked))
        } else {
            format!("`{}` (here `{}`)", printable(&self.asked), printable(&self.route.model))
        }
    }

    /// Whether the client asked for a stream.
    pub fn streams(&self) -> bool {
        match self.protocol {
            Protocol::Gemini => self.incoming.operation == Operation::StreamGenerateContent,
            _ => self.peek.stream,
        }
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

    /// What an answer that is written here needs to know of the client.
    pub fn client_context(&self) -> ClientContext {
        let is_gemini = self.protocol == Protocol::Gemini;
        ClientContext {
            protocol: self.protocol,
            request_id: self.incoming.id.clone(),
            model: self.asked.clone(),
            json_array: is_gemini && self.streams() && !self.incoming.wants_events(),
            text_completion: self.incoming.operation == Operation::Completions,
            memory: self.resources.memory.clone(),
            limits: self.limits,
        }
    }

    /// Whether the client of a chat completion asked for a last chunk with its usage.
    pub async fn asks_for_usage(&self) -> bool {
        #[derive(Deserialize)]
        struct Body {
            stream_options: Option<StreamOptions>,
        }
        #[derive(Deserialize)]
        struct StreamOptions {
            include_usage: Option<bool>,
        }
        let asks = |frames: &Frames| {
            let options = serde_json::from_slice::<Body>(&frames.to_bytes()).ok()?.stream_options;
            options?.include_usage
        };
        let asks = look(&self.frames, self.resources.off_thread, move |frames| Ok(asks(frames))).await;
        asks.ok().flatten().unwrap_or(false)
    }

    /// Whether decoding the body takes a serving thread too long. Fails when it takes more
    /// memory than a request may have.
    pub async fn is_large(&self) -> Result<bool, LocalError> {
        let weight = if let Some(weight) = self.weight.get() {
            *weight
        } else {
            let weight = look(&self.frames, self.resources.off_thread, |frames| {
                Ok(weight::of_parts(frames.iter().map(|frame| &**frame), frames.len()))
            });
            let weight = weight.await?;
            self.resources.share.decoded(weight)?;
            *self.weight.get_or_init(|| weight)
        };
        Ok(off_thread::is_large(self.frames.len(), weight))
    }

    /// Whether the client repeats signatures of another vendor, which its own would refuse.
    pub async fn carries_signatures(&self) -> Result<bool, LocalError> {
        if !self.incoming.operation.has_turns() {
            return Ok(false);
        }
        let find =
            |frames: &Frames| Ok(frames.any(chat::signature::LONGEST_MARK, chat::signature::is_carried_in));
        look(&self.frames, self.resources.off_thread, find).await
    }

    /// The request whose tokens are to be counted; read here if it was passed on unread.
    pub async fn counted(&self) -> Result<Arc<SideRequest>, LocalError> {
        if let Some(side) = self.side.get() {
            return Ok(Arc::clone(side));
        }
        self.is_large().await?;
        let (operation, frames, asked) = (self.incoming.operation, self.frames.clone(), self.asked.clone());
        let read = move |_: &_| side::decode_request(operation, &frames.to_bytes(), &asked);
        let request = self.resources.off_thread.run(self.kind(), read).await?;
        Ok(Arc::clone(self.side.get_or_init(|| Arc::new(request))))
    }

    /// How long decoding takes, as far as the body has been weighed.
    pub fn kind(&self) -> Kind {
        let weight = self.weight.get().copied().unwrap_or_default();
        if off_thread::is_large(self.frames.len(), weight) { Kind::Long } else { Kind::Brief }
    }
}

/// Looks at every byte of a body; on another thread where the body is large.
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

/// A client's model name for a message: at most 120 characters, none of them invisible.
fn printable(model: &str) -> String {
    crate::language::printable::shortened(model, 120)
}

/// Fails with a 415 unless the body has the type its path takes and is not compressed: the
/// model is read from it.
pub fn check_encoding(incoming: &IncomingRequest) -> Result<(), LocalError> {
    let unsupported = |message: String| Err(LocalError::new(ErrorKind::UnsupportedMediaType, message));
    let header = |name| incoming.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(encoding) = header(http::header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity")
    {
        return unsupported(format!(
            "a request body with the encoding {encoding:?} is not supported: send it uncompressed"
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
