//! Gemini generateContent.

pub mod error;
