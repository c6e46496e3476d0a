//! `google.genai.types.GenerateContentResponse` in chunks, both ways.
//!
//! Each chunk is a whole response with the new parts. Calls come whole. The last chunk with
//! content has the finish reason; there is no other terminator.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::chunk::{encode_call, encode_chunk, encode_usage, push_signature};
use super::error;
use super::terms::{UNUSABLE, citations, finish_name, finish_reason, grounding};
use super::wire::{self, Candidate, Chunk};
use crate::chat::{
    self, Citation, Delta, Event, Failure, FinishReason, Maker, PartStart, Signature, ToolUse,
};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::failure::for_client;
use crate::protocol::framing::Frame;
use crate::protocol::sse;

/// Reads an upstream's chunks.
#[derive(Debug, Default)]
pub struct Decoder {
    calls: u64,
    finish: Option<FinishReason>,
}

impl Decoder {
    pub fn take(&mut self, data: &str, frame: &mut Frame) -> Result<(), serde_json::Error> {
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let chunk: Chunk<'_> = serde_json::from_str(data)?;
        if chunk.error.is_some() {
            frame.fail(decode_error_event(data.as_bytes()));
            return Ok(());
        }
        frame.start(chunk.response_id.some(), chunk.model_version.some(), None);
        for candidate in chunk.candidates.iter().filter(|candidate| candidate.index == 0) {
            self.candidate(candidate, frame);
        }
        let blocked = chunk.prompt_feedback.as_ref().and_then(|feedback| feedback.block_reason.some());
        if blocked.is_some() && chunk.candidates.is_empty() {
            self.finish = Some(FinishReason::ContentFilter);
        }
        if let Some(usage) = chunk.usage_metadata {
            frame.usage(usage.to_chat());
        }
        Ok(())
    }

    /// Finishes an answer that has a reason. More chunks may follow the reason, so only the end
    /// of the stream ends the answer.
    pub fn end(&mut self, frame: &mut Frame) {
        if let Some(reason) = self.finish.take() {
            frame.finish(reason);
        }
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, frame: &mut Frame) {
        for part in &candidate.content.parts {
            self.part(part, frame);
        }
        if let Some(grounding) = &candidate.grounding_metadata {
            // One text may support every source, and each citation repeats it.
            citations(grounding, |citation| {
                frame.citation(citation);
                !frame.is_over()
            });
        }
        match candidate.finish_reason.some() {
            None => {}
            Some(reason) if UNUSABLE.contains(&reason) => {
                let reported = candidate.finish_message.some().unwrap_or("the upstream gave no details");
                frame.fail(Failure::broken(format!("the model's answer is unusable ({reason}): {reported}")));
            }
            Some(reason) => self.finish = Some(finish_reason(reason)),
        }
    }

    fn part(&mut self, part: &wire::Part<'_>, frame: &mut Frame) {
        let signature = part.thought_signature.some().map(|value| Signature::new(Maker::Gemini, value));
        if let Some(call) = &part.function_call {
            if let Some(signature) = signature {
                frame.signature(signature);
            }
            self.call(call, frame);
            return;
        }
        if part.thought {
            frame.thinking(&part.text);
        } else {
            frame.text(&part.text);
        }
        if let Some(blob) = &part.inline_data {
            // No other protocol's answers hold pictures; as text it is not lost.
            frame.text(&format!("![image](data:{};base64,{})", &*blob.mime_type, &*blob.data));
        }
        if let Some(signature) = signature {
            frame.signature(signature);
        }
    }

    fn call(&mut self, call: &wire::FunctionCall<'_>, frame: &mut Frame) {
        let key = self.calls;
        self.calls += 1;
        frame.call(key, &call.id, &call.name, false);
        if let Some(args) = call.args.map(RawValue::get).filter(|args| *args != "null") {
            frame.arguments(key, args);
        }
        frame.call_is_whole(key);
    }
}

/// Writes a client's chunks, as server-sent events or as one JSON array.
#[derive(Debug)]
pub struct Encoder {
    context: ResponseContext,
    usage: Option<chat::Usage>,
    parts: usize,
    /// The call that is being collected: Gemini clients get calls whole.
    call: Option<ToolUse>,
    has_broken_call: bool,
    signature: Option<String>,
    citations: Vec<Citation>,
    has_written: bool,
    /// What a chunk of one text ends with. Copying it takes 50 ns a chunk; serializing the
    /// same fields takes 400 ns.
    text_tail: Vec<u8>,
}

/// What a chunk of one text begins with.
const TEXT_HEAD: &[u8] = b"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":";

