//! Embeddings: the neutral request and its answer.

pub mod gemini;
pub mod openai;

use crate::chat::Dropped;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    pub inputs: Vec<String>,
    /// `None` for the model's default.
    pub dimensions: Option<u64>,
    /// OpenAI's `encoding_format`.
    pub format: VectorFormat,
    pub dropped: Dropped,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VectorFormat {
    #[default]
    Float,
    /// 32-bit floats, little-endian.
    Base64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// A vector for each input, in order.
    pub vectors: Vec<Vec<f64>>,
    /// Tokens of the inputs, where the upstream states them.
    pub tokens: Option<u64>,
}
