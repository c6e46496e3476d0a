//! References of a Responses client to earlier answers: to their items (`item_reference`)
//! and to a whole conversation (`previous_response_id`).
//!
//! OpenAI looks them up in its store. Before another upstream is asked, the items replace the
//! references here, so that the decoder sees a whole input.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::chat::{crowd, work};
use crate::protocol::ErrorKind;
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::{Limits, Meter};

/// An item as JSON text: smaller than the parsed value, and of a known size before it is
/// parsed.
pub type Json = Arc<str>;

/// Earlier answers that a request may refer to.
pub trait AnswerStore {
    /// One item of an answer.
    fn item(&self, id: &str) -> Option<Json>;

    /// The items that led to an answer and those of the answer itself, from the
    /// conversation's start.
    fn conversation(&self, response_id: &str) -> Option<Vec<Json>>;
}

/// A store without any answers.
pub struct NoAnswers;

impl AnswerStore for NoAnswers {
    fn item(&self, _: &str) -> Option<Json> {
        None
    }

    fn conversation(&self, _: &str) -> Option<Vec<Json>> {
        None
    }
}

/// What one request adds to its conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Continuation {
    /// The id of the answer that it continues.
    pub previous: Option<String>,
    /// The request's own items, with references replaced; empty where nothing is stored.
    pub input: Vec<Json>,
    /// Whether the client wants to refer to the answer as a whole later (`store`).
    pub is_stored: bool,
}

/// Replaces the references in `input`. Fails with a 400 that names an unknown one, or a 413
/// where the whole input is over the limits. `length`: bytes of the body.
pub fn resolve(
    body: &mut Object,
    length: usize,
    store: &dyn AnswerStore,
    limits: Limits,
) -> Outcome<Continuation> {
    let previous = field::owned(body, "previous_response_id")?;
    let is_stored = field::boolean(body, "store")?.unwrap_or(true);
    body.remove("previous_response_id");
    body.remove("store");
    field::required(body, "input")?;
    let Some(sent) = body.get_mut("input").and_then(items) else { return Ok(Continuation::default()) };
    let mut whole = WholeInput::new(limits, length)?;
    if let Some(id) = &previous {
        let earlier = store.conversation(id).ok_or_else(|| unknown(id));
        let added = earlier.and_then(|items| items.iter().try_for_each(|item| whole.add(item)));
        added.map_err(|invalid| invalid.at("previous_response_id"))?;
    }
    let mut input = Vec::new();
    for (index, item) in sent.into_iter().enumerate() {
        let found = whole.add_sent(item, store).map_err(|invalid| invalid.at_index(index).at("input"))?;
        if is_stored {
            input.push(found.unwrap_or_else(|| text_of(whole.items.last())));
        }
    }
    body.insert("input".to_owned(), Value::Array(whole.items));
    Ok(Continuation { previous, input, is_stored })
}

/// The input while references are replaced. A reference of fifty bytes may stand for
/// megabytes, and a request may hold thousands of them.
struct WholeInput {
    items: Vec<Value>,
    bytes: Meter,
    /// How many more JSON values the store may supply.
    values: usize,
}

impl WholeInput {
    fn new(limits: Limits, length: usize) -> Outcome<Self> {
        let mut bytes = limits.of_input();
        bytes.charge(length)?;
        Ok(Self { items: Vec::new(), bytes, values: crowd::most_values(usize::MAX) })
    }

    /// Adds an item, or the one that it refers to, whose text it returns.
    fn add_sent(&mut self, item: Value, store: &dyn AnswerStore) -> Outcome<Option<Json>> {
        work::step();
        let Some(id) = referred(&item) else {
            self.items.push(item);
            return Ok(None);
        };
        let found = store.item(id).ok_or_else(|| unknown(id).at("id"))?;
        self.add(&found).map_err(|invalid| invalid.at("id"))?;
        Ok(Some(found))
    }

    fn add(&mut self, item: &Json) -> Outcome<()> {
        work::step();
        self.bytes.charge(item.len())?;
        let left = self.values.checked_sub(crowd::values_in(item.as_bytes()));
        self.values = left.ok_or_else(|| {
            let problem = "the answers that the request refers to hold more JSON values than any model reads";
            InvalidField::new(problem).kind(ErrorKind::TooLarge)
        })?;
        self.items.push(serde_json::from_str(item).unwrap_or_default());
        Ok(())
    }
}

fn text_of(item: Option<&Value>) -> Json {
    item.map(Value::to_string).unwrap_or_default().into()
}

/// The items of a whole answer, as encoded for the client.
pub fn output_of(answer: &[u8]) -> Vec<Value> {
    let answer: Option<Object> = serde_json::from_slice(answer).ok();
    match answer.and_then(|mut answer| answer.remove("output")) {
        Some(Value::Array(output)) => output,
        _ => Vec::new(),
    }
}

