//! Server-sent events: the line splitter and the parser, which take bytes cut anywhere, and
//! the writer.
//!
//! Lines end in LF, CRLF or CR; comments, `id:` and `retry:` are skipped; several `data:`
//! lines are joined by LF; a byte-order mark at the start is skipped. Unlike in the standard
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), the last event needs no
//! empty line after it.

use bytes::{BufMut, BytesMut};
use memchr::{memchr2, memrchr2};
use serde::Serialize;

/// One event: its `event:` name, empty if it had none, and its data.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub name: &'a [u8],
    pub data: &'a mut [u8],
}

/// A line or an event is longer than any provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than 16 MiB")]
pub struct TooLong;

const MAX_LENGTH: usize = 16 * 1024 * 1024;
/// As much of an event's name as is kept.
const MAX_NAME: usize = 256;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Splits bytes into lines, wherever they are cut.
#[derive(Debug, Default)]
pub struct Lines {
    /// The bytes so far end with a CR: an LF at the beginning of the next ones is part of it.
    after_cr: bool,
}

impl Lines {
    /// Cuts the next whole line, without its end, off the beginning of the bytes. `None`: what
    /// is left of them is the beginning of a line.
    pub fn cut<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        *bytes = self.resume(bytes);
        let end = memchr2(b'\n', b'\r', bytes)?;
        let (line, rest) = bytes.split_at(end);
        *bytes = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.after_cr = true;
                &[]
            }
            _ => &rest[1..],
        };
        Some(line)
    }

    /// The bytes without an LF that belongs to the CR before them.
    pub fn resume<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.after_cr || bytes.is_empty() {
            return bytes;
        }
        self.after_cr = false;
        bytes.strip_prefix(b"\n").unwrap_or(bytes)
    }
}

/// Where the last whole line of these bytes ends, counting its end.
pub fn end_of_lines(bytes: &[u8]) -> usize {
    memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1)
}

/// Collects lines until an event is whole.
#[derive(Debug, Default)]
pub struct Parser {
    lines: Lines,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The first line has been seen, and with it a byte-order mark.
    has_begun: bool,
    /// Something was too long: nothing is collected any more.
    is_over: bool,
}

