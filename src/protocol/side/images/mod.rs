//! Pictures from words: the neutral request and its answer.

pub mod gemini;
pub mod openai;

use crate::chat::{Blob, Dropped, Usage};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    pub prompt: String,
    pub count: usize,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    pub dropped: Dropped,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    pub images: Vec<Blob>,
    pub usage: Option<Usage>,
}

impl Response {
    /// Joins the answers to several calls for one request.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.images.extend(other.images);
        self.usage = match (self.usage, other.usage) {
            (Some(one), Some(other)) => Some(one.plus(&other)),
            (one, other) => one.or(other),
        };
        self
    }
}
