//! The request path, told in order: open an exchange, read the body, see what is asked
//! for, route the model, then lease an account, send, and on failure ask what is next;
//! relay the answer as it comes. The record is written whichever way we leave.

mod attempt;
mod body;
mod exchange;
mod models;
mod passthrough;
mod peek;
mod probe;
mod relay;
mod retry;
mod route;
mod sleep;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body::Body;
use secrecy::SecretString;

pub use self::body::Budget;
pub use self::exchange::Incoming;
pub use self::models::ModelsRequest;
pub use self::probe::TestReport;
pub use self::relay::Relay;

use self::attempt::{Answered, Attempt, Refused};
use self::exchange::Exchange;
use self::peek::Peek;
use self::relay::{Shape, Source};
use self::retry::{Ended, Next};
use self::route::Route;
use self::sleep::SleepWatch;
use crate::accounts::{Lease, Pool, Tried, Wanted};
use crate::config::{Config, ModelMap, Strategy};
use crate::monitor::{Outcome, Recorder};
use crate::protocol::{ErrorKind, LocalError, Observer, Operation, Protocol};
use crate::upstream::client::ClientOptions;
use crate::upstream::{Client, Frames, Scrubber, endpoint};

/// Which account answered; the server shows it to local callers only.
pub const ACCOUNT_HEADER: HeaderName = HeaderName::from_static("x-portcullis-account");

/// Everything a request needs, shared by all of them. A reload swaps parts of it;
/// requests under way keep what they started with.
pub struct Gateway {
    settings: ArcSwap<Settings>,
    client: ArcSwap<Client>,
    pub pool: Arc<Pool>,
    pub recorder: Arc<Recorder>,
    pub scrubber: Scrubber,
    budget: Budget,
    in_flight: Arc<AtomicUsize>,
    sleep: SleepWatch,
}

/// What the configuration means to a request.
pub struct Settings {
    pub config: Arc<Config>,
    models: ModelMap,
}

pub enum AnswerBody {
    Whole(Bytes),
    Relay(Box<Relay>),
}

pub type Answer = Result<Response<AnswerBody>, LocalError>;

impl Gateway {
    /// `budget`: bytes of request bodies held in memory at once.
    pub fn new(config: Arc<Config>, pool: Arc<Pool>, scrubber: Scrubber, budget: usize) -> Self {
        let gateway = Self {
            client: ArcSwap::from_pointee(Client::new(client_options(&config))),
            settings: ArcSwap::from_pointee(Settings::new(Arc::clone(&config))),
            pool,
            recorder: Arc::default(),
            scrubber,
            budget: Budget::new(budget),
            in_flight: Arc::default(),
            sleep: SleepWatch::new(Instant::now(), SystemTime::now()),
        };
        gateway.apply(config, false);
        gateway
    }