/// Takes the items out of their field. A text becomes one user message. `None` for an invalid
/// input, which is left for the decoder to refuse.
fn items(input: &mut Value) -> Option<Vec<Value>> {
    match input {
        Value::Array(items) => Some(std::mem::take(items)),
        Value::String(text) => {
            let text = std::mem::take(text);
            Some(vec![json!({"type": "message", "role": "user", "content": text})])
        }
        _ => None,
    }
}

/// The id, if the item is a reference. Its type may be left out.
fn referred(item: &Value) -> Option<&str> {
    let is_reference = match item.get("type") {
        None | Some(Value::Null) => item.get("role").is_none(),
        Some(kind) => kind == "item_reference",
    };
    item.get("id")?.as_str().filter(|_| is_reference)
}

fn unknown(id: &str) -> InvalidField {
    InvalidField::new(format!(
        "{id:?} is not known here, or not any more: send the whole history as `input`. Answers of other accounts \
         are kept in memory only, within limits, and not as a whole where `store` is false"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LocalError;

    /// Holds the item `m` and, after the question `q`, the answer `r` with that item.
    struct OneAnswer;

    impl AnswerStore for OneAnswer {
        fn item(&self, id: &str) -> Option<Json> {
            (id == "m").then(|| "\"item m\"".into())
        }

        fn conversation(&self, response_id: &str) -> Option<Vec<Json>> {
            (response_id == "r").then(|| vec!["\"q\"".into(), "\"item m\"".into()])
        }
    }

    fn object(value: &Value) -> Object {
        value.as_object().expect("an object").clone()
    }

    #[track_caller]
    fn check(body: &Value, expected: &Value) {
        let mut body = object(body);
        resolve(&mut body, 0, &OneAnswer, Limits::default()).expect("resolved");
        assert_eq!(Value::Object(body), *expected);
    }

    #[test]
    fn items_take_the_place_of_the_references_to_them() {
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
    fn a_request_adds_only_its_own_items() {
        let mut body =
            object(&json!({"input": [{"type": "item_reference", "id": "m"}], "previous_response_id": "r"}));
        let added = resolve(&mut body, 0, &OneAnswer, Limits::default()).expect("resolved");
        let input = vec!["\"item m\"".into()];
        assert_eq!(added, Continuation { previous: Some("r".to_owned()), input, is_stored: true });
        let message = json!({"role": "user", "content": "hi"});
        for (is_stored, expected) in [(true, vec![Json::from(message.to_string())]), (false, Vec::new())] {
            let mut body = object(&json!({"input": [message], "store": is_stored}));
            let added = resolve(&mut body, 0, &OneAnswer, Limits::default()).expect("resolved");
            assert_eq!((added.input, added.is_stored), (expected, is_stored));
        }
    }

    /// Holds the item `long` of a megabyte, and `dense` of very many values.
    struct LargeItems;

    impl AnswerStore for LargeItems {
        fn item(&self, id: &str) -> Option<Json> {
            match id {
                "long" => Some(json!("x".repeat(1_000_000)).to_string().into()),
                "dense" => Some(json!(vec![0; 100_000]).to_string().into()),
                _ => None,
            }
        }

        fn conversation(&self, response_id: &str) -> Option<Vec<Json>> {
            Some(vec![self.item(response_id)?; 1_000])
        }
    }

    #[test]
    fn referenced_items_count_and_stop_at_the_limit() {
        let limits = Limits::new(10_000_000);
        for what in ["long", "dense"] {
            let by_items = json!({"input": vec![json!({"id": what}); 1_000]});
            let by_answer = json!({"input": [], "previous_response_id": what});
            for (body, place) in [(by_items, "input["), (by_answer, "previous_response_id: ")] {
                let mut body = object(&body);
                let used = allocation_counter::measure(|| {
                    let error = resolve(&mut body, 40_000, &LargeItems, limits).expect_err("too much");
                    let error = LocalError::from(error);
                    assert_eq!(error.kind, ErrorKind::TooLarge);
                    assert!(error.message.starts_with(place), "{error}");
                });
                assert!(used.bytes_max < 150_000_000, "{what}: {} bytes", used.bytes_max);
            }
        }
        let nine = json!({"input": vec![json!({"id": "long"}); 9]});
        assert!(resolve(&mut object(&nine), 1_000, &LargeItems, limits).is_ok());
        assert!(resolve(&mut object(&nine), 2_000_000, &LargeItems, limits).is_err(), "the body counts too");
    }

    #[test]
    fn an_unknown_reference_is_named_with_its_place() {
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
            let error = LocalError::from(
                resolve(&mut object(&body), 0, &OneAnswer, Limits::default()).expect_err("refused"),
            );
            assert!(words.iter().all(|word| error.message.contains(word)), "{words:?}: {error}");
        }
    }
}
