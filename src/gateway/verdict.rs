//! Whether a sentence of an upstream is believed when it says that an account is dead.
//!
//! Upstreams repeat what they were sent, with quotes around it or without. A sentence that
//! the request itself holds proves nothing, and whatever it is, one request takes out one
//! account at most by what is only said.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::exchange::Incoming;
use crate::upstream::{Failure, Fault, Frames};

/// A larger request is not searched, and taken to hold the sentence.
const LARGEST_SEARCHED: usize = 8 << 20;

/// What one request has done to accounts by words alone.
#[derive(Debug, Default)]
pub struct Judge {
    has_condemned: bool,
}

impl Judge {
    /// Makes of an accusation what is to be believed of it. The second in one request stays
    /// an accusation: the account rests, and the next one is asked.
    pub fn weigh(&mut self, failure: &mut Failure, incoming: &Incoming, frames: &Frames) {
        let Fault::AccountBySentence(sentence) = failure.fault else { return };
        if holds(incoming, frames, sentence.text) {
            failure.fault = Fault::Request;
        } else if !self.has_condemned {
            self.has_condemned = true;
            failure.fault = sentence.means.fault();
        }
    }
}

/// Whether the request says this anywhere, in whatever spelling and with whatever between
/// its letters: an upstream may undo the one and leave out the other.
fn holds(incoming: &Incoming, frames: &Frames, sentence: &str) -> bool {
    if frames.len() > LARGEST_SEARCHED {
        return true;
    }
    let mut heard = String::new();
    let in_path = [incoming.model_in_path.as_deref(), incoming.query.as_deref(), Some(&*incoming.path)];
    let headers = incoming.headers.values().filter_map(|value| value.to_str().ok());
    in_path.into_iter().flatten().chain(headers).for_each(|text| hear(text, &mut heard));
    let body = frames.to_bytes();
    match serde_json::from_slice::<Value>(&body) {
        Ok(body) => hear_all(&body, &mut heard),
        Err(_) => hear(&String::from_utf8_lossy(&body), &mut heard),
    }
    let mut wanted = String::new();
    hear(sentence, &mut wanted);
    heard.contains(&wanted)
}

fn hear_all(value: &Value, heard: &mut String) {
    match value {
        Value::String(text) => hear(text, heard),
        Value::Array(list) => list.iter().for_each(|value| hear_all(value, heard)),
        Value::Object(members) => {
            for (name, value) in members {
                hear(name, heard);
                hear_all(value, heard);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds the letters and digits of a text in lower case, with escapes undone.
fn hear(text: &str, heard: &mut String) {
    let text = percent_decode_str(text).decode_utf8_lossy();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once("\\u") {
        letters(before, heard);
        let code = after.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let escaped = code.and_then(char::from_u32);
        heard.extend(
            escaped.filter(|letter| letter.is_alphanumeric()).iter().flat_map(|letter| letter.to_lowercase()),
        );
        rest = if escaped.is_some() { &after[4..] } else { after };
    }
    letters(rest, heard);
}

fn letters(text: &str, heard: &mut String) {
    heard.extend(text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase));
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::protocol::Operation;
    use crate::upstream::failure::{Means, Sentence};

    const SENTENCE: Sentence = Sentence { text: "api key not valid", means: Means::Dead };

    fn weigh(judge: &mut Judge, body: &'static str) -> Fault {
        let incoming = Incoming {
            id: String::new(),
            operation: Operation::ChatCompletions,
            model_in_path: None,
            version: None,
            path: "/v1/chat/completions".to_owned(),
            query: None,
            hint: None,
            headers: HeaderMap::new(),
            peer: None,
        };
        let mut failure =
            Failure { fault: Fault::AccountBySentence(SENTENCE), status: None, reason: "said".into() };
        judge.weigh(&mut failure, &incoming, &Frames::from(Bytes::from_static(body.as_bytes())));
        failure.fault
    }

    #[test]
    fn a_sentence_that_the_request_holds_is_the_requests() {
        for body in [
            r#"{"model":"API key not valid"}"#,
            r#"{"tools":[{"properties":{"Api Key NOT\u0020valid!":1}}]}"#,
            r#"{"m":["x \u0041PI key\n not\u200b valid x"]}"#,
            r#"{"m":"\\u0061pi \"\" k\\u0065y %6eot 'valid"}"#,
            r#"{"api \\key":{"not":"valid"}}"#,
            "--boundary\r\n\r\nAPI key not valid\r\n--boundary--",
        ] {
            assert_eq!(weigh(&mut Judge::default(), body), Fault::Request, "{body}");
        }
    }

    #[test]
    fn one_request_takes_out_one_account_by_what_is_only_said() {
        let mut judge = Judge::default();
        assert_eq!(weigh(&mut judge, r#"{"model":"m"}"#), Fault::Account);
        assert_eq!(weigh(&mut judge, r#"{"model":"m"}"#), Fault::AccountBySentence(SENTENCE));
        assert_eq!(weigh(&mut Judge::default(), r#"{"m":"api key not so valid"}"#), Fault::Account);
    }
}