    /// Puts a new configuration in force for the requests to come.
    pub fn apply(&self, config: Arc<Config>, rebuild_client: bool) {
        self.scrubber.learn(secrets(&config));
        self.recorder.set_enabled(config.monitor.enabled);
        self.pool.apply(&config, Instant::now());
        if rebuild_client {
            self.client.store(Arc::new(Client::new(client_options(&config))));
        }
        self.settings.store(Arc::new(Settings::new(config)));
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub fn client(&self) -> Arc<Client> {
        self.client.load_full()
    }

    /// After a sleep of the machine: what was connected is not, what was resting may try.
    fn wake_up(&self) {
        if self.sleep.has_slept(Instant::now(), SystemTime::now()) {
            tracing::info!("the machine has slept: connections and cooldowns start afresh");
            let options = client_options(&self.settings().config);
            self.client.store(Arc::new(Client::new(options)));
            let _ = self.pool.clear_cooldown(None);
        }
    }

    /// Requests under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Answers one API call.
    pub async fn serve<B>(&self, incoming: Incoming, body: B) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        self.wake_up();
        let mut exchange = Exchange::open(&incoming, &self.recorder, &self.in_flight);
        let error = match self.answer(&mut exchange, &incoming, body).await {
            Ok((answered, lease)) => {
                return Ok(relay(answered, lease, &incoming, exchange, &self.settings()));
            }
            Err(Ended::Upstream(refused)) => match self.give_back(&mut exchange, refused) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            },
            Err(Ended::Local(error)) => error,
        };
        let error = LocalError { message: self.scrubber.scrub_text(error.message), ..error };
        exchange.failed(&error);
        Err(error)
    }

    async fn answer<B>(
        &self,
        exchange: &mut Exchange,
        incoming: &Incoming,
        body: B,
    ) -> Result<(Answered, Lease), Ended>
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let settings = self.settings();
        check_encoding(incoming).map_err(Ended::Local)?;
        let read =
            body::read(body, settings.config.proxy.max_body, &self.budget).await.map_err(Ended::Local)?;
        let call = Call::new(incoming, &settings, &read.frames).map_err(Ended::Local)?;
        exchange.note(|record| {
            record.bytes_in = read.frames.len() as u64;
            record.model_asked = Some(call.asked.clone());
            record.streamed = call.streams();
        });
        self.try_accounts(exchange, &settings, &call, &read.frames).await
    }

    /// One account after another, until one answers or there is nothing left to try.
    async fn try_accounts(
        &self,
        exchange: &mut Exchange,
        settings: &Settings,
        call: &Call<'_>,
        frames: &Frames,
    ) -> Result<(Answered, Lease), Ended> {
        let mut tried = Tried::default();
        let mut last: Option<Refused> = None;
        let client = self.client();
        for _ in 0..settings.config.pool.max_attempts {
            let mut lease = match self.pool.lease(&call.wanted(), &mut tried) {
                Ok(lease) => lease,
                Err(none) => return Err(retry::exhausted(none, last, call.protocol, &call.asked)),
            };
            exchange.note(|record| {
                record.account = Some(lease.account().name.clone());
                record.provider = Some(lease.account().provider.name());
                record.model_used = Some(lease.model().to_owned());
            });
            let started = Instant::now();
            let attempt = call.attempt(settings, &client, lease.model(), frames);
            let refused = match attempt.run(lease.account()).await {
                Ok(answered) => {
                    lease.succeed();
                    exchange.attempted(&lease.account().name, started.elapsed(), None);
                    return Ok((answered, lease));
                }
                Err(refused) => refused,
            };
            let reason = self.scrubber.scrub_text(refused.failure.reason.clone());
            exchange.attempted(&lease.account().name, started.elapsed(), Some(&reason));
            lease.fail(&refused.failure);
            match retry::next(&refused.failure.fault) {
                Next::GiveBack => return Err(retry::give_up(refused)),
                Next::AnotherAccount => last = Some(refused),
            }
        }
        Err(last.map_or_else(no_attempt, retry::give_up))
    }

    /// The upstream's own refusal, without what must not leave.
    fn give_back(&self, exchange: &mut Exchange, refused: Refused) -> Answer {
        let Some((status, headers, body)) = refused.reply else {
            return Err(LocalError::new(ErrorKind::BadGateway, refused.failure.reason));
        };
        let body = self.scrubber.scrub(&body).map_or(body, Bytes::from);
        exchange.note(|record| {
            record.status = status.as_u16();
            record.error = Some(self.scrubber.scrub_text(refused.failure.reason));
            record.outcome = Outcome::Failed;
            record.bytes_out = body.len() as u64;
        });
        Ok(response(status, passthrough::response_headers(&headers), AnswerBody::Whole(body)))
    }
}

impl Settings {
    fn new(config: Arc<Config>) -> Self {
        let models = ModelMap::new(&config.models);
        Self { config, models }
    }

    fn is_account(&self, name: &str) -> bool {
        self.config.accounts.iter().any(|account| account.name == name)
    }
}

/// One API call after its body was seen.
struct Call<'a> {
    incoming: &'a Incoming,
    protocol: Protocol,
    protocols: [Protocol; 1],
    /// What the client asked for.
    asked: String,
    route: Route,
    peek: Peek,
    session: Option<u64>,
}

