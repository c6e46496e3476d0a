//! The request path, told in order: open an exchange, read the body, see what is asked
//! for, route the model, then lease an account, send, and on failure ask what is next;
//! relay the answer as it comes. The record is written whichever way we leave.

mod answer;
mod attempt;
mod body;
mod call;
mod conversations;
mod cure;
mod error_keys;
mod exchange;
mod ids;
mod learn;
mod memory;
mod model_lists;
mod models;
mod nested_model;
mod off_thread;
mod opening;
mod outbox;
mod pace;
mod passthrough;
mod patience;
mod peek;
mod plan;
mod probe;
mod query;
mod relay;
mod retelling;
mod retry;
mod route;
mod served;
mod share;
mod side;
mod signatures;
mod sleep;
mod task;
mod translate;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Response;
use http_body::Body;
use secrecy::SecretString;

pub use self::answer::{ACCOUNT_HEADER, AnswerBody};
pub use self::cure::{proxy_address, rest_cure, unresolved_key_cure};
pub use self::exchange::Incoming;
pub use self::ids::of_request as new_request_id;
pub use self::models::ModelsRequest;
pub use self::probe::TestReport;
pub use self::relay::Relay;
pub use self::served::Served;
pub use self::share::Budget;

use self::answer::{Answering, response};
use self::attempt::Refused;
use self::call::{Call, Means, check_encoding};
use self::conversations::Conversations;
use self::exchange::Exchange;
use self::model_lists::ModelLists;
use self::off_thread::OffThread;
use self::pace::Pace;
use self::retry::{Ended, Next, Told};
use self::signatures::Signatures;
use self::sleep::{SleepWatch, time_since_boot};
use self::verdict::Judge;
use crate::accounts::{Attempts, Pool};
use crate::config::{Config, ModelMap, UpstreamConfig};
use crate::monitor::{Outcome, Recorder};
use crate::protocol::{ErrorKind, LocalError};
use crate::upstream::client::ClientOptions;
use crate::upstream::{Client, Scrubber};

/// Everything a request needs, shared by all of them. A reload swaps parts of it;
/// requests under way keep what they started with.
pub struct Gateway {
    settings: ArcSwap<Settings>,
    client: ArcSwap<Client>,
    pub pool: Arc<Pool>,
    pub recorder: Arc<Recorder>,
    pub scrubber: Scrubber,
    budget: Budget,
    off_thread: OffThread,
    in_flight: Arc<AtomicUsize>,
    sleep: SleepWatch,
    model_lists: ModelLists,
    remembered: Remembered,
}

/// What answers in translation leave behind for the requests that follow.
#[derive(Clone, Default)]
struct Remembered {
    conversations: Arc<Conversations>,
    signatures: Arc<Signatures>,
}

/// What the configuration means to a request.
pub struct Settings {
    pub config: Arc<Config>,
    models: ModelMap,
}

pub type Answer = Result<Response<AnswerBody>, LocalError>;

impl Gateway {
    /// `budget`: bytes of requests held in memory at once, and of what they become.
    pub fn new(
        config: Arc<Config>,
        pool: Arc<Pool>,
        recorder: Arc<Recorder>,
        scrubber: Scrubber,
        budget: usize,
    ) -> Self {
        let gateway = Self {
            client: ArcSwap::from_pointee(Client::new(client_options(&config), scrubber.clone())),
            settings: ArcSwap::from_pointee(Settings::new(Arc::clone(&config))),
            pool,
            recorder,
            scrubber,
            budget: Budget::new(budget),
            off_thread: OffThread::default(),
            in_flight: Arc::default(),
            sleep: SleepWatch::new(Instant::now(), time_since_boot()),
            model_lists: ModelLists::default(),
            remembered: Remembered::default(),
        };
        gateway.apply(config, false);
        gateway
    }

