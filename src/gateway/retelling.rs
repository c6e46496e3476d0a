//! Encodes an upstream's answer anew once it is read to its end: in the client's protocol, and
//! as a stream or as one object, whichever the client asked for. It owns everything it needs,
//! so that large answers can be encoded on another thread.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::answer::{Answer, stream_type};
use super::attempt::UpstreamAnswer;
use super::call::Call;
use super::conversations::Remembering;
use super::event_writer::EventWriter;
use super::headers::JSON;
use super::off_thread::{Asker, Kind, OffThread, is_large};
use super::refusal::Refusal;
use super::share::Share;
use super::signatures::CallWatch;
use crate::chat::{self, Collector, Response, Usage};
use crate::protocol::openai_responses::reference::output_of;
use crate::protocol::{
    self, ErrorKind, LocalError, Protocol, ResponseContext, StreamDecoder, StreamEncoder, weight,
};
use crate::upstream::{Fault, Scrubber};

/// Bytes of a stream that are decoded at a time, so that not all events are held at once.
const CHUNK: usize = 64 << 10;

pub struct Retelling {
    pub upstream: Protocol,
    pub client: Protocol,
    pub context: ResponseContext,
    /// Whether the upstream answered with an event stream.
    pub from_events: bool,
    /// Whether the client asked for a stream.
    pub to_stream: bool,
    /// `None` where both sides speak the same protocol.
    pub calls: Option<CallWatch>,
    pub remembering: Option<Remembering>,
    pub share: Arc<Share>,
}

/// The body for the client, and the usage.
type Retold = (Bytes, Option<Usage>);

/// Why an answer was not encoded for the client.
enum RetellError {
    /// The upstream's answer is not one, or reports a failure.
    Upstream(chat::Failure),
    /// The client's protocol cannot express it.
    Protocol(LocalError),
    /// There is no memory for it, or its client has gone.
    Here(LocalError),
}

impl From<LocalError> for RetellError {
    fn from(error: LocalError) -> Self {
        Self::Here(error)
    }
}

impl RetellError {
    fn into_refusal(self, client: Protocol, request_id: &str) -> Refusal {
        match self {
            Self::Upstream(failure) => Refusal::of_answer(
                Fault::Overloaded { retry_after: failure.retry_after },
                failure.message.into(),
            ),
            // Neither the request nor the account is at fault; another answer may fit.
            Self::Protocol(error) => {
                let error = LocalError { kind: ErrorKind::BadGateway, ..error };
                Refusal::of_ours(&error, client, request_id)
            }
            Self::Here(error) => Refusal::of_ours(&error, client, request_id),
        }
    }
}

impl Retelling {
    /// Reads the rest of the answer and encodes it. Fails when that takes longer than `limit`,
    /// and when the answer is not one.
    pub async fn answer(
        self,
        reply: UpstreamAnswer,
        limit: Duration,
        call: &Call<'_>,
    ) -> Result<Answer, Refusal> {
        let (client, request_id) = (self.client, call.incoming.id.as_str());
        let content_type = if self.to_stream { stream_type(&self.context) } else { JSON };
        let body = reply.read(limit, &self.share).await;
        let body = body.map_err(|error| error.into_refusal(client, request_id))?;
        let retold = self.tell(body, call.resources.off_thread).await;
        let (body, usage) = retold.map_err(|error| error.into_refusal(client, request_id))?;
        Ok(Answer::whole(body, content_type, usage))
    }

    /// Encodes the answer; on another thread where it is large.
    async fn tell(self, body: Bytes, off_thread: &OffThread) -> Result<Retold, RetellError> {
        if is_large(body.len(), 0) {
            let work = move |asker: &_| {
                let weight = weight::of(&body);
                self.write(&body, weight, asker)
            };
            return off_thread.run(Kind::Long, work).await;
        }
        let weight = weight::of(&body);
        if is_large(body.len(), weight) {
            return off_thread.run(Kind::Long, move |asker| self.write(&body, weight, asker)).await;
        }
        self.write(&body, weight, &Asker::default())
    }

    fn write(mut self, body: &[u8], weight: usize, asker: &Asker) -> Result<Retold, RetellError> {
        self.share.can_decode(weight)?;
        let response = self.read(body).map_err(RetellError::Upstream)?;
        asker.is_waiting()?;
        if self.upstream == self.client {
            self.context = self.context.of_response(&response);
        }
        let usage = response.usage;
        let body = if self.to_stream { self.stream(response) } else { self.whole(response)? };
        Ok((body, usage))
    }

    fn read(&self, body: &[u8]) -> Result<Response, chat::Failure> {
        if !self.from_events {
            return protocol::decode_response(self.upstream, body);
        }
        let (mut decoder, mut events) = (StreamDecoder::new(self.upstream), Vec::new());
        let mut collector = Collector::default();
        for chunk in body.chunks(CHUNK) {
            decoder.push(chunk, &mut events);
            events.drain(..).for_each(|event| collector.push(event));
        }
        decoder.finish(&mut events);
        events.drain(..).for_each(|event| collector.push(event));
        collector.finish()
    }

    fn stream(self, response: Response) -> Bytes {
        let encoder = StreamEncoder::new(self.client, self.context);
        let mut writer = EventWriter::new(encoder, self.calls, self.remembering, Scrubber::default());
        let mut out = BytesMut::new();
        for event in response.into_events() {
            writer.write(event, &mut out);
        }
        out.freeze()
    }

    fn whole(mut self, mut response: Response) -> Result<Bytes, RetellError> {
        if let Some(calls) = &mut self.calls {
            calls.see_whole(&mut response);
        }
        let encoded = protocol::encode_response(self.client, &response, &self.context);
        let encoded = encoded.map_err(RetellError::Protocol)?;
        if let Some(mut remembering) = self.remembering {
            remembering.given(&output_of(&encoded));
            remembering.ended();
        }
        Ok(encoded)
    }
}
