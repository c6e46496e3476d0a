//! Whether a sentence of an upstream is believed when it says that an account is dead.
//!
//! Upstreams repeat what they were sent, with quotes around it or without. A sentence that
//! the request itself holds proves nothing, and whatever it is, one request takes out one
//! account at most by what is only said.

use serde_json::Value;

use super::exchange::Incoming;
use crate::upstream::failure::plain;
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
        if holds(incoming, frames, sentence) {
            failure.fault = Fault::Request;
        } else if !self.has_condemned {
            self.has_condemned = true;
            failure.fault = Fault::Account;
        }
    }
}

/// Whether anything in the request that reaches an upstream says this.
fn holds(incoming: &Incoming, frames: &Frames, sentence: &str) -> bool {
    let says = |text: &str| plain(text).contains(sentence);
    let headers = || incoming.headers.values().filter_map(|value| value.to_str().ok());
    let in_path = [incoming.model_in_path.as_deref(), incoming.query.as_deref(), Some(&*incoming.path)];
    if in_path.into_iter().flatten().any(says) || headers().any(says) || frames.len() > LARGEST_SEARCHED {
        return true;
    }
    let body = frames.to_bytes();
    match serde_json::from_slice::<Value>(&body) {
        Ok(body) => any_text(&body, &says),
        Err(_) => says(&String::from_utf8_lossy(&body)),
    }
}

fn any_text(value: &Value, says: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => says(text),
        Value::Array(list) => list.iter().any(|value| any_text(value, says)),
        Value::Object(members) => members.iter().any(|(name, value)| says(name) || any_text(value, says)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::protocol::Operation;

    const SENTENCE: &str = "api key not valid";

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
    }
}
