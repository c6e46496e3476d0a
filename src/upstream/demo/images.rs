//! `POST /v1/images/generations` and `/v1/images/edits`: a small picture of a portcullis.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{chance, tokens};
use crate::chat::{Blob, Usage};
use crate::protocol::side::images::{Request, Response};
use crate::protocol::{ErrorKind, LocalError, form};

/// The same picture as often as it is asked for. Each counts as one token.
pub fn answer(request: &Request) -> Response {
    let image =
        Blob { media_type: "image/png".to_owned(), base64: BASE64_STANDARD.encode(png(&request.prompt)) };
    let input = tokens::of_text(&request.prompt);
    let usage = Usage { input, output: request.count as u64, ..Usage::default() };
    Response { images: vec![image; request.count], usage: Some(usage) }
}

/// Reads the form of an edit, which is answered like a prompt for a new picture. Fails with
/// a 400 where it has no prompt or no image.
pub fn read_edit(body: &[u8]) -> Result<Request, LocalError> {
    let invalid = |message: &str| LocalError::new(ErrorKind::InvalidRequest, message);
    let prompt = form::text(body, "prompt").ok_or_else(|| invalid("prompt: this field is required"))?;
    // Several images come under `image[]`.
    if form::field(body, "image").or_else(|| form::field(body, "image[]")).is_none() {
        return Err(invalid("image: this field is required"));
    }
    let count = match form::text(body, "n") {
        Some(count) => count.parse().ok().filter(|count| (1..=MOST).contains(count)),
        None => Some(1),
    };
    let count = count.ok_or_else(|| invalid("n: must be 1 to 10"))?;
    Ok(Request { prompt: prompt.to_owned(), count, ..Request::default() })
}

/// As many as OpenAI draws in one call.
const MOST: usize = 10;

const SIDE: u32 = 64;

/// A PNG of two colours; the prompt decides that of the bars
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
