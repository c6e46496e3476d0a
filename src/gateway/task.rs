//! The part of a call that only computes: the request is decoded, and encoded for an
//! upstream. It owns everything it needs, so that any thread can do it.

use std::sync::Arc;

use super::context::ClientContext;
use super::conversations::LookupError;
use super::decoded::Decoded;
use super::off_thread::Asker;
use super::share::Share;
use super::side::SideCall;
use super::translate::Translation;
use crate::protocol::side::{self, SideRequest};
use crate::protocol::{LocalError, Operation, Protocol, RequestTarget};
use crate::upstream::Frames;

/// Bytes of earlier answers that a serving thread looks up; more take another thread.
pub const REFERRED_HERE: usize = 1 << 20;

pub struct Task {
    pub operation: Operation,
    pub upstream: Protocol,
    /// The account's name of the model.
    pub model: String,
    pub streams: bool,
    pub client: ClientContext,
    pub frames: Frames,
    pub share: Arc<Share>,
}

type Translated = (Arc<Decoded>, Translation);

impl Task {
    /// Decodes and encodes on a thread of its own. `read`: the request, if it is decoded.
    pub fn translated(&self, read: Option<Arc<Decoded>>, asker: &Asker) -> Result<Translated, LocalError> {
        let decoded = match read {
            Some(decoded) => decoded,
            None => Arc::new(self.read(usize::MAX).map_err(LookupError::into_error)?),
        };
        asker.is_waiting()?;
        let translation = self.written(&decoded)?;
        Ok((decoded, translation))
    }

    /// The same on a serving thread. `None` where that would take too long.
    pub fn translated_here(&self, read: Option<Arc<Decoded>>) -> Result<Option<Translated>, LocalError> {
        let decoded = match read.map_or_else(|| self.read(REFERRED_HERE).map(Arc::new), Ok) {
            Ok(decoded) => decoded,
            Err(LookupError::TooLarge) => return Ok(None),
            Err(LookupError::Refused(error)) => return Err(error),
        };
        let translation = self.written(&decoded)?;
        Ok(Some((decoded, translation)))
    }

    /// The same for a side call.
    pub fn aside(
        &self,
        read: Option<Arc<SideRequest>>,
        asker: &Asker,
    ) -> Result<(Arc<SideRequest>, SideCall), LocalError> {
        let request = if let Some(request) = read {
            request
        } else {
            let body = self.frames.to_bytes();
            Arc::new(side::decode_request(self.operation, &body, &self.client.model)?)
        };
        asker.is_waiting()?;
        let call = SideCall::new(&request, self.operation, self.upstream, &self.model, &self.client)?;
        self.share.encoded(call.body_len())?;
        Ok((request, call))
    }

    /// The conversation, with at most `most_referred` bytes of the answers it refers to.
    pub fn read(&self, most_referred: usize) -> Result<Decoded, LookupError> {
        let target = RequestTarget { model: Some(&self.client.model), stream: self.streams };
        let lookup = self.client.memory.conversations.within(&self.share, most_referred);
        Decoded::read(self.operation, &self.frames, &target, &lookup, self.client.limits)
    }

    fn written(&self, decoded: &Decoded) -> Result<Translation, LocalError> {
        let translation = Translation::new(decoded, self.upstream, &self.model, &self.client)?;
        self.share.encoded(translation.body.len())?;
        Ok(translation)
    }
}
