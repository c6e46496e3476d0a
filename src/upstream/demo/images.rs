//! `POST /v1/images/generations` and `/v1/images/edits`: a small picture of a portcullis.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::fields::{self, Invalid};
use super::{Answer, Stamp, chance, tokens};

/// `openai.types.ImagesResponse`.
pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let request = if body.starts_with(b"--") { form(body)? } else { fields::object(body)? };
    let Some(prompt) = request["prompt"].as_str() else { return Err(Invalid::missing("prompt")) };
    let copies = fields::count(request.get("n"), "n")?.unwrap_or(1).clamp(1, 10);
    let image = json!({"b64_json": BASE64_STANDARD.encode(png(prompt))});
    let input = tokens::of_text(prompt);
    Ok(Answer::json(&json!({
        "created": stamp.created_unix_secs,
        "data": (0..copies).map(|_| image.clone()).collect::<Value>(),
        "output_format": "png",
        "usage": {
            "input_tokens": input,
            "input_tokens_details": {"text_tokens": input, "image_tokens": 0},
            "output_tokens": copies,
            "total_tokens": input + copies,
        },
    })))
}

/// An edit's form, as far as it is answered.
fn form(body: &[u8]) -> Result<Value, Invalid> {
    if !fields::form_has(body, "image") {
        return Err(Invalid::missing("image"));
    }
    Ok(json!({"prompt": fields::form_field(body, "prompt"), "n": fields::form_field(body, "n")}))
}

const SIDE: u32 = 64;

/// A PNG of two colours, the one of the bars by chance of the prompt
/// (<https://www.w3.org/TR/png-3/>).
fn png(prompt: &str) -> Vec<u8> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    /// One bit a pixel, colours from a palette, no interlace.
    const FORMAT: [u8; 5] = [1, 3, 0, 0, 0];
    const BACKGROUND: [u8; 3] = [250, 250, 248];
    let [red, green, blue, ..] = chance::hash(prompt.as_bytes()).to_le_bytes();
    let bars = [red / 2, green / 2, blue / 2];

    let header = [&SIDE.to_be_bytes()[..], &SIDE.to_be_bytes(), &FORMAT].concat();
    [
        SIGNATURE.to_vec(),
        chunk(*b"IHDR", &header),
        chunk(*b"PLTE", &[BACKGROUND, bars].concat()),
        chunk(*b"IDAT", &zlib(&rows())),
        chunk(*b"IEND", &[]),
    ]
    .concat()
}

/// Each row: its filter (none), then eight pixels a byte. Bars stand and lie alternately.
fn rows() -> Vec<u8> {
    const LYING_BAR: [u8; 8] = [0xff; 8];
    const STANDING_BARS: [u8; 8] = [0x18; 8];
    let row = |y: u32| if (2..5).contains(&(y % 16)) { LYING_BAR } else { STANDING_BARS };
    (0..SIDE).flat_map(|y| std::iter::once(0).chain(row(y))).collect()
}

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or_default();
    let named = [&kind[..], content].concat();
    [&length.to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

/// One stored block: a picture this small needs no compression.
fn zlib(content: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 2] = [0x78, 0x01];
    const LAST_STORED_BLOCK: u8 = 1;
    let length = u16::try_from(content.len()).unwrap_or_default();
    let mut bytes = HEADER.to_vec();
    bytes.push(LAST_STORED_BLOCK);
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(content);
    bytes.extend(adler32(content).to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let shift = |crc: u32, _| (crc >> 1) ^ (POLYNOMIAL * (crc & 1));
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % PRIME;
        (low, (high + low) % PRIME)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_agree_with_their_published_check_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
