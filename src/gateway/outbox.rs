//! Bytes that wait to leave for the client, so that what arrived in pieces leaves in one.

use bytes::{Bytes, BytesMut};
use memchr::memrchr;

use crate::protocol::sse::{Lines, end_of_lines};

#[derive(Default)]
pub struct Outbox {
    parts: Vec<Bytes>,
    length: usize,
    ends: EventEnds,
}

/// The end of the last whole event. Each byte is looked at once, however small the pieces are.
#[derive(Default)]
struct EventEnds {
    /// The number of bytes up to there.
    whole: usize,
    lines: Lines,
    /// Whether any byte follows the last line end.
    line_has_text: bool,
}

impl Outbox {
    pub fn add(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.ends.look(&bytes, self.length);
            self.length += bytes.len();
            self.parts.push(bytes);
        }
    }

    pub const fn len(&self) -> usize {
        self.length
    }

    /// All bytes, in one piece; may be empty.
    pub fn take(&mut self) -> Bytes {
        let joined = match self.parts.as_mut_slice() {
            [only] => std::mem::take(only),
            parts => {
                let mut joined = BytesMut::with_capacity(self.length);
                for part in parts {
                    joined.extend_from_slice(part);
                }
                joined.freeze()
            }
        };
        self.parts.clear();
        self.length = 0;
        self.ends.whole = 0;
        joined
    }

    /// The whole events; an open one stays, because only its end shows whether it is an error.
    pub fn take_events(&mut self) -> Bytes {
        let whole = self.ends.whole;
        if whole == 0 {
            return Bytes::new();
        }
        let mut events = self.take();
        let open = events.split_off(whole);
        if !open.is_empty() {
            self.put_back(open);
        }
        events
    }

    /// All bytes but an end that may become this member, if it is the first of an object.
    pub fn take_before(&mut self, member: &[u8]) -> Bytes {
        let mut ready = self.take();
        if let Some(begin) = memrchr(b'{', &ready)
            && member.starts_with(ready[begin + 1..].trim_ascii())
        {
            let open = ready.split_off(begin);
            self.add(open);
        }
        ready
    }

    /// Puts bytes that were taken, and may not leave yet, before all others.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.parts.insert(0, bytes);
    }

    /// Drops the line that is still open.
    pub fn drop_open_line(&mut self) {
        let mut lines = self.take();
        lines.truncate(end_of_lines(&lines));
        self.add(lines);
    }
}

impl EventEnds {
    /// `before`: the number of bytes that wait already. An event ends with an empty line.
    fn look(&mut self, bytes: &[u8], before: usize) {
        let end = before + bytes.len();
        let mut rest = self.lines.resume(bytes);
        if rest.len() < bytes.len() && self.whole == before {
            // The LF of a CRLF that was cut belongs to the event that the CR ended.
            self.whole += 1;
        }
        while let Some(line) = self.lines.cut(&mut rest) {
            if line.is_empty() && !self.line_has_text {
                self.whole = end - rest.len();
            }
            self.line_has_text = false;
        }
        self.line_has_text |= !rest.is_empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_whole_and_in_one_piece_wherever_they_are_cut() {
        for (text, whole) in [
            ("data: a\n\ndata: b\nda", "data: a\n\n"),
            ("data: a\r\n\r\ndata: b\r\n", "data: a\r\n\r\n"),
            ("data: a\r\rdata: b\r", "data: a\r\r"),
            ("event: x\ndata: a\n\n\n", "event: x\ndata: a\n\n\n"),
            ("event: x\ndata: a\n", ""),
            (": ping\n\ndata: [DONE]\n\n", ": ping\n\ndata: [DONE]\n\n"),
        ] {
            for size in 1..=text.len() {
                let mut outbox = Outbox::default();
                text.as_bytes().chunks(size).for_each(|part| outbox.add(Bytes::copy_from_slice(part)));
                assert_eq!(outbox.take_events(), whole, "{text:?} by {size}");
                assert_eq!(outbox.take_events(), "", "an open event has to wait");
                assert_eq!(outbox.len(), text.len() - whole.len());
                outbox.add(Bytes::from_static(b"\n\n"));
                assert_eq!(
                    outbox.take_events(),
                    format!("{}\n\n", &text[whole.len()..]),
                    "{text:?} by {size}"
                );
            }
        }
    }

    #[test]
    fn the_beginning_of_a_member_waits_for_its_end() {
        let mut outbox = Outbox::default();
        outbox.add(Bytes::from_static(b"[{\"a\":1}\n,{ \"err"));
        assert_eq!(outbox.take_before(b"\"error\""), "[{\"a\":1}\n,");
        outbox.add(Bytes::from_static(b"or\""));
        let whole = outbox.take();
        assert_eq!(whole, "{ \"error\"");
        outbox.add(Bytes::from_static(b":1}"));
        outbox.put_back(whole);
        assert_eq!(outbox.take_before(b"\"error\""), "{ \"error\":1}");
        outbox.add(Bytes::from_static(b"{\"e\":"));
        assert_eq!(outbox.take_before(b"\"error\""), "{\"e\":");
    }

    #[test]
    fn an_open_line_can_be_dropped() {
        let mut outbox = Outbox::default();
        outbox.add(Bytes::from_static(b"data: a\nda"));
        outbox.drop_open_line();
        assert_eq!(outbox.take(), "data: a\n");
    }
}
