//! A whole answer, said again in the client's protocol. It owns what it needs, so that any
//! thread can do it: an answer may be as large as a request.

use std::sync::Arc;

use bytes::Bytes;

use super::conversations::Remembering;
use super::off_thread::{Asker, Kind, OffThread, is_large};
use super::share::Share;
use super::signatures::CallWatch;
use crate::chat::{self, Usage};
use crate::protocol::openai_responses::reference::output_of;
use crate::protocol::{self, LocalError, Observer, Protocol, ResponseContext, weight};

pub struct Retelling {
    pub upstream: Protocol,
    pub client: Protocol,
    pub context: ResponseContext,
    pub calls: CallWatch,
    pub remembering: Option<Remembering>,
    pub share: Arc<Share>,
}

/// Why an answer cannot be said to the client.
pub enum Untold {
    /// It is none.
    ByUpstream(chat::Failure),
    /// The client's protocol has no room for it.
    InItsProtocol(LocalError),
    /// It takes more than there is, or nobody waits for it any more.
    Here(LocalError),
}

impl From<LocalError> for Untold {
    fn from(error: LocalError) -> Self {
        Self::Here(error)
    }
}

type Told = Result<(Bytes, Option<Usage>), Untold>;

impl Retelling {
    /// Here, or on another thread where that is a long story.
    pub async fn tell(self, body: Bytes, off_thread: &OffThread) -> Told {
        if is_large(body.len(), 0) {
            return off_thread.run(Kind::Long, move |asker| self.weigh_and_say(&body, asker)).await;
        }
        let weight = weight::of(&body);
        if is_large(body.len(), weight) {
            return off_thread.run(Kind::Long, move |asker| self.say(&body, weight, asker)).await;
        }
        self.say(&body, weight, &Asker::default())
    }

    fn weigh_and_say(self, body: &[u8], asker: &Asker) -> Told {
        self.say(body, weight::of(body), asker)
    }

    fn say(mut self, body: &[u8], weight: usize, asker: &Asker) -> Told {
        self.share.can_decode(weight)?;
        let mut observer = Observer::object(self.upstream);
        observer.push(body);
        let mut response = protocol::decode_response(self.upstream, body).map_err(Untold::ByUpstream)?;
        asker.is_waiting()?;
        self.calls.see_whole(&mut response);
        let encoded = protocol::encode_response(self.client, &response, &self.context);
        let encoded = encoded.map_err(Untold::InItsProtocol)?;
        if let Some(mut remembering) = self.remembering {
            remembering.given(&output_of(&encoded));
            remembering.ended();
        }
        Ok((encoded, observer.usage()))
    }
}
