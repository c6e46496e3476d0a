//! The part of a call that computes and waits for nothing: the client's words are read, and
//! written anew for an upstream. It owns what it needs, so that any thread can do it.

use std::sync::Arc;

use super::off_thread::Asker;
use super::share::Share;
use super::side::{self, SideCall};
use super::translate::{Asked, Decoded, Translation, Unread};
use crate::protocol::side::SideRequest;
use crate::protocol::{LocalError, Operation, Protocol, RequestTarget};
use crate::upstream::Frames;

/// What a serving thread looks up of earlier answers, in bytes; more is another thread's.
pub const REFERRED_HERE: usize = 1 << 20;

pub struct Task {
    pub operation: Operation,
    pub upstream: Protocol,
    /// For the upstream.
    pub model: String,
    pub streams: bool,
    pub asked: Asked,
    pub frames: Frames,
    pub share: Arc<Share>,
}

type Translated = (Arc<Decoded>, Translation);

impl Task {
    /// All of it on a thread of its own. `read`: where that is done already.
    pub fn translated(&self, read: Option<Arc<Decoded>>, asker: &Asker) -> Result<Translated, LocalError> {
        let decoded = match read {
            Some(decoded) => decoded,
            None => Arc::new(self.read(usize::MAX).map_err(Unread::into_error)?),
        };
        asker.is_waiting()?;
        let translation = self.written(&decoded)?;
        Ok((decoded, translation))
    }

    /// The same on a thread that serves; `None` where that would hold it up.
    pub fn translated_here(&self, read: Option<Arc<Decoded>>) -> Result<Option<Translated>, LocalError> {
        let decoded = match read.map_or_else(|| self.read(REFERRED_HERE).map(Arc::new), Ok) {
            Ok(decoded) => decoded,
            Err(Unread::RefersToMuch) => return Ok(None),
            Err(Unread::Wrong(error)) => return Err(error),
        };
        let translation = self.written(&decoded)?;
        Ok(Some((decoded, translation)))
    }

    /// The same for a call that is no conversation.
    pub fn aside(
        &self,
        read: Option<Arc<SideRequest>>,
        asker: &Asker,
    ) -> Result<(Arc<SideRequest>, SideCall), LocalError> {
        let request = match read {
            Some(request) => request,
            None => side::read(self.operation, &self.frames, &self.asked.model)?,
        };
        asker.is_waiting()?;
        let call = SideCall::new(&request, self.operation, self.upstream, &self.model, &self.asked)?;
        self.share.encoded(call.encoded.as_ref().map_or(0, |encoded| encoded.body.len()))?;
        Ok((request, call))
    }

    fn read(&self, most_referred: usize) -> Result<Decoded, Unread> {
        let target = RequestTarget { model: Some(&self.asked.model), stream: self.streams };
        let known = self.asked.remembered.conversations.within(&self.share, most_referred);
        Decoded::read(self.operation, &self.frames, &target, &known, self.asked.limits)
    }

    fn written(&self, decoded: &Decoded) -> Result<Translation, LocalError> {
        let translation = Translation::new(decoded, self.upstream, &self.model, &self.asked)?;
        self.share.encoded(translation.body.len())?;
        Ok(translation)
    }
}
