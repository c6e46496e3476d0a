//! `POST /v1/audio/transcriptions`: the same sentence for every file, in the format asked
//! for.

use serde_json::{Value, json};

use super::wording::TRANSCRIPT;
use super::{pieces, tokens};
use crate::protocol::{ErrorKind, LocalError, form};

/// A transcript as the client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// `application/json`.
    Json(String),
    /// `text/plain`.
    Text(String),
    /// Server-sent events, one a string.
    Events(Vec<String>),
}

/// Answers a form. Fails with a 400 where it has no file.
pub fn answer(body: &[u8]) -> Result<Transcript, LocalError> {
    if form::field(body, "file").is_none() {
        return Err(LocalError::new(ErrorKind::InvalidRequest, "file: this field is required"));
    }
    if form::text(body, "stream").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(Transcript::Events(events().iter().map(written).collect()));
    }
    Ok(match form::text(body, "response_format").unwrap_or("json") {
        "text" => Transcript::Text(format!("{TRANSCRIPT}\n")),
        "srt" => Transcript::Text(format!("1\n00:00:00,000 --> 00:00:01,000\n{TRANSCRIPT}\n\n")),
        "vtt" => Transcript::Text(format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{TRANSCRIPT}\n\n")),
        "verbose_json" => Transcript::Json(verbose().to_string()),
        _ => {
            let usage = json!({"type": "duration", "seconds": 1});
            Transcript::Json(json!({"text": TRANSCRIPT, "usage": usage}).to_string())
        }
    })
}

/// `openai.types.audio.TranscriptionVerbose`. The duration is made up: the audio is not read.
fn verbose() -> Value {
    let segment = json!({"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": TRANSCRIPT, "tokens": [],
                         "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": 0.0});
    json!({"task": "transcribe", "language": "english", "duration": 1.0, "text": TRANSCRIPT,
           "segments": [segment], "usage": {"type": "duration", "seconds": 1}})
}

/// `openai.types.audio.TranscriptionStreamEvent`.
fn events() -> Vec<Value> {
    let output = tokens::of_text(TRANSCRIPT);
    let usage =
        json!({"type": "tokens", "input_tokens": 1, "output_tokens": output, "total_tokens": output + 1});
    let delta = |piece| json!({"type": "transcript.text.delta", "delta": piece});
    let mut events: Vec<_> = pieces::of_text(TRANSCRIPT).into_iter().map(delta).collect();
    events.push(json!({"type": "transcript.text.done", "text": TRANSCRIPT, "usage": usage}));
    events
}

/// An event with its own type for a name.
fn written(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
}
