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
    let answer = whole(Operation::Embeddings, &json!({"input": texts}));
    let vectors: Vec<_> = (0..4).map(|index| vector(&answer["data"][index]["embedding"])).collect();
    assert!(vectors.iter().all(|one| one.len() == 1536 && (product(one, one) - 1.0).abs() < 1e-4));
    assert!(product(&vectors[0], &vectors[1]) > product(&vectors[0], &vectors[2]) + 0.2);

    let sized = json!({"input": [1, 2, 3], "dimensions": 8});
    assert_eq!(vector(&whole(Operation::Embeddings, &sized)["data"][0]["embedding"]).len(), 8);
    let content = json!({"content": {"parts": [{"text": "x"}]}, "output_dimensionality": 8});
    assert_eq!(vector(&whole(Operation::EmbedContent, &content)["embedding"]["values"]).len(), 8);
    let batch = whole(Operation::BatchEmbedContents, &json!({"requests": [content, content]}));
    assert_eq!(batch["embeddings"][0], batch["embeddings"][1]);
}

#[test]
fn embeddings_in_base64_are_the_same_numbers_as_floats() {
    use base64::Engine as _;
    let embedding = |more: Value| {
        let mut body = json!({"input": "hello", "dimensions": 4});
        body["encoding_format"] = more;
        whole(Operation::Embeddings, &body)["data"][0]["embedding"].clone()
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
    let send = |operation, fields: &[_]| answer(&operation, "demo", form(fields).as_bytes(), CREATED);
    for (format, content_type) in [
        ("json", "application/json"),
        ("verbose_json", "application/json"),
        ("text", "text/plain; charset=utf-8"),
        ("srt", "text/plain; charset=utf-8"),
    ] {
        let answer = send(Operation::Audio, &[("file", "RIFF"), ("response_format", format)]);
        assert_eq!((answer.status, answer.content_type), (StatusCode::OK, content_type), "{format}");
        let said = String::from_utf8(answer.frames.concat()).expect("text");
        assert!(said.contains("demo of portcullis"), "{said}");
    }
    assert!(send(Operation::Audio, &[("file", "RIFF"), ("stream", "true")]).frames.len() > 2);
    assert_eq!(send(Operation::Images, &[("prompt", "a gate")]).status, StatusCode::BAD_REQUEST);
    assert_eq!(send(Operation::Images, &[("image[]", "x"), ("prompt", "a gate")]).status, StatusCode::OK);
}

#[test]
fn images_are_png_files() {
    use base64::Engine as _;
    let answer = whole(Operation::Images, &json!({"prompt": "a gate", "n": 2}));
    let images = answer["data"].as_array().expect("images");
    let file = base64::prelude::BASE64_STANDARD.decode(images[0]["b64_json"].as_str().expect("base64"));
    assert_eq!(images.len(), 2);
    assert!(file.expect("base64").starts_with(b"\x89PNG\r\n\x1a\n"));
}
