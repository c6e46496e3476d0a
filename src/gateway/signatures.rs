//! Gemini's signatures, kept by the id of the call that each came with. Gemini 3 wants them
//! back with the call, and many clients, OpenAI's above all, send back the call alone. Kept
//! in memory only; the least recently used is forgotten first.

use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;

use super::cache::Cache;
use crate::chat::{Delta, Event, Maker, Part, PartStart, Response, Signature, Thinking};
use crate::protocol::{Protocol, ResponseContext};

const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
const MAX_BYTES: usize = 16 << 20;

pub struct Signatures(Mutex<Cache<String>>);

impl Signatures {
    /// The signature before the call with this id.
    pub fn of_call(&self, id: &str) -> Option<Signature> {
        self.0.lock().get(id).map(|value| Signature::new(Maker::Gemini, value))
    }

    fn put(&self, call_id: &str, value: String) {
        let bytes = value.len();
        self.0.lock().put(call_id.to_owned(), value, bytes);
    }
}

impl Default for Signatures {
    fn default() -> Self {
        Self(Mutex::new(Cache::new(MAX_ENTRIES, MAX_BYTES)))
    }
}

/// Watches the calls of one answer on its way to the client, and keeps their signatures. Each
/// call gets the id that the client will know it by before it is encoded.
#[derive(Clone)]
pub struct CallWatch {
    signatures: Arc<Signatures>,
    context: ResponseContext,
    prefix: &'static str,
    calls: usize,
    /// The latest signature: it belongs to the call or the text that follows.
    waiting: Option<Signature>,
}

impl CallWatch {
    pub fn new(signatures: Arc<Signatures>, client: Protocol, context: ResponseContext) -> Self {
        let prefix = if client == Protocol::Anthropic { "toolu_" } else { "call_" };
        Self { signatures, context, prefix, calls: 0, waiting: None }
    }

    pub fn see(&mut self, event: &mut Event) {
        match event {
            Event::Delta(Delta::Signature(signature)) => self.waiting = Some(signature.clone()),
            Event::PartStarted(PartStart::ToolUse { id, .. }) => self.name(id),
            Event::PartStarted(PartStart::Text) => self.waiting = None,
            _ => {}
        }
    }

    pub fn see_whole(&mut self, response: &mut Response) {
        for part in &mut response.parts {
            match part {
                Part::Thinking(Thinking { signature: Some(signature), .. }) => {
                    self.waiting = Some(signature.clone());
                }
                Part::ToolUse(call) => self.name(&mut call.id),
                Part::Text { .. } => self.waiting = None,
                _ => {}
            }
        }
    }

    fn name(&mut self, id: &mut String) {
        *id = self.context.call_id(id, self.prefix, self.calls);
        self.calls += 1;
        if let Some(signature) = self.waiting.take().filter(|own| own.maker == Maker::Gemini) {
            self.signatures.put(id, signature.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ToolUse;

    fn signed(maker: Maker, value: &str) -> Part {
        let signature = Some(Signature::new(maker, value));
        Part::Thinking(Thinking { text: String::new(), signature })
    }

    fn call(id: &str) -> Part {
        Part::ToolUse(ToolUse { id: id.to_owned(), ..ToolUse::default() })
    }

    /// Checks the ids of an answer's calls and the signatures kept for them; the answer passes
    /// whole and as events.
    #[track_caller]
    fn check(client: Protocol, parts: &[Part], expected: &[(&str, Option<&str>)]) {
        let context = || ResponseContext::new("req_1", 0, "m");
        let response = Response { parts: parts.to_vec(), ..Response::default() };
        let remembered = |signatures: &Signatures, ids: &[String]| -> Vec<(String, Option<String>)> {
            let value = |id: &String| signatures.of_call(id).map(|signature| signature.value);
            ids.iter().map(|id| (id.clone(), value(id))).collect()
        };
        let expected: Vec<_> =
            expected.iter().map(|(id, value)| ((*id).to_owned(), value.map(str::to_owned))).collect();

        let signatures = Arc::<Signatures>::default();
        let mut events = response.clone().into_events();
        let mut watch = CallWatch::new(Arc::clone(&signatures), client, context());
        for event in &mut events {
            watch.see(event);
        }
        let ids: Vec<String> = events
            .into_iter()
            .filter_map(|event| match event {
                Event::PartStarted(PartStart::ToolUse { id, .. }) => Some(id),
                _ => None,
            })
            .collect();
        assert_eq!(remembered(&signatures, &ids), expected, "as events");

        let signatures = Arc::<Signatures>::default();
        let mut whole = response;
        CallWatch::new(Arc::clone(&signatures), client, context()).see_whole(&mut whole);
        let ids: Vec<String> = whole
            .parts
            .into_iter()
            .filter_map(|part| match part {
                Part::ToolUse(call) => Some(call.id),
                _ => None,
            })
            .collect();
        assert_eq!(remembered(&signatures, &ids), expected, "whole");
    }

    #[test]
    fn a_signature_belongs_to_the_call_after_it() {
        use Maker::{Anthropic, Gemini};
        let parts = [call("a"), signed(Gemini, "s"), call("b"), call("c")];
        check(Protocol::OpenAiChat, &parts, &[("a", None), ("b", Some("s")), ("c", None)]);
        let parts = [signed(Gemini, "s"), Part::text("hi"), call("a"), signed(Gemini, "t")];
        check(Protocol::OpenAiChat, &parts, &[("a", None)]);
        check(Protocol::OpenAiChat, &[signed(Anthropic, "s"), call("a")], &[("a", None)]);
    }

    #[test]
    fn a_call_without_an_id_gets_one_that_the_client_will_know() {
        let parts = [signed(Maker::Gemini, "s"), call(""), call("")];
        check(Protocol::OpenAiChat, &parts, &[("call_req1_0", Some("s")), ("call_req1_1", None)]);
        check(Protocol::Anthropic, &parts, &[("toolu_req1_0", Some("s")), ("toolu_req1_1", None)]);
    }
}
