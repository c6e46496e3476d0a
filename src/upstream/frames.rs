//! A request body as it arrived: a list of frames, not copied into one buffer.
//!
//! Copying a megabyte together costs nearly as much as forwarding it. Clones share the bytes,
//! so that the same body can be sent to a second account.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

#[derive(Clone, Debug, Default)]
pub struct Frames {
    parts: Vec<Bytes>,
    next: usize,
    length: usize,
}

impl Frames {
    pub fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.parts.push(bytes);
    }

    /// Bytes in all.
    pub const fn len(&self) -> usize {
        self.length
    }

    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter()
    }

    /// Whether `found` is true of any part of the body. It sees each frame and each seam
    /// between frames, so that it finds patterns of at most `longest` bytes anywhere.
    pub fn any(&self, longest: usize, found: impl Fn(&[u8]) -> bool) -> bool {
        let mut seam = Vec::with_capacity(2 * longest);
        self.parts.iter().any(|part| {
            seam.extend_from_slice(&part[..part.len().min(longest)]);
            let is_here = found(&seam) || found(part);
            if part.len() > longest {
                seam.clear();
                seam.extend_from_slice(&part[part.len() - longest..]);
            } else {
                seam.drain(..seam.len().saturating_sub(longest));
            }
            is_here
        })
    }

    /// The whole body in one piece; copied unless it arrived in one.
    pub fn to_bytes(&self) -> Bytes {
        match self.parts.as_slice() {
            [] => Bytes::new(),
            [only] => only.clone(),
            many => many.concat().into(),
        }
    }

    /// The same body with one range of it replaced.
    #[must_use]
    pub fn splice(&self, range: Range<usize>, replacement: &Bytes) -> Self {
        self.splice_all(&[range], replacement)
    }

    /// The same body with several ranges, in ascending order, each replaced by `replacement`.
    #[must_use]
    pub fn splice_all(&self, ranges: &[Range<usize>], replacement: &Bytes) -> Self {
        let mut spliced = Self::default();
        let mut ranges = ranges.iter().peekable();
        let mut start = 0;
        // Everything before this position is copied or replaced.
        let mut done = 0;
        for part in &self.parts {
            let end = start + part.len();
            while let Some(range) = ranges.next_if(|range| range.start < end) {
                spliced.push_part(part.slice(done - start..range.start - start));
                spliced.push(replacement.clone());
                done = range.end;
            }
            if done < end {
                spliced.push_part(part.slice(done - start..));
                done = end;
            }
            start = end;
        }
        spliced
    }

    fn push_part(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.push(bytes);
        }
    }
}

impl From<Bytes> for Frames {
    fn from(bytes: Bytes) -> Self {
        let mut frames = Self::default();
        frames.push_part(bytes);
        frames
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.parts.get(self.next).cloned();
        self.next += 1;
        if let Some(frame) = &frame {
            self.length -= frame.len();
        }
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_pattern_across_any_frame_boundaries() {
        let text = "....needle....";
        let is_there = |part: &[u8]| memchr::memmem::find(part, b"needle").is_some();
        for size in 1..=text.len() {
            let mut frames = Frames::default();
            text.as_bytes().chunks(size).for_each(|part| frames.push(Bytes::copy_from_slice(part)));
            assert!(frames.any(6, is_there), "frames of {size}");
            assert!(!frames.any(6, |part| memchr::memmem::find(part, b"nettle").is_some()));
        }
    }

    #[test]
    fn splices_across_any_frame_boundaries() {
        let text = "0123456789";
        for size in 1..=text.len() {
            let mut frames = Frames::default();
            text.as_bytes().chunks(size).for_each(|part| frames.push(Bytes::copy_from_slice(part)));
            for start in 0..text.len() {
                for end in start + 1..=text.len() {
                    let spliced = frames.splice(start..end, &Bytes::from_static(b"<new>"));
                    let expected = format!("{}<new>{}", &text[..start], &text[end..]);
                    assert_eq!(spliced.to_bytes(), expected, "{start}..{end} in frames of {size}");
                    assert_eq!(spliced.len(), expected.len());
                }
            }
        }
    }

    #[test]
    fn splices_several_ranges_across_any_frame_boundaries() {
        let text = "0123456789";
        for size in 1..=text.len() {
            let mut frames = Frames::default();
            text.as_bytes().chunks(size).for_each(|part| frames.push(Bytes::copy_from_slice(part)));
            for (ranges, expected) in
                [(&[0..1, 1..2, 9..10][..], "<><>2345678<>"), (&[2..6, 8..9], "01<>67<>9"), (&[], text)]
            {
                let spliced = frames.splice_all(ranges, &Bytes::from_static(b"<>"));
                assert_eq!(spliced.to_bytes(), expected, "frames of {size}");
                assert_eq!(spliced.len(), expected.len());
            }
        }
    }
}
