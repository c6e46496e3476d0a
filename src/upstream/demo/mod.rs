//! The built-in demo: answers with no key and no network, so that a newcomer sees a
//! streamed answer in their own SDK within a minute.
//!
//! It answers the neutral requests of [`crate::chat`] and [`crate::protocol::side`], and the
//! translators that serve real providers write the answers for the client. Nothing here does
//! I/O or reads a clock: the same request always gets the same answer.

pub mod audio;
mod chance;
mod conversation;
mod embeddings;
mod function;
mod images;
mod pieces;
mod schema;
mod side;
mod tokens;
mod wording;

#[cfg(test)]
mod tests;

pub use conversation::answer;
pub use images::read_edit;
pub use pieces::events;
pub use side::answer as answer_side;

/// The models a client may pick from a list. Any other name is answered too.
pub const fn models() -> &'static [&'static str] {
    &["demo", "gpt-5-mini", "claude-sonnet-5", "gemini-3-flash", "glm-4.7", "text-embedding-3-small"]
}
