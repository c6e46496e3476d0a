//! Bytes on their way to a client that have not left yet, so that what came in pieces can
//! leave in one.

use bytes::{Bytes, BytesMut};
use memchr::{memchr2, memrchr, memrchr2};

#[derive(Default)]
pub struct Held {
    parts: Vec<Bytes>,
    length: usize,
    ends: EventEnds,
}

/// Where the last whole event of what is held ends. Each byte is looked at once, however
/// small the pieces are that it comes in.
#[derive(Default)]
struct EventEnds {
    /// Bytes up to there.
    whole: usize,
    /// Since the last end of a line.
    line_has_text: bool,
    /// The last byte was a CR, of which an LF would be a part.
    after_cr: bool,
}

impl Held {
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

    /// Everything, in one piece; empty if there is nothing.
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

    /// The events that are whole; the one that is still open stays, because only its end
    /// tells what it is.
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

    /// Everything but an end that may become this member, the first of an object.
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

    /// What was taken and may not leave yet.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.parts.insert(0, bytes);
    }

    /// Leaves only lines that are whole.
    pub fn drop_open_line(&mut self) {
        let mut lines = self.take();
        lines.truncate(end_of_lines(&lines));
        self.add(lines);
    }
}

impl EventEnds {
    /// `before`: bytes that are held already. An event ends with an empty line.
    fn look(&mut self, bytes: &[u8], before: usize) {
        let mut at = 0;
        while let Some(found) = memchr2(b'\n', b'\r', &bytes[at..]) {
            let end = at + found;
            if bytes[end] == b'\n' && found == 0 && self.after_cr {
                // The rest of CR LF, which ended the line already.
                self.after_cr = false;
                if self.whole == before + end {
                    self.whole += 1;
                }
            } else {
                self.line_has_text |= found > 0;
                if !self.line_has_text {
                    self.whole = before + end + 1;
                }
                self.line_has_text = false;
                self.after_cr = bytes[end] == b'\r';
            }
            at = end + 1;
        }
        if at < bytes.len() {
            self.line_has_text = true;
            self.after_cr = false;
        }
    }
}

fn end_of_lines(bytes: &[u8]) -> usize {
    memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_whole_and_in_one_piece_however_they_are_cut() {
        for (text, whole) in [
            ("data: a\n\ndata: b\nda", "data: a\n\n"),
            ("data: a\r\n\r\ndata: b\r\n", "data: a\r\n\r\n"),
            ("data: a\r\rdata: b\r", "data: a\r\r"),
            ("event: x\ndata: a\n\n\n", "event: x\ndata: a\n\n\n"),
            ("event: x\ndata: a\n", ""),
            (": ping\n\ndata: [DONE]\n\n", ": ping\n\ndata: [DONE]\n\n"),
        ] {
            for size in 1..=text.len() {
                let mut held = Held::default();
                text.as_bytes().chunks(size).for_each(|part| held.add(Bytes::copy_from_slice(part)));
                assert_eq!(held.take_events(), whole, "{text:?} by {size}");
                assert_eq!(held.take_events(), "", "an open event has to wait");
                assert_eq!(held.len(), text.len() - whole.len());
                held.add(Bytes::from_static(b"\n\n"));
                assert_eq!(held.take_events(), format!("{}\n\n", &text[whole.len()..]), "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn the_beginning_of_a_member_has_to_wait_for_its_end() {
        let mut held = Held::default();
        held.add(Bytes::from_static(b"[{\"a\":1}\n,{ \"err"));
        assert_eq!(held.take_before(b"\"error\""), "[{\"a\":1}\n,");
        held.add(Bytes::from_static(b"or\""));
        let whole = held.take();
        assert_eq!(whole, "{ \"error\"");
        held.add(Bytes::from_static(b":1}"));
        held.put_back(whole);
        assert_eq!(held.take_before(b"\"error\""), "{ \"error\":1}");
        held.add(Bytes::from_static(b"{\"e\":"));
        assert_eq!(held.take_before(b"\"error\""), "{\"e\":");
    }

    #[test]
    fn an_open_line_can_be_given_up() {
        let mut held = Held::default();
        held.add(Bytes::from_static(b"data: a\nda"));
        held.drop_open_line();
        assert_eq!(held.take(), "data: a\n");
    }
}
