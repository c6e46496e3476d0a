//! `openai.types.EmbeddingCreateParams` and `CreateEmbeddingResponse`, both ways.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, Response, VectorFormat};
use crate::chat::{Dropped, Failure};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits;
use crate::protocol::openai_chat::wire::Usage;
use crate::protocol::side::SideEncoded;
use crate::protocol::{Operation, ResponseContext, json as json_text};

const KNOWN: [&str; 4] = ["model", "input", "dimensions", "encoding_format"];

pub fn decode_request(body: &Object) -> Outcome<Request> {
    let inputs = decode_input(field::required(body, "input")?).map_err(|invalid| invalid.at("input"))?;
    let format = match field::string(body, "encoding_format")? {
        None | Some("float") => VectorFormat::Float,
        Some("base64") => VectorFormat::Base64,
        Some(_) => return Err(InvalidField::new("must be float or base64").at("encoding_format")),
    };
    let mut dropped = Dropped::default();
    field::unknown_names(body, &KNOWN).for_each(|key| dropped.note(key.clone()));
    Ok(Request { inputs, dimensions: field::count(body, "dimensions")?, format, dropped })
}

/// One text, or a list of texts.
fn decode_input(input: &Value) -> Outcome<Vec<String>> {
    let list = match input {
        Value::String(text) => return Ok(vec![text.clone()]),
        Value::Array(list) if !list.is_empty() => list,
        Value::Array(_) => return Err(InvalidField::new("is empty")),
        _ => return Err(InvalidField::new("must be a string or a list of strings")),
    };
    limits::at_most(limits::MOST_INPUTS, list.len(), "texts")?;
    let mut inputs = Vec::with_capacity(list.len());
    field::each_of(list, |input| {
        let is_ids = input.is_number() || input.is_array();
        if is_ids {
            return Err(InvalidField::new("token ids mean nothing to another vendor's model; send the text"));
        }
        inputs.push(field::as_str(input)?.to_owned());
        Ok(())
    })?;
    Ok(inputs)
}

pub fn encode_request(request: &Request, model: &str) -> SideEncoded {
    let mut body = json!({"model": model, "input": request.inputs, "encoding_format": "float"});
    if let Some(dimensions) = request.dimensions {
        body["dimensions"] = json!(dimensions);
    }
    SideEncoded {
        operation: Operation::Embeddings,
        body: json_text::to_bytes(&body),
        copies: 1,
        dropped: request.dropped.clone(),
    }
}

#[derive(Deserialize)]
struct CreateEmbeddingResponse {
    data: Vec<Embedding>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f64>,
}

pub fn decode_response(body: &[u8]) -> Result<Response, Failure> {
    let mut answer: CreateEmbeddingResponse =
        serde_json::from_slice(body).map_err(|error| json_text::nonsense(&error))?;
    answer.data.sort_by_key(|embedding| embedding.index);
    Ok(Response {
        vectors: answer.data.into_iter().map(|embedding| embedding.embedding).collect(),
        tokens: answer.usage.map(|usage| usage.to_chat().input),
    })
}

pub fn encode_response(
    request: &Request,
    response: Response,
    tokens: u64,
    context: &ResponseContext,
) -> Value {
    let embedding = |(index, vector): (usize, Vec<f64>)| {
        let vector = unit(vector);
        let embedding = match request.format {
            VectorFormat::Float => json!(vector),
            VectorFormat::Base64 => json!(base64(&vector)),
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let data: Value = response.vectors.into_iter().enumerate().map(embedding).collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    json!({"object": "list", "data": data, "model": context.model, "usage": usage})
}

/// Scales a vector to length one. OpenAI's vectors have it, and clients rely on it to compare
/// them; Gemini's have it at full size alone (<https://ai.google.dev/gemini-api/docs/embeddings#quality-for-smaller-dimensions>).
fn unit(vector: Vec<f64>) -> Vec<f64> {
    /// The largest error of rounding to 32 bits.
    const EXACT: f64 = 1e-4;
    let length = vector.iter().map(|component| component * component).sum::<f64>().sqrt();
    if length == 0.0 || (length - 1.0).abs() < EXACT {
        return vector;
    }
    vector.into_iter().map(|component| component / length).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the format has 32 bits")]
fn base64(vector: &[f64]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|component| (*component as f32).to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LocalError;

    fn read(body: &Value) -> Result<Request, LocalError> {
        decode_request(body.as_object().expect("an object")).map_err(LocalError::from)
    }

    #[test]
    fn texts_are_read_alone_or_in_a_list() {
        let read = |input| read(&json!({"model": "m", "input": input, "user": "u"})).expect("valid");
        assert_eq!(read(json!("a")).inputs, ["a"]);
        assert_eq!(read(json!(["a", "b"])).inputs, ["a", "b"]);
        assert_eq!(read(json!("a")).dropped.to_string(), "user");
    }

    #[test]
    fn what_cannot_be_embedded_elsewhere_is_refused_by_field() {
        for (body, expected) in [
            (json!({}), "input: this field is required"),
            (json!({"input": []}), "input: is empty"),
            (json!({"input": [1, 2]}), "input[0]: token ids"),
            (json!({"input": vec!["a"; 2_049]}), "input: has 2049 texts; at most 2048"),
            (json!({"input": ["a", [1]]}), "input[1]: token ids"),
            (json!({"input": 7}), "input: must be a string"),
            (json!({"input": "a", "encoding_format": "int8"}), "encoding_format: must be"),
            (json!({"input": "a", "dimensions": -1}), "dimensions: must be"),
        ] {
            let error = read(&body).expect_err("refused");
            assert!(error.message.starts_with(expected), "{body}: {error}");
        }
    }

    #[test]
    fn vectors_have_length_one_in_the_format_asked_for() {
        let context = ResponseContext::new("id", 1, "asked");
        let response = Response { vectors: vec![vec![3.0, 4.0]], tokens: None };
        let written = |format| {
            let request = Request { format, ..Request::default() };
            encode_response(&request, response.clone(), 5, &context)["data"][0]["embedding"].clone()
        };
        assert_eq!(written(VectorFormat::Float), json!([0.6, 0.8]));
        let bytes =
            BASE64_STANDARD.decode(written(VectorFormat::Base64).as_str().expect("text")).expect("base64");
        assert_eq!(bytes, [0.6_f32.to_le_bytes(), 0.8_f32.to_le_bytes()].concat());
    }

    #[test]
    fn answers_are_read_in_the_order_of_the_inputs() {
        let body = br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":3}}"#;
        let expected = Response { vectors: vec![vec![1.0], vec![2.0]], tokens: Some(3) };
        assert_eq!(decode_response(body), Ok(expected));
    }
}