impl<'a> Call<'a> {
    fn new(incoming: &'a Incoming, settings: &Settings, frames: &Frames) -> Result<Self, LocalError> {
        let peek =
            if incoming.operation.takes_multipart() { Peek::multipart(frames) } else { Peek::json(frames)? };
        let asked = incoming.model_in_path.clone().or_else(|| peek.model.clone()).ok_or_else(|| {
            LocalError::new(ErrorKind::InvalidRequest, "`model` is missing: name the model to ask")
        })?;
        let route = route::route(&asked, &settings.models, |name| settings.is_account(name));
        let protocol = incoming.operation.protocol();
        let sticky = settings.config.pool.strategy == Strategy::Sticky;
        let session = if sticky { peek.session(&incoming.headers) } else { None };
        Ok(Self { incoming, protocol, protocols: [protocol], asked, route, peek, session })
    }

    fn streams(&self) -> bool {
        self.peek.stream || self.incoming.operation == Operation::StreamGenerateContent
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            protocols: &self.protocols,
            client_protocol: self.protocol,
            model: &self.route.model,
            pin: self.route.pin.clone(),
            session: self.session,
            now: Instant::now(),
        }
    }

    fn attempt<'b>(
        &'b self,
        settings: &Settings,
        client: &'b Client,
        model: &'b str,
        frames: &Frames,
    ) -> Attempt<'b> {
        let body = if self.peek.model.as_deref().is_none_or(|asked| asked == model) {
            frames.clone()
        } else {
            self.peek.with_model(frames, model)
        };
        let Incoming { operation, version, query, headers, .. } = self.incoming;
        Attempt {
            client,
            method: Method::POST,
            path: endpoint::Path::Operation { operation: *operation, model, version: *version },
            query: query.as_deref(),
            headers: passthrough::request_headers(headers, self.protocol),
            body,
            limit: settings.config.proxy.request_timeout,
        }
    }
}

fn relay(
    answered: Answered,
    lease: Lease,
    incoming: &Incoming,
    mut exchange: Exchange,
    settings: &Settings,
) -> Response<AnswerBody> {
    let Answered { status, headers, first, rest } = answered;
    let operation = incoming.operation;
    let events = attempt::is_event_stream(&headers);
    let observer = match (operation.is_conversation(), events) {
        (true, true) => Observer::events(operation.protocol()),
        (true, false) if attempt::streams_as_array(operation, events) => Observer::array(),
        (_, false) => Observer::object(operation.protocol()),
        (false, true) => Observer::Blind,
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut out = passthrough::response_headers(&headers);
    if let Ok(name) = HeaderValue::from_str(&lease.account().name) {
        out.insert(ACCOUNT_HEADER, name);
    }
    exchange.note(|record| record.status = status.as_u16());
    let source = Source {
        first,
        rest,
        shape: if events { Shape::Events } else { Shape::Whole },
        protocol: operation.protocol(),
        observer,
        length: length.filter(|_| !events),
        limit: settings.config.proxy.request_timeout,
    };
    response(status, out, AnswerBody::Relay(Box::new(Relay::new(source, exchange, lease))))
}

fn response(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The body must be what its path takes, and not compressed: the model is read from it.
fn check_encoding(incoming: &Incoming) -> Result<(), LocalError> {
    let unsupported = |message: String| Err(LocalError::new(ErrorKind::UnsupportedMediaType, message));
    let header = |name| incoming.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(encoding) = header(http::header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity")
    {
        return unsupported(format!(
            "a request body in {encoding:?} is not understood: send it uncompressed"
        ));
    }
    let content_type = header(CONTENT_TYPE).unwrap_or_default();
    let is_form = content_type.starts_with("multipart/form-data");
    match incoming.operation.takes_multipart() {
        true if !is_form => unsupported("this path takes multipart/form-data".to_owned()),
        false if is_form => unsupported("this path takes application/json".to_owned()),
        _ => Ok(()),
    }
}

fn no_attempt() -> Ended {
    Ended::Local(LocalError::new(ErrorKind::Internal, "no attempt was made"))
}

fn client_options(config: &Config) -> ClientOptions {
    ClientOptions { proxy: config.upstream.proxy.clone(), connect_timeout: config.upstream.connect_timeout }
}

/// Every secret the configuration holds.
fn secrets(config: &Config) -> impl Iterator<Item = &SecretString> {
    let own = [&config.proxy.api_key, &config.zai.api_key];
    own.into_iter()
        .chain(config.accounts.iter().map(|account| &account.api_key))
        .filter_map(|secret| secret.as_known())
}
