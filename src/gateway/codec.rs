//! What becomes of an upstream's bytes on their way to the client.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::opening;
use super::outbox::Outbox;
use super::passage::Passage;
use super::patience::Pulse;
use super::shape::Ending;
use super::translator::Translator;
use crate::chat::Usage;
use crate::protocol::{Protocol, Provider, stream_keep_alive};
use crate::upstream::Fault;

pub enum Codec {
    /// Nothing: both sides speak the same protocol.
    Pass(Passage),
    Translate(Box<Translator>, Pulse),
}

impl Codec {
    pub fn translate(translator: Translator, client: Protocol) -> Self {
        Self::Translate(Box::new(translator), Pulse::new(stream_keep_alive(client)))
    }

    /// Takes the upstream's next bytes, and adds the client's to what is held for it.
    pub fn push(&mut self, bytes: Bytes, held: &mut Outbox) {
        match self {
            Self::Pass(passage) => held.add(passage.push(bytes)),
            Self::Translate(translator, _) => held.add(translator.push(&bytes)),
        }
    }

    /// Whether nothing can follow that the client needs.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Pass(passage) => passage.is_over(),
            Self::Translate(translator, _) => translator.is_over(),
        }
    }

    /// Whether the client has been sent an error, and nothing that follows reaches it.
    pub const fn is_closed(&self) -> bool {
        match self {
            Self::Pass(_) => false,
            Self::Translate(translator, _) => translator.failure().is_some(),
        }
    }

    /// Takes the end of the upstream's answer, and adds the last bytes of the client's.
    /// `interruption`: why it ended, unless the upstream ended it.
    pub fn finish(&mut self, interruption: Option<&str>, held: &mut Outbox, request_id: &str) -> Ending {
        match self {
            Self::Pass(passage) => passage.finish(interruption, held, request_id),
            Self::Translate(translator, _) => {
                held.add(translator.finish(interruption));
                let failure = translator.failure();
                failure.map_or(Ending::Complete, |failure| Ending::Reported(failure.message.clone()))
            }
        }
    }

    /// What may leave now of what is held.
    pub fn release(&mut self, held: &mut Outbox, is_open: bool) -> Bytes {
        match self {
            Self::Pass(passage) => passage.release(held, is_open),
            Self::Translate(..) => held.take(),
        }
    }

    /// What the answer has cost so far, as far as the upstream has reported it.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Pass(passage) => passage.usage(),
            Self::Translate(translator, _) => translator.usage(),
        }
    }

    /// Whose fault the upstream's own error is, where that is certain.
    pub fn fault(&self, provider: Provider) -> Option<Fault> {
        match self {
            Self::Pass(passage) => opening::fault(provider, &passage.failure()?),
            Self::Translate(translator, _) => opening::fault(provider, translator.failure()?),
        }
    }

    /// The client was sent something.
    pub fn sent(&mut self) {
        if let Self::Translate(_, pulse) = self {
            pulse.heard();
        }
    }

    /// Ready with a sign of life when the client has heard nothing for a while. Where both
    /// sides speak the same protocol, that is the upstream's to send.
    pub fn poll_pulse(&mut self, cx: &mut Context<'_>) -> Poll<&'static [u8]> {
        match self {
            Self::Translate(translator, pulse) if !translator.is_over() => pulse.poll(cx),
            Self::Pass(_) | Self::Translate(..) => Poll::Pending,
        }
    }
}
