//! Bytes on their way to a client that have not left yet, so that what came in pieces can
//! leave in one.

use bytes::{Bytes, BytesMut};
use memchr::{memrchr, memrchr2};

#[derive(Default)]
pub struct Held {
    parts: Vec<Bytes>,
    length: usize,
    /// Whether a line may end in what is held: a long line that comes in many pieces is not
    /// looked through, nor joined, again at each of them.
    has_line_end: bool,
}

impl Held {
    pub fn add(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.length += bytes.len();
            self.has_line_end = self.has_line_end || end_of_lines(&bytes) > 0;
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
        self.has_line_end = false;
        joined
    }

    /// The lines that are whole; the one that is still open stays.
    pub fn take_lines(&mut self) -> Bytes {
        if !self.has_line_end {
            return Bytes::new();
        }
        let mut lines = self.take();
        let open = lines.split_off(end_of_lines(&lines));
        self.add(open);
        lines
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
        let lines = self.take_lines();
        self.take();
        self.add(lines);
    }
}

fn end_of_lines(bytes: &[u8]) -> usize {
    memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_whole_and_in_one_piece() {
        let mut held = Held::default();
        for part in ["data: a\n", "", "\r\nda", "ta: b"] {
            held.add(Bytes::from_static(part.as_bytes()));
        }
        assert_eq!((held.len(), held.take_lines()), (17, Bytes::from_static(b"data: a\n\r\n")));
        assert_eq!(held.take_lines(), "", "an open line has to wait");
        held.add(Bytes::from_static(b"\r"));
        assert_eq!((held.take(), held.len()), (Bytes::from_static(b"data: b\r"), 0));
        assert_eq!(held.take(), "");
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
