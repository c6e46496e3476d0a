//! Whether an upstream's sentence is believed when it says that an account is dead.
//!
//! Upstreams repeat what they were sent, with or without quotes. A sentence that the request
//! holds proves nothing, and one request takes out at most one account by a sentence.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::exchange::Incoming;
use crate::upstream::{Failure, Fault, Frames};

/// A larger request is not searched: it counts as holding the sentence.
const LARGEST_SEARCHED: usize = 8 << 20;

/// Decides for one request which sentences are believed.
#[derive(Debug, Default)]
pub struct Judge {
    /// One account has been taken out.
    has_condemned: bool,
}

impl Judge {
    /// Replaces a fault by sentence with the fault to act on. The second one in a request stays
    /// as it is: the account rests, and the next account is asked.
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

/// Whether the request holds the sentence anywhere, in any spelling and with anything but letters
/// and digits in between: an upstream may undo escapes and leave characters out.
fn holds(incoming: &Incoming, frames: &Frames, sentence: &str) -> bool {
    if frames.len() > LARGEST_SEARCHED {
        return true;
    }
    let mut text = String::new();
    let in_path = [incoming.model_in_path.as_deref(), incoming.query.as_deref(), Some(&*incoming.path)];
    let headers = incoming.headers.values().filter_map(|value| value.to_str().ok());
    in_path.into_iter().flatten().chain(headers).for_each(|part| add(part, &mut text));
    let body = frames.to_bytes();
    match serde_json::from_slice::<Value>(&body) {
        Ok(body) => add_all(&body, &mut text),
        Err(_) => add(&String::from_utf8_lossy(&body), &mut text),
    }
    let mut wanted = String::new();
    add(sentence, &mut wanted);
    text.contains(&wanted)
}

/// Adds every text in a JSON value.
fn add_all(value: &Value, text: &mut String) {
    match value {
        Value::String(part) => add(part, text),
        Value::Array(list) => list.iter().for_each(|value| add_all(value, text)),
        Value::Object(members) => {
            for (name, value) in members {
                add(name, text);
                add_all(value, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds the letters and digits of a part in lower case, with escapes undone.
fn add(part: &str, text: &mut String) {
    let part = percent_decode_str(part).decode_utf8_lossy();
    let mut rest = &*part;
    while let Some((before, after)) = rest.split_once("\\u") {
        add_letters(before, text);
        let code = after.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let escaped = code.and_then(char::from_u32);
        text.extend(
            escaped.filter(|letter| letter.is_alphanumeric()).iter().flat_map(|letter| letter.to_lowercase()),
        );
        rest = if escaped.is_some() { &after[4..] } else { after };
    }
    add_letters(rest, text);
}

fn add_letters(part: &str, text: &mut String) {
    text.extend(part.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase));
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
    fn a_sentence_that_the_request_holds_is_the_requests_own() {
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
    fn one_request_takes_out_at_most_one_account_by_a_sentence() {
        let mut judge = Judge::default();
        assert_eq!(weigh(&mut judge, r#"{"model":"m"}"#), Fault::Account);
        assert_eq!(weigh(&mut judge, r#"{"model":"m"}"#), Fault::AccountBySentence(SENTENCE));
        assert_eq!(weigh(&mut Judge::default(), r#"{"m":"api key not so valid"}"#), Fault::Account);
    }
}