impl Parser {
    /// Takes the next bytes and passes on each event they complete. Fails when a line or an
    /// event is too long, and from then on always.
    pub fn push(&mut self, bytes: &[u8], on: impl FnMut(Message<'_>)) -> Result<(), TooLong> {
        if self.is_over {
            return Err(TooLong);
        }
        self.collect(bytes, on).inspect_err(|_| *self = Self { is_over: true, ..Self::default() })
    }

    fn collect(&mut self, mut bytes: &[u8], mut on: impl FnMut(Message<'_>)) -> Result<(), TooLong> {
        while let Some(line) = self.lines.cut(&mut bytes) {
            if self.line.is_empty() {
                self.take_line(line, &mut on)?;
            } else {
                self.add_to_line(line)?;
                let mut whole = std::mem::take(&mut self.line);
                self.take_line(&whole, &mut on)?;
                whole.clear();
                self.line = whole;
            }
        }
        self.add_to_line(bytes)
    }

    fn add_to_line(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        check_length(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Passes on the event that the end of the stream completes.
    pub fn finish(&mut self, mut on: impl FnMut(Message<'_>)) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, &mut on)?;
        }
        self.dispatch(&mut on);
        Ok(())
    }

    fn take_line(&mut self, mut line: &[u8], on: &mut impl FnMut(Message<'_>)) -> Result<(), TooLong> {
        if !self.has_begun {
            self.has_begun = true;
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(on);
        } else if let Some(value) = field(line, b"data") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.has_data = true;
            check_length(self.data.len() + value.len())?;
            self.data.extend_from_slice(value);
        } else if let Some(value) = field(line, b"event") {
            self.name.clear();
            self.name.extend_from_slice(&value[..value.len().min(MAX_NAME)]);
        }
        Ok(())
    }

    fn dispatch(&mut self, on: &mut impl FnMut(Message<'_>)) {
        if self.has_data {
            on(Message { name: &self.name, data: &mut self.data });
        }
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}

fn check_length(length: usize) -> Result<(), TooLong> {
    if length > MAX_LENGTH { Err(TooLong) } else { Ok(()) }
}

/// The value of this field, without the one space that may follow the colon; `None` if the
/// line is another field.
pub fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    if value.is_empty() {
        return Some(value);
    }
    let value = value.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// `data: {…}` and an empty line.
pub fn write_data(out: &mut BytesMut, data: &impl Serialize) {
    out.put_slice(b"data: ");
    write_json(out, data);
    out.put_slice(b"\n\n");
}

/// `event: name`, `data: {…}` and an empty line.
pub fn write_event(out: &mut BytesMut, name: &str, data: &impl Serialize) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: ");
    write_json(out, data);
    out.put_slice(b"\n\n");
}

/// Cannot fail: our wire types have string keys and no fallible serializers.
pub fn write_json(out: &mut BytesMut, data: &impl Serialize) {
    let written = serde_json::to_writer((&mut *out).writer(), data);
    debug_assert!(written.is_ok(), "a wire type does not serialize: {written:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Vec<(String, String)>;

    fn parse(pieces: &[&[u8]]) -> Seen {
        let mut parser = Parser::default();
        let mut seen = Vec::new();
        let mut keep = |message: Message<'_>| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            seen.push((text(message.name), text(message.data)));
        };
        for piece in pieces {
            parser.push(piece, &mut keep).expect("short");
        }
        parser.finish(&mut keep).expect("short");
        seen
    }

    fn check(stream: &str, expected: &[(&str, &str)]) {
        let expected: Seen = expected.iter().map(|(n, d)| ((*n).to_owned(), (*d).to_owned())).collect();
        for ending in ["\n", "\r\n", "\r"] {
            let stream = stream.replace('\n', ending);
            assert_eq!(parse(&[stream.as_bytes()]), expected, "whole, {ending:?}");
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(parse(&bytes), expected, "byte by byte, {ending:?}");
            for cut in 0..stream.len() {
                let (head, tail) = stream.as_bytes().split_at(cut);
                assert_eq!(parse(&[head, tail]), expected, "cut at {cut}, {ending:?}");
            }
        }
    }

    #[test]
    fn every_shape_of_event_is_read_wherever_it_is_cut() {
        check("", &[]);
        check("\n\n", &[]);
        check("data: a\n\n", &[("", "a")]);
        check("data:a\n\ndata:  b\n\n", &[("", "a"), ("", " b")]);
        check("event: x\ndata: a\ndata: b\nid: 7\nretry: 1\n\n", &[("x", "a\nb")]);
        check(": comment\n\ndata: ü€🙂\n\n", &[("", "ü€🙂")]);
        check("event: only a name\n\ndata: a\n\n", &[("", "a")]);
        check("data\ndata\n\n", &[("", "\n")]);
        check("datax: 1\nnonsense\ndata: a", &[("", "a")]);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_line() {
        let stream = b"\xEF\xBB\xBFdata: a\n\n";
        assert_eq!(parse(&[stream]), vec![(String::new(), "a".to_owned())]);
        assert_eq!(parse(&[&stream[..1], &stream[1..]]), vec![(String::new(), "a".to_owned())]);
    }

    #[test]
    fn an_endless_line_or_event_is_given_up_and_no_more_of_it_is_held() {
        let x = "x".repeat(1024 * 1024);
        for (begin, piece) in [
            ("", x.clone()),
            ("data: ", x.clone()),
            ("event: ", x.clone()),
            (": ", x.clone()),
            ("id: ", x.clone()),
            ("", format!("data: {x}\n")),
        ] {
            let used = allocation_counter::measure(|| {
                let mut parser = Parser::default();
                assert_eq!(parser.push(begin.as_bytes(), |_| {}), Ok(()));
                let outcome = (0..17).try_for_each(|_| parser.push(piece.as_bytes(), |_| {}));
                assert_eq!(outcome, Err(TooLong), "{begin} {}", &piece[..6]);
                let after = allocation_counter::measure(|| {
                    (0..100).for_each(|_| assert_eq!(parser.push(piece.as_bytes(), |_| {}), Err(TooLong)));
                });
                assert_eq!(after.bytes_total, 0, "{begin} {}", &piece[..6]);
                assert_eq!(parser.finish(|_| panic!("no event")), Ok(()));
            });
            assert!(used.bytes_max < 4 * MAX_LENGTH as u64, "{}", used.bytes_max);
        }
    }

    #[test]
    fn long_event_names_and_lines_without_data_are_not_collected() {
        let mut parser = Parser::default();
        let name = format!("event: {}\n", "n".repeat(1024 * 1024));
        let used = allocation_counter::measure(|| {
            for line in [&name, ": comment\n", "nonsense\n", "retry: 5\n"] {
                (0..1_000).for_each(|_| assert_eq!(parser.push(line.as_bytes(), |_| {}), Ok(())));
            }
        });
        assert!(used.bytes_max < 1024, "{}", used.bytes_max);
    }
}
