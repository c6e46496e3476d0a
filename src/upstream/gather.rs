//! Collects a body as it arrives, in frames worth holding. A body sent byte by byte would
//! otherwise cost a frame for each byte, and keep alive the buffer each was read into.

use bytes::{Bytes, BytesMut};

use super::frames::Frames;

/// A frame shorter than this is joined with its neighbours.
const LEAST: usize = 16 << 10;

#[derive(Debug, Default)]
pub struct Gather {
    frames: Frames,
    /// Short frames so far, joined.
    open: BytesMut,
}

impl Gather {
    pub fn push(&mut self, bytes: Bytes) {
        // Most bodies have one frame only.
        if bytes.len() >= LEAST || self.is_empty() {
            self.close();
            self.frames.push(bytes);
            return;
        }
        if self.open.capacity() - self.open.len() < bytes.len() {
            self.close();
            self.open.reserve(2 * LEAST);
        }
        self.open.extend_from_slice(&bytes);
        if self.open.len() >= LEAST {
            self.close();
        }
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.frames.len() + self.open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn into_frames(mut self) -> Frames {
        self.close();
        self.frames
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.frames.push(self.open.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_frames_are_joined_and_long_ones_are_not_copied() {
        let long = Bytes::from(vec![b'x'; 3 * LEAST]);
        let mut gather = Gather::default();
        for _ in 0..4 * LEAST {
            gather.push(Bytes::from_static(b"a"));
        }
        gather.push(long.clone());
        (0..10).for_each(|_| gather.push(Bytes::from_static(b"b")));
        assert_eq!(gather.len(), 7 * LEAST + 10);
        let frames = gather.into_frames();
        assert!(frames.iter().count() <= 8, "{} frames", frames.iter().count());
        assert!(frames.iter().any(|frame| frame.as_ptr() == long.as_ptr()));
        let expected = ["a".repeat(4 * LEAST), "x".repeat(3 * LEAST), "b".repeat(10)].concat();
        assert_eq!(frames.to_bytes(), expected);
    }

    #[test]
    fn a_body_in_one_frame_is_that_frame() {
        let only = Bytes::from(vec![b'x'; 100]);
        let mut gather = Gather::default();
        gather.push(only.clone());
        assert_eq!(gather.into_frames().to_bytes().as_ptr(), only.as_ptr());
        assert!(Gather::default().into_frames().is_empty());
    }
}