    /// Puts a new configuration in force for the requests to come.
    pub fn apply(&self, config: Arc<Config>, rebuild_client: bool) {
        self.scrubber.learn(secrets(&config));
        self.recorder.apply(&config);
        self.pool.apply(&config, Instant::now());
        self.model_lists.keep(&self.pool.active_accounts());
        if rebuild_client {
            self.renew_client(&config);
        }
        self.settings.store(Arc::new(Settings::new(config)));
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub fn client(&self) -> Arc<Client> {
        self.client.load_full()
    }

    /// After a sleep of the machine: what was connected is not, and rests went on.
    fn wake_up(&self) {
        if let Some(slept) = self.sleep.has_slept(Instant::now(), time_since_boot()) {
            let seconds = slept.as_secs();
            tracing::info!(seconds, "the machine has slept for {seconds} s: connections start afresh");
            self.renew_client(&self.settings().config);
            self.pool.slept(slept);
        }
    }

    fn renew_client(&self, config: &Config) {
        self.client.store(Arc::new(Client::new(client_options(config), self.scrubber.clone())));
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
            Ok(answering) => {
                return Ok(answering.respond(&incoming, exchange, &self.settings(), &self.scrubber));
            }
            Err(Ended::Upstream(refused)) => match give_back(&mut exchange, refused) {
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
    ) -> Result<Answering, Ended>
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let settings = self.settings();
        check_encoding(incoming).map_err(Ended::Local)?;
        let share = Arc::new(self.budget.open(settings.config.proxy.max_body));
        let frames = body::read(body, &share, Pace::new(Instant::now())).await.map_err(Ended::Local)?;
        let means = Means { remembered: &self.remembered, off_thread: &self.off_thread, share };
        let call = Call::new(incoming, &settings, frames, means).await.map_err(Ended::Local)?;
        exchange.note(|record| {
            record.bytes_in = call.frames.len() as u64;
            record.model_asked = Some(call.asked.as_str().into());
            record.streamed = call.streams();
            record.keep_request(call.frames.iter());
        });
        self.try_accounts(exchange, &settings, incoming, &call).await
    }

    /// One account after another, until one answers or there is nothing left to try.
    async fn try_accounts(
        &self,
        exchange: &mut Exchange,
        settings: &Settings,
        incoming: &Incoming,
        call: &Call<'_>,
    ) -> Result<Answering, Ended> {
        let mut attempts = Attempts::default();
        let mut last: Option<Refused> = None;
        let mut judge = Judge::default();
        let (client, audience) = (self.client(), incoming.audience());
        let exhausted = |none, last| {
            let model = call.named();
            retry::exhausted(none, last, &Told { protocol: call.protocol, model: &model, audience })
        };
        for _ in 0..settings.config.pool.max_attempts {
            let mut lease = match self.lease(&call.demand(), &mut attempts).await {
                Ok(lease) => lease,
                Err(none) => return Err(exhausted(none, last)),
            };
            exchange.note(|record| {
                record.account = Some(lease.account().name.as_str().into());
                record.provider = Some(lease.account().provider.name().into());
                record.model_used = Some(lease.model().into());
            });
            let started = Instant::now();
            let plan = call.plan(&lease).await.map_err(Ended::Local)?;
            let mut refused = match call.try_once(settings, &client, &lease, &plan).await {
                Ok(reply) => {
                    if reply.is_from_upstream() {
                        lease.succeed();
                        exchange.attempted(&lease.account().name, started.elapsed(), None);
                    }
                    return Ok(Answering { reply, lease, plan });
                }
                Err(refused) => refused,
            };
            judge.weigh(&mut refused.failure, incoming, &call.frames);
            exchange.attempted(&lease.account().name, started.elapsed(), Some(&refused.failure));
            lease.fail(&refused.failure);
            match retry::next(&refused.failure.fault) {
                Next::GiveBack => return Err(retry::give_up(refused, audience)),
                Next::AnotherAccount => last = Some(refused),
            }
        }
        let Some(last) = last else { return Err(no_attempt()) };
        // The attempts are used up. When to come back depends on who else there is.
        Err(match self.pool.lease(&call.demand(), &mut attempts) {
            Ok(_another) => retry::give_up_for_now(last, audience),
            Err(none) => exhausted(none, Some(last)),
        })
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

/// The upstream's own refusal, without what must not leave.
fn give_back(exchange: &mut Exchange, refused: Refused) -> Answer {
    let Some((status, headers, body)) = refused.reply else {
        return Err(LocalError::new(ErrorKind::BadGateway, refused.failure.reason.to_string()));
    };
    exchange.note(|record| {
        record.status = status.as_u16();
        record.error = Some(refused.failure.reason.to_string());
        record.error_kind = Some(refused.failure.fault.name().into());
        record.outcome = Outcome::Failed;
        record.bytes_out = body.len() as u64;
        record.keep_response(&body);
    });
    Ok(response(status, passthrough::response_headers(&headers), AnswerBody::Whole(body)))
}

fn no_attempt() -> Ended {
    Ended::Local(LocalError::new(ErrorKind::Internal, "no attempt was made"))
}

fn client_options(config: &Config) -> ClientOptions {
    let UpstreamConfig { proxy, no_proxy, ca_file, connect_timeout } = config.upstream.clone();
    ClientOptions { proxy, no_proxy, ca_file, connect_timeout }
}

/// Every secret the configuration holds.
fn secrets(config: &Config) -> impl Iterator<Item = &SecretString> {
    let own = [&config.proxy.api_key, &config.zai.api_key];
    own.into_iter()
        .chain(config.accounts.iter().map(|account| &account.api_key))
        .filter_map(|secret| secret.as_known())
}
