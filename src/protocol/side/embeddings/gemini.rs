//! `google.genai.types.EmbedContentConfig` as it goes over the wire, alone
//! (`embedContent`) and in a batch (`batchEmbedContents`), both ways.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, Response};
use crate::chat::Failure;
use crate::protocol::field::{self, Object};
use crate::protocol::gemini::spelling;
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::{self, Limits};
use crate::protocol::models::bare_id;
use crate::protocol::side::SideEncoded;
use crate::protocol::{Operation, json as json_text};

const KNOWN: [&str; 4] = ["model", "content", "outputDimensionality", "embedContentConfig"];

pub fn decode_request(body: Object) -> Outcome<Request> {
    let mut request = Request::default();
    decode_one(&spelling::to_camel_case(body), &mut request)?;
    Ok(request)
}

pub fn decode_batch_request(body: Object) -> Outcome<Request> {
    let body = spelling::to_camel_case(body);
    let mut request = Request::default();
    field::required(&body, "requests")?;
    let sent = field::list(&body, "requests")?.len();
    limits::at_most(limits::MOST_INPUTS, sent, "texts").map_err(|invalid| invalid.at("requests"))?;
    field::each(&body, "requests", |one| decode_one(field::as_object(one)?, &mut request))?;
    if request.inputs.is_empty() {
        return Err(InvalidField::new("is empty").at("requests"));
    }
    Ok(request)
}

/// Adds one text to the request. Newer SDKs write the options in an inner config.
fn decode_one(one: &Object, request: &mut Request) -> Outcome<()> {
    let content = field::as_object(field::required(one, "content")?)?;
    let mut text = String::new();
    field::each(content, "parts", |part| {
        let part = field::as_object(part)?;
        match field::string(part, "text")? {
            Some(more) => text.push_str(more),
            None => return Err(InvalidField::new("only text can be embedded by another vendor's model")),
        }
        Ok(())
    })
    .map_err(|invalid| invalid.at("content"))?;
    let options = field::object(one, "embedContentConfig")?.unwrap_or(one);
    let dimensions = field::count(options, "outputDimensionality")?;
    if !request.inputs.is_empty() && request.dimensions != dimensions {
        let problem = "must be the same in all requests; another vendor's API takes it once";
        return Err(InvalidField::new(problem).at("outputDimensionality"));
    }
    for key in field::unknown_names(options, &KNOWN) {
        request.dropped.note(key.clone());
    }
    request.dimensions = dimensions;
    request.inputs.push(text);
    Ok(())
}

/// Writes a batch, also for one text. Each text repeats the model's name.
pub fn encode_request(request: &Request, model: &str, limits: Limits) -> Outcome<SideEncoded> {
    let model = format!("models/{}", bare_id(model));
    limits.of_output().charge(model.len().saturating_mul(request.inputs.len()))?;
    let one = |input: &String| {
        let mut one = json!({"model": model, "content": {"parts": [{"text": input}]}});
        if let Some(dimensions) = request.dimensions {
            one["outputDimensionality"] = json!(dimensions);
        }
        one
    };
    let requests: Value = request.inputs.iter().map(one).collect();
    Ok(SideEncoded {
        operation: Operation::BatchEmbedContents,
        body: json_text::to_bytes_within(&json!({"requests": requests}), limits.of_output())?,
        copies: 1,
        dropped: request.dropped.clone(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchEmbedContentsResponse {
    embeddings: Vec<ContentEmbedding>,
    #[serde(default)]
    usage_metadata: Option<UsageMetadata>,
}

#[derive(Deserialize)]
struct ContentEmbedding {
    values: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageMetadata {
    #[serde(default)]
    prompt_token_count: Option<u64>,
}

pub fn decode_response(body: &[u8]) -> Result<Response, Failure> {
    let answer: BatchEmbedContentsResponse =
        serde_json::from_slice(body).map_err(|error| json_text::nonsense(&error))?;
    Ok(Response {
        vectors: answer.embeddings.into_iter().map(|embedding| embedding.values).collect(),
        tokens: answer.usage_metadata.and_then(|usage| usage.prompt_token_count),
    })
}

pub fn encode_response(response: &Response) -> Value {
    json!({"embedding": {"values": response.vectors.first()}})
}

pub fn encode_batch_response(response: &Response) -> Value {
    let embeddings: Value = response.vectors.iter().map(|vector| json!({"values": vector})).collect();
    json!({"embeddings": embeddings})
}

#[cfg(test)]
mod tests {
    use super::super::VectorFormat;
    use super::*;
    use crate::protocol::LocalError;

    fn object(body: &Value) -> Object {
        body.as_object().expect("an object").clone()
    }

    #[test]
    fn one_text_and_a_batch_are_read_in_either_spelling() {
        let one = json!({"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "output_dimensionality": 8,
            "taskType": "RETRIEVAL_QUERY"});
        let request = decode_request(object(&one)).expect("valid");
        assert_eq!((request.inputs, request.dimensions), (vec!["ab".to_owned()], Some(8)));
        assert_eq!(request.dropped.to_string(), "taskType");
        let nested =
            json!({"content": {"parts": [{"text": "c"}]}, "embedContentConfig": {"outputDimensionality": 8}});
        let batch = decode_batch_request(object(&json!({"requests": [one, nested]}))).expect("valid");
        assert_eq!((batch.inputs, batch.dimensions), (vec!["ab".to_owned(), "c".to_owned()], Some(8)));
    }

    #[test]
    fn what_cannot_be_embedded_elsewhere_is_refused_by_field() {
        let text = json!({"parts": [{"text": "a"}]});
        let picture = json!({"parts": [{"inlineData": {"data": ""}}]});
        for (body, expected) in [
            (json!({}), "requests: this field is required"),
            (json!({"requests": []}), "requests: is empty"),
            (json!({"requests": [{}]}), "requests[0].content: this field is required"),
            (json!({"requests": vec![json!({}); 2_049]}), "requests: has 2049 texts; at most 2048"),
            (json!({"requests": [{"content": picture}]}), "requests[0].content.parts[0]: only text"),
            (
                json!({"requests": [{"content": text}, {"content": text, "outputDimensionality": 8}]}),
                "requests[1].outputDimensionality: must be the same",
            ),
        ] {
            let error = LocalError::from(decode_batch_request(object(&body)).expect_err("refused"));
            assert!(error.message.starts_with(expected), "{body}: {error}");
        }
    }

    #[test]
    fn each_text_of_a_batch_names_the_model() {
        let request = Request {
            inputs: vec!["a".to_owned()],
            dimensions: Some(8),
            format: VectorFormat::Base64,
            ..Request::default()
        };
        let written = |model: &str| encode_request(&request, model, Limits::new(1_000));
        let sent: Value =
            serde_json::from_slice(&written("gemini-embedding-001").expect("encodable").body).expect("JSON");
        assert_eq!(
            sent,
            json!({"requests": [{"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a"}]},
                "outputDimensionality": 8}]})
        );
        let error = LocalError::from(written(&"m".repeat(3_000)).expect_err("too much"));
        assert!(error.message.contains("2000 bytes"), "{error}");
    }
}
