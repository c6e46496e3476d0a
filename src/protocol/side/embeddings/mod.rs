//! Where texts stand in a model's space: the neutral question and its answer.

pub mod gemini;
pub mod openai;

use crate::chat::Dropped;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    pub inputs: Vec<String>,
    /// `None`: as many as the model has by itself.
    pub dimensions: Option<u64>,
    /// OpenAI's `encoding_format`.
    pub format: Format,
    pub dropped: Dropped,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Float,
    /// 32-bit floats, little-endian.
    Base64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// One for each input, in order.
    pub vectors: Vec<Vec<f64>>,
    /// What the inputs cost, where the upstream says so.
    pub tokens: Option<u64>,
}
