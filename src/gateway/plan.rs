//! How an account is asked: in the client's own words, or in its upstream's protocol.

use std::sync::Arc;

use super::answer::Answer;
use super::call::Call;
use super::demo::DemoCall;
use super::off_thread::{self, Kind};
use super::pass::{Pass, names_model_inside};
use super::refusal::Refusal;
use super::side::{self, SideCall};
use super::task::{self, Task};
use super::translate::{Translation, upstream_protocol};
use super::trial::Trial;
use crate::accounts::Lease;
use crate::protocol::side::is_drawing;
use crate::protocol::{LocalError, Provider};

/// One way to an answer. Each has the same three functions: `attempt` asks an account once,
/// `answer` makes the client's answer of the reply, and `dropped` says what was lost.
pub enum Plan {
    /// Both sides speak the same protocol.
    Pass(Pass),
    /// A conversation, through the hub.
    Translate(Box<Translation>),
    /// A token count, embeddings or a picture.
    Side(Box<SideCall>),
    /// The demo account, which answers in this process.
    Demo(Box<DemoCall>),
}

impl Plan {
    /// Passes the client's own words where the upstream speaks its protocol. Fails when the
    /// request cannot be decoded, or cannot be encoded for the upstream.
    pub async fn new(call: &Call<'_>, lease: &Lease) -> Result<Self, LocalError> {
        let operation = call.incoming.operation;
        let provider = lease.account().provider;
        let upstream = upstream_protocol(call.protocol, provider, lease.model());
        let is_demo = provider == Provider::Demo;
        if !is_demo && upstream == call.protocol && !call.carries_signatures().await? {
            if names_model_inside(operation) {
                call.is_large().await?;
            }
            return Ok(Self::Pass(Pass));
        }
        let task = Task {
            operation,
            upstream,
            model: lease.model().to_owned(),
            streams: call.streams(),
            client: call.client_context(),
            frames: call.frames.clone(),
            share: Arc::clone(&call.resources.share),
        };
        if is_demo {
            demo_call(call, task).await.map(|demo| Self::Demo(Box::new(demo)))
        } else if operation.is_conversation() && !is_drawing(operation, upstream, lease.model()) {
            translation(call, task).await.map(|translation| Self::Translate(Box::new(translation)))
        } else {
            side_call(call, task).await.map(|side| Self::Side(Box::new(side)))
        }
    }

    /// Asks the account once, up to the point where the client can be answered. Tokens are
    /// counted here where the upstream does not know the path for it.
    pub async fn attempt(self, trial: &Trial<'_>) -> Result<Answer, Refusal> {
        let dropped = self.dropped();
        let outcome = match self {
            Self::Pass(pass) => pass.attempt(trial).await,
            Self::Translate(translation) => translation.attempt(trial).await,
            Self::Side(side) => side.attempt(trial).await,
            Self::Demo(demo) => Ok(demo.attempt(trial)),
        };
        let call = trial.call;
        let outcome = match outcome {
            Err(refusal) if call.incoming.operation.counts_tokens() && refusal.is_of_path() => {
                let Ok(request) = call.counted().await else { return Err(refusal) };
                side::estimate(call, &request).await
            }
            outcome => outcome,
        };
        outcome.map(|answer| Answer { dropped, ..answer })
    }

    fn dropped(&self) -> String {
        match self {
            Self::Pass(pass) => pass.dropped(),
            Self::Translate(translation) => translation.dropped(),
            Self::Side(side) => side.dropped(),
            Self::Demo(demo) => demo.dropped(),
        }
    }
}

/// Decodes the request, unless that is done, and encodes it for the upstream; on another
/// thread where it is large, or refers to large answers.
async fn translation(call: &Call<'_>, task: Task) -> Result<Translation, LocalError> {
    let is_large = call.is_large().await?;
    let read = call.decoded.get().cloned();
    let is_large = is_large || task.share.refers_to() > task::REFERRED_HERE;
    let here = if is_large { None } else { task.translated_here(read.clone())? };
    let (decoded, translation) = if let Some(done) = here {
        done
    } else {
        let work = move |asker: &_| task.translated(read, asker);
        call.resources.off_thread.run(Kind::Long, work).await?
    };
    call.decoded.get_or_init(|| decoded);
    Ok(translation)
}

/// The same for a side call.
async fn side_call(call: &Call<'_>, task: Task) -> Result<SideCall, LocalError> {
    let is_large = call.is_large().await?;
    let read = call.side.get().cloned();
    let (request, side) = if is_large {
        let work = move |asker: &_| task.aside(read, asker);
        call.resources.off_thread.run(Kind::Long, work).await?
    } else {
        task.aside(read, &off_thread::Asker::default())?
    };
    call.side.get_or_init(|| request);
    Ok(side)
}

/// The demo's answer, made on another thread: it is ready at once, whatever the request asks.
async fn demo_call(call: &Call<'_>, task: Task) -> Result<DemoCall, LocalError> {
    // A form is searched, not parsed.
    if !task.operation.takes_multipart() {
        call.is_large().await?;
    }
    call.resources.off_thread.run(call.kind(), move |_| DemoCall::new(&task)).await
}
