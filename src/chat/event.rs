//! An answer while it is being written.

use super::{Citation, Failure, FinishReason, Signature, Usage};

/// One step of an answer. The order they come in is in the module doc of [`super`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Started {
        /// The upstream's own id for the answer, if it gave one.
        id: Option<String>,
        /// The model that answers, as the upstream calls it.
        model: Option<String>,
        /// What is known of the input before the first word.
        usage: Option<Usage>,
    },
    PartStarted(PartStart),
    /// Always belongs to the open part.
    Delta(Delta),
    PartFinished,
    /// Totals so far; a later one replaces an earlier one.
    Usage(Usage),
    Finished(FinishReason),
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq)]
pub enum PartStart {
    Text,
    Thinking,
    RedactedThinking(Signature),
    ToolUse {
        /// Empty where the upstream gave none.
        id: String,
        name: String,
        freeform: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    Text(String),
    Thinking(String),
    /// At most one in a thinking part, and the last thing in it.
    Signature(Signature),
    Citation(Citation),
    /// A piece of the arguments' JSON text (of the free text, for a freeform tool).
    Arguments(String),
}
