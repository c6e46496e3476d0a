//! The request path, in order: open an exchange, read the body, see what it asks for, route
//! the model, then lease an account, plan, send, and on failure decide what is next; relay
//! the answer as it comes. The record is written on every way out.

mod answer;
mod attempt;
mod body;
mod cache;
mod call;
mod codec;
mod context;
mod conversations;
mod coverage;
mod cure;
mod decoded;
mod demo;
mod error_keys;
mod event_writer;
mod exchange;
mod headers;
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
mod pass;
mod passage;
mod patience;
mod peek;
mod plan;
mod probe;
mod query;
mod reencoding;
mod refusal;
mod relay;
mod resources;
mod retry;
mod route;
mod service;
mod settings;
mod shape;
mod share;
mod side;
mod signatures;
mod sleep;
mod task;
mod translate;
mod translator;
mod trial;
mod verdict;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use http_body::Body;

pub use self::answer::AnswerBody;
pub use self::coverage::Coverage;
pub use self::cure::{proxy_address, rest_cure, unresolved_key_cure};
pub use self::exchange::IncomingRequest;
pub use self::ids::of_request as new_request_id;
pub use self::models::ModelsRequest;
pub use self::probe::TestReport;
pub use self::relay::Relay;
pub use self::service::Gateway;
pub use self::share::Budget;

use self::answer::{Answer, response};
use self::call::{Call, check_encoding};
use self::exchange::Exchange;
use self::pace::Pace;
use self::plan::Plan;
use self::refusal::Refusal;
use self::resources::Resources;
use self::retry::{ErrorContext, Next, NoAnswer};
use self::settings::Settings;
use self::trial::Trial;
use self::verdict::Judge;
use crate::accounts::{Attempts, Lease};
use crate::protocol::{ErrorKind, LocalError};

impl Gateway {
    /// Answers one API call.
    pub async fn serve<B>(
        &self,
        incoming: IncomingRequest,
        body: B,
    ) -> Result<Response<AnswerBody>, LocalError>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.wake_up();
        let mut exchange = Exchange::open(&incoming, &self.recorder, &self.in_flight);
        let error = match self.answer(&mut exchange, &incoming, body).await {
            Ok((answer, lease)) => return Ok(answer.respond(incoming.audience(), exchange, lease)),
            Err(NoAnswer::Upstream(refusal)) => match give_back(&mut exchange, refusal) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            },
            Err(NoAnswer::Local(error)) => error,
        };
        let error = LocalError { message: self.scrubber.scrub_text(error.message), ..error };
        exchange.failed(&error);
        Err(error)
    }

    async fn answer<B>(
        &self,
        exchange: &mut Exchange,
        incoming: &IncomingRequest,
        body: B,
    ) -> Result<(Answer, Lease), NoAnswer>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let settings = self.settings();
        check_encoding(incoming)?;
        let share = Arc::new(self.budget.open(settings.config.proxy.max_body));
        let frames = body::read(body, &share, Pace::new(Instant::now())).await?;
        let resources = Resources { memory: &self.memory, off_thread: &self.off_thread, share };
        let call = Call::new(incoming, &settings, frames, resources).await?;
        exchange.read(&call.asked, call.streams(), &call.frames);
        self.try_accounts(exchange, &settings, incoming, &call).await
    }

    /// Tries one account after another, until one answers or none is left.
    async fn try_accounts(
        &self,
        exchange: &mut Exchange,
        settings: &Settings,
        incoming: &IncomingRequest,
        call: &Call<'_>,
    ) -> Result<(Answer, Lease), NoAnswer> {
        let mut attempts = Attempts::default();
        let mut last: Option<Refusal> = None;
        let mut judge = Judge::default();
        let (client, audience) = (self.client(), incoming.audience());
        let exhausted = |none, last| {
            let model = call.named();
            retry::exhausted(none, last, &ErrorContext { protocol: call.protocol, model: &model, audience })
        };
        for _ in 0..settings.config.pool.max_attempts {
            let mut lease = match self.lease(&call.demand(), &mut attempts).await {
                Ok(lease) => lease,
                Err(none) => return Err(exhausted(none, last)),
            };
            exchange.leased(&lease);
            let started = Instant::now();
            let plan = Plan::new(call, &lease).await?;
            let trial = Trial { call, settings, client: &client, lease: &lease };
            let mut refusal = match plan.attempt(&trial).await {
                Ok(answer) => {
                    if answer.is_from_upstream {
                        lease.succeed();
                        exchange.attempted(&lease.account().name, started.elapsed(), None);
                    }
                    return Ok((answer, lease));
                }
                Err(refusal) => refusal,
            };
            judge.weigh(&mut refusal.failure, incoming, &call.frames);
            exchange.attempted(&lease.account().name, started.elapsed(), Some(&refusal.failure));
            lease.fail(&refusal.failure);
            match retry::next(&refusal.failure.fault) {
                Next::GiveBack => return Err(retry::give_up(refusal, audience)),
                Next::AnotherAccount => last = Some(refusal),
            }
        }
        let Some(last) = last else { return Err(no_attempt()) };
        // The attempts are used up. When to come back depends on the accounts not yet tried.
        Err(match self.pool.lease(&call.demand(), &mut attempts) {
            Ok(_another) => retry::give_up_for_now(last, audience),
            Err(none) => exhausted(none, Some(last)),
        })
    }
}

/// The upstream's own refusal, without the headers that must not leave.
fn give_back(exchange: &mut Exchange, refusal: Refusal) -> Result<Response<AnswerBody>, LocalError> {
    let Some((status, headers, body)) = refusal.reply else {
        return Err(LocalError::new(ErrorKind::BadGateway, refusal.failure.reason.to_string()));
    };
    exchange.refused(status, &refusal.failure, &body);
    Ok(response(status, headers::response_headers(&headers), AnswerBody::Whole(body)))
}

fn no_attempt() -> NoAnswer {
    NoAnswer::Local(LocalError::new(ErrorKind::Internal, "no attempt was made"))
}
