//! `openai.types.CompletionCreateParams`, read as a conversation of one turn.

use serde_json::Value;

use crate::chat::{Maker, Part, Request, Role};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::openai_chat::request::{decode_sampling, decode_stream};

const KNOWN: [&str; 16] = [
    "model",
    "prompt",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "n",
    "best_of",
    "echo",
    "suffix",
];

pub fn decode(mut body: Object) -> Outcome<Request> {
    let mut request = Request::new(Maker::OpenAi, field::required_string(&body, "model")?);
    let prompt = decode_prompt(field::required(&body, "prompt")?).map_err(|invalid| invalid.at("prompt"))?;
    request.add(Role::User, vec![Part::text(prompt)]);
    if field::string(&body, "suffix")?.is_some_and(|suffix| !suffix.is_empty()) {
        let problem = "only a model with /v1/completions can fill in the middle; this one is asked in a chat";
        return Err(InvalidField::new(problem).at("suffix"));
    }
    decode_stream(&body, &mut request)?;
    request.sampling = decode_sampling(&body)?;
    for key in ["n", "best_of"] {
        request.dropped.note_if(field::count(&body, key)?.is_some_and(|answers| answers > 1), key);
    }
    request.dropped.note_if(field::boolean(&body, "echo")?.unwrap_or(false), "echo");
    request.unknown = field::unknown(&mut body, &KNOWN);
    Ok(request)
}

/// A text, or a list of one text.
fn decode_prompt(prompt: &Value) -> Outcome<&str> {
    match prompt {
        Value::String(text) => Ok(text),
        Value::Array(prompts) => match prompts.as_slice() {
            [Value::String(only)] => Ok(only),
            [] => Err(InvalidField::new("is empty")),
            [Value::String(_), ..] => Err(InvalidField::new(
                "has several prompts, and a chat can answer one; send a request for each",
            )),
            _ => Err(InvalidField::new("token ids mean nothing to another vendor's model; send the text")),
        },
        _ => Err(InvalidField::new("must be a string, or a list of one string")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::LocalError;

    fn read(body: &Value) -> Result<Request, LocalError> {
        let body = body.as_object().expect("an object").clone();
        decode(body).map_err(LocalError::from)
    }

    #[test]
    fn a_prompt_becomes_one_turn_however_it_is_written() {
        for prompt in [json!("once"), json!(["once"])] {
            let body = json!({"model": "m", "prompt": prompt, "max_tokens": 5, "stop": "\n", "echo": true});
            let request = read(&body).expect("valid");
            assert_eq!(request.turns.len(), 1);
            assert_eq!(request.turns[0].parts, [Part::text("once")]);
            assert_eq!((request.sampling.max_output, request.sampling.stop.len()), (Some(5), 1));
            assert_eq!(request.dropped.to_string(), "echo");
        }
    }

    #[test]
    fn what_a_chat_cannot_continue_is_refused_by_name() {
        for (body, expected) in [
            (json!({"model": "m"}), "prompt: this field is required"),
            (json!({"model": "m", "prompt": ["a", "b"]}), "prompt: has several prompts"),
            (json!({"model": "m", "prompt": [1, 2]}), "prompt: token ids"),
            (json!({"model": "m", "prompt": [[1, 2]]}), "prompt: token ids"),
            (json!({"model": "m", "prompt": []}), "prompt: is empty"),
            (json!({"model": "m", "prompt": 5}), "prompt: must be a string"),
            (json!({"model": "m", "prompt": "a", "suffix": "b"}), "suffix: only a model"),
        ] {
            let error = read(&body).expect_err("refused");
            assert!(error.message.starts_with(expected), "{body}: {error}");
        }
    }
}