impl Encoder {
    pub fn new(context: ResponseContext) -> Self {
        let (model, id) = (json!(context.model), json!(context.id("")));
        let tail =
            format!("}}],\"role\":\"model\"}},\"index\":0}}],\"modelVersion\":{model},\"responseId\":{id}}}");
        Self {
            usage: None,
            parts: 0,
            call: None,
            has_broken_call: false,
            signature: None,
            citations: Vec::new(),
            has_written: false,
            text_tail: tail.into_bytes(),
            context,
        }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => self.usage = *usage,
            Event::PartStarted(start) => self.open(start, out),
            Event::Delta(delta) => self.delta(delta, out),
            Event::PartFinished => self.close(out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Finished(reason) => self.end(reason, out),
            Event::Failed(failure) => {
                self.write(&error::body(&for_client(failure)), out);
                self.end_array(out);
            }
        }
    }

    fn open(&mut self, start: &PartStart, out: &mut BytesMut) {
        self.parts += 1;
        match start {
            PartStart::ToolUse { id, name, freeform } => {
                let (id, name) = (id.clone(), name.clone());
                self.call = Some(ToolUse { id, name, freeform: *freeform, arguments: String::new() });
            }
            PartStart::RedactedThinking(own) => self.sign(own.wrap_redacted(Maker::Gemini), out),
            PartStart::Text | PartStart::Thinking => {}
        }
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) => match self.signature.take() {
                Some(signature) => {
                    self.chunk(&[json!({"text": text, "thoughtSignature": signature})], out);
                }
                None => self.text(text, false, out),
            },
            Delta::Thinking(_) if self.context.hides_thoughts => {}
            Delta::Thinking(text) => self.text(text, true, out),
            Delta::Signature(own) => self.sign(own.wrap(Maker::Gemini), out),
            Delta::Arguments(piece) => {
                if let Some(call) = &mut self.call {
                    call.arguments.push_str(piece);
                }
            }
            Delta::Citation(found) => self.citations.push(found.clone()),
        }
    }

    fn sign(&mut self, slot: String, out: &mut BytesMut) {
        let mut parts = Vec::new();
        push_signature(&mut self.signature, Some(slot), &mut parts);
        if !parts.is_empty() {
            self.chunk(&parts, out);
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        let Some(call) = self.call.take() else { return };
        match encode_call(&call, self.parts - 1, &self.context) {
            Some(mut part) => {
                if let Some(signature) = self.signature.take() {
                    part["thoughtSignature"] = json!(signature);
                }
                self.chunk(&[part], out);
            }
            None => self.has_broken_call = true,
        }
    }

    /// Ends the answer. A call whose arguments are not a JSON object could not be written;
    /// unless a token limit cut it off, the reason states that.
    fn end(&mut self, reason: &FinishReason, out: &mut BytesMut) {
        let reason = match finish_name(reason) {
            "STOP" if self.has_broken_call => "MALFORMED_FUNCTION_CALL",
            reason => reason,
        };
        let mut part = json!({"text": ""});
        if let Some(signature) = self.signature.take() {
            part["thoughtSignature"] = json!(signature);
        }
        let mut chunk = encode_chunk(&[part], Some(reason), &self.context);
        if !self.citations.is_empty() {
            chunk["candidates"][0]["groundingMetadata"] = grounding(&self.citations);
        }
        chunk["usageMetadata"] = encode_usage(self.usage);
        self.write(&chunk, out);
        self.end_array(out);
    }

    fn chunk(&mut self, parts: &[Value], out: &mut BytesMut) {
        let chunk = encode_chunk(parts, None, &self.context);
        self.write(&chunk, out);
    }

    /// The chunk that a stream is mostly made of.
    fn text(&mut self, text: &str, is_thought: bool, out: &mut BytesMut) {
        self.begin_chunk(out);
        out.put_slice(TEXT_HEAD);
        sse::write_json(out, &text);
        if is_thought {
            out.put_slice(b",\"thought\":true");
        }
        out.put_slice(&self.text_tail);
        self.end_chunk(out);
    }

    fn write(&mut self, chunk: &impl Serialize, out: &mut BytesMut) {
        self.begin_chunk(out);
        sse::write_json(out, chunk);
        self.end_chunk(out);
    }

    fn begin_chunk(&mut self, out: &mut BytesMut) {
        let is_first = !std::mem::replace(&mut self.has_written, true);
        out.put_slice(match (self.context.json_array, is_first) {
            (true, true) => b"[",
            (true, false) => b",\r\n",
            (false, _) => b"data: ",
        });
    }

    fn end_chunk(&self, out: &mut BytesMut) {
        if !self.context.json_array {
            out.put_slice(b"\r\n\r\n");
        }
    }

    fn end_array(&self, out: &mut BytesMut) {
        if self.context.json_array {
            out.put_slice(b"]");
        }
    }
}
