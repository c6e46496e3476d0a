//! What a Responses client refers to instead of sending it: the items of earlier answers
//! (`item_reference`), and all that led to one (`previous_response_id`).
//!
//! OpenAI looks such things up in its store. Before any other upstream is asked, they are
//! put in the place of the reference, so that everything after this sees a whole input.

use serde_json::{Value, json};

use crate::protocol::field::{self, Invalid, Object, Outcome};

/// Where answers given earlier can be looked up.
pub trait Remembered {
    /// One item of an answer.
    fn item(&self, id: &str) -> Option<Value>;

    /// The input that led to an answer and the answer itself, from the conversation's start.
    fn conversation(&self, response_id: &str) -> Option<Vec<Value>>;
}

/// What one request adds to its conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The answer it goes on from.
    pub previous: Option<String>,
    /// Its own items, whole.
    pub input: Vec<Value>,
    /// Whether the client wants to refer to the answer as a whole (`store`).
    pub is_stored: bool,
}

/// Makes the input whole; a 400 names what is not known. Returns what the request itself
/// has said.
pub fn resolve(body: &mut Object, remembered: &dyn Remembered) -> Outcome<Said> {
    let previous = field::owned(body, "previous_response_id")?;
    let is_stored = field::boolean(body, "store")?.unwrap_or(true);
    body.remove("previous_response_id");
    body.remove("store");
    let Some(mut input) = items(field::required(body, "input")?) else { return Ok(Said::default()) };
    for (index, item) in input.iter_mut().enumerate() {
        resolve_item(item, remembered).map_err(|invalid| invalid.at_index(index).at("input"))?;
    }
    let mut whole = match &previous {
        None => Vec::new(),
        Some(id) => remembered.conversation(id).ok_or_else(|| unknown(id).at("previous_response_id"))?,
    };
    whole.extend(input.iter().cloned());
    body.insert("input".to_owned(), Value::Array(whole));
    Ok(Said { previous, input, is_stored })
}

/// The items of a whole answer as its client reads it.
pub fn output_of(answer: &[u8]) -> Vec<Value> {
    let answer: Option<Object> = serde_json::from_slice(answer).ok();
    match answer.and_then(|mut answer| answer.remove("output")) {
        Some(Value::Array(output)) => output,
        _ => Vec::new(),
    }
}

/// A text is one message of the user; what is no input at all is left for the decoder.
fn items(input: &Value) -> Option<Vec<Value>> {
    match input {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) => Some(vec![json!({"type": "message", "role": "user", "content": text})]),
        _ => None,
    }
}

fn resolve_item(item: &mut Value, remembered: &dyn Remembered) -> Outcome<()> {
    if let Some(id) = referred(item) {
        *item = remembered.item(id).ok_or_else(|| unknown(id).at("id"))?;
    }
    Ok(())
}

/// The id, if the item is nothing but a reference. Its type may be left out.
fn referred(item: &Value) -> Option<&str> {
    let is_reference = match item.get("type") {
        None | Some(Value::Null) => item.get("role").is_none(),
        Some(kind) => kind == "item_reference",
    };
    item.get("id")?.as_str().filter(|_| is_reference)
}

fn unknown(id: &str) -> Invalid {
    Invalid::new(format!(
        "{id:?} is not known here, or not any more: send the whole history as `input`. What other accounts \
         have answered is remembered in memory only, within limits, and as a whole unless `store` is false"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LocalError;

    /// Knows the item `m` and, after the question `q`, the answer `r` that holds it.
    struct Known;

    impl Remembered for Known {
        fn item(&self, id: &str) -> Option<Value> {
            (id == "m").then(|| json!("item m"))
        }

        fn conversation(&self, response_id: &str) -> Option<Vec<Value>> {
            (response_id == "r").then(|| vec![json!("q"), json!("item m")])
        }
    }

    fn object(value: &Value) -> Object {
        value.as_object().expect("an object").clone()
    }

    #[track_caller]
    fn check(body: &Value, expected: &Value) {
        let mut body = object(body);
        resolve(&mut body, &Known).expect("resolved");
        assert_eq!(Value::Object(body), *expected);
    }

    #[test]
    fn what_is_referred_to_takes_the_references_place() {
        let message = json!({"role": "user", "content": "hi", "id": "m"});
        check(
            &json!({"input": [{"type": "item_reference", "id": "m"}, message, {"id": "m"}]}),
            &json!({"input": ["item m", message, "item m"]}),
        );
        check(
            &json!({"input": [message], "previous_response_id": "r", "store": false}),
            &json!({"input": ["q", "item m", message]}),
        );
        check(
            &json!({"input": "hi", "previous_response_id": null}),
            &json!({"input": [{"type": "message", "role": "user", "content": "hi"}]}),
        );
        check(&json!({"input": 7}), &json!({"input": 7}));
    }

    #[test]
    fn what_is_said_is_only_what_is_new() {
        let mut body =
            object(&json!({"input": [{"type": "item_reference", "id": "m"}], "previous_response_id": "r"}));
        let said = resolve(&mut body, &Known).expect("resolved");
        let expected = Said { previous: Some("r".to_owned()), input: vec![json!("item m")], is_stored: true };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_not_known_is_named_with_its_place() {
        for (body, words) in [
            (
                json!({"input": ["a", {"type": "item_reference", "id": "x"}]}),
                ["input[1].id: \"x\"", "whole history"],
            ),
            (
                json!({"input": [], "previous_response_id": "x"}),
                ["previous_response_id: \"x\"", "whole history"],
            ),
            (json!({"previous_response_id": "r"}), ["input: this field is required", ""]),
            (json!({"input": [], "previous_response_id": 7}), ["previous_response_id: must be a string", ""]),
        ] {
            let error = LocalError::from(resolve(&mut object(&body), &Known).expect_err("refused"));
            assert!(words.iter().all(|word| error.message.contains(word)), "{words:?}: {error}");
        }
    }
}
