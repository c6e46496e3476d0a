//! `POST /v1/audio/transcriptions`: says that it is the demo, in the format asked for.

use serde_json::json;

use super::fields::{self, Invalid};
use super::wording::TRANSCRIPT;
use super::{Answer, reply, tokens};

const PLAIN: &str = "text/plain; charset=utf-8";

pub fn answer(body: &[u8]) -> Result<Answer, Invalid> {
    if !fields::form_has(body, "file") {
        return Err(Invalid::missing("file"));
    }
    if fields::form_field(body, "stream").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(stream());
    }
    Ok(match fields::form_field(body, "response_format").unwrap_or("json") {
        "text" => Answer::whole(PLAIN, format!("{TRANSCRIPT}\n")),
        "srt" => Answer::whole(PLAIN, format!("1\n00:00:00,000 --> 00:00:01,000\n{TRANSCRIPT}\n\n")),
        "vtt" => Answer::whole(PLAIN, format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{TRANSCRIPT}\n\n")),
        "verbose_json" => verbose(),
        _ => Answer::json(&json!({"text": TRANSCRIPT, "usage": {"type": "duration", "seconds": 1}})),
    })
}

/// `openai.types.audio.TranscriptionVerbose`. The length is made up: the audio is not read.
fn verbose() -> Answer {
    let segment = json!({"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": TRANSCRIPT, "tokens": [],
                         "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": 0.0});
    Answer::json(&json!({"task": "transcribe", "language": "english", "duration": 1.0, "text": TRANSCRIPT,
                         "segments": [segment], "usage": {"type": "duration", "seconds": 1}}))
}

/// `openai.types.audio.TranscriptionStreamEvent`.
fn stream() -> Answer {
    let output = tokens::of_text(TRANSCRIPT);
    let usage =
        json!({"type": "tokens", "input_tokens": 1, "output_tokens": output, "total_tokens": output + 1});
    let delta = |piece| json!({"type": "transcript.text.delta", "delta": piece});
    let mut events: Vec<_> = reply::pieces(TRANSCRIPT).into_iter().map(delta).collect();
    events.push(json!({"type": "transcript.text.done", "text": TRANSCRIPT, "usage": usage}));
    Answer::named_events(&events)
}
