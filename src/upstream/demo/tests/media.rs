//! Embeddings, images and audio.

use super::*;

#[test]
fn embeddings_are_unit_vectors_and_alike_for_like_texts() {
    let vector = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a vector").iter().filter_map(Value::as_f64).collect()
    };
    let product =
        |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    let texts = ["the cat sat on the mat", "a cat on the mat", "quarterly revenue grew", ""];
    let answer = aside(Operation::Embeddings, &json!({"input": texts})).expect("vectors");
    let vectors: Vec<_> = (0..4).map(|index| vector(&answer["data"][index]["embedding"])).collect();
    assert!(vectors.iter().all(|one| one.len() == 1536 && (product(one, one) - 1.0).abs() < 1e-4));
    assert!(product(&vectors[0], &vectors[1]) > product(&vectors[0], &vectors[2]) + 0.2);

    let sized = json!({"input": "x", "dimensions": 8});
    let sized = aside(Operation::Embeddings, &sized).expect("a vector");
    assert_eq!(vector(&sized["data"][0]["embedding"]).len(), 8);
    let content = json!({"content": {"parts": [{"text": "x"}]}, "output_dimensionality": 8});
    let sized = aside(Operation::EmbedContent, &content).expect("a vector");
    assert_eq!(vector(&sized["embedding"]["values"]).len(), 8);
    let plain = aside(Operation::EmbedContent, &json!({"content": {"parts": [{"text": "x"}]}}));
    assert_eq!(vector(&plain.expect("a vector")["embedding"]["values"]).len(), 3072);
    let batch = aside(Operation::BatchEmbedContents, &json!({"requests": [content, content]}));
    let batch = batch.expect("vectors");
    assert_eq!(batch["embeddings"][0], batch["embeddings"][1]);
}

#[test]
fn embeddings_in_base64_are_the_same_numbers_as_floats() {
    use base64::Engine as _;
    let embedding = |more: Value| {
        let mut body = json!({"input": "hello", "dimensions": 4});
        body["encoding_format"] = more;
        aside(Operation::Embeddings, &body).expect("a vector")["data"][0]["embedding"].clone()
    };
    let packed = embedding(json!("base64"));
    let bytes = base64::prelude::BASE64_STANDARD.decode(packed.as_str().expect("base64")).expect("base64");
    let unpacked = bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    let floats = embedding(json!("float"));
    let difference: f64 = unpacked
        .zip(floats.as_array().expect("floats"))
        .map(|(one, other)| (f64::from(one) - other.as_f64().expect("a number")).abs())
        .sum();
    assert_eq!(bytes.len(), 16);
    assert!(difference < 1e-6, "{difference}");
}

#[test]
fn forms_are_read_without_their_boundary() {
    let form = |fields: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        fields.iter().map(part).collect::<String>() + "--x--\r\n"
    };
    let transcript = |fields: &[_]| audio::answer(form(fields).as_bytes());
    for format in ["json", "verbose_json", "text", "srt"] {
        let answer = transcript(&[("file", "RIFF"), ("response_format", format)]).expect("a transcript");
        let (audio::Transcript::Json(text) | audio::Transcript::Text(text)) = answer else {
            panic!("a stream for {format}");
        };
        assert!(text.contains("demo of portcullis"), "{text}");
        assert_eq!(text.starts_with('{'), format.contains("json"), "{text}");
    }
    let Ok(audio::Transcript::Events(events)) = transcript(&[("file", "RIFF"), ("stream", "true")]) else {
        panic!("no stream");
    };
    assert!(events.len() > 2);
    assert!(transcript(&[]).is_err());

    let edit = |fields: &[_]| read_edit(form(fields).as_bytes());
    assert!(edit(&[("prompt", "a gate")]).is_err());
    assert!(edit(&[("image", "x")]).is_err());
    assert!(edit(&[("image", "x"), ("prompt", "a gate"), ("n", "11")]).is_err());
    let request = edit(&[("image[]", "x"), ("prompt", "a gate"), ("n", "2")]).expect("valid");
    assert_eq!((request.prompt.as_str(), request.count), ("a gate", 2));
    let answer = answered(Operation::ImageEdits, &SideRequest::Images(request)).expect("images");
    assert_eq!(answer["data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn images_are_png_files() {
    use base64::Engine as _;
    let answer = aside(Operation::ImageGenerations, &json!({"prompt": "a gate", "n": 2})).expect("images");
    let images = answer["data"].as_array().expect("images");
    let file = base64::prelude::BASE64_STANDARD.decode(images[0]["b64_json"].as_str().expect("base64"));
    assert_eq!(images.len(), 2);
    assert!(file.expect("base64").starts_with(b"\x89PNG\r\n\x1a\n"));
}
