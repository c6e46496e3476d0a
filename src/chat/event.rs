//! An answer while it is being written.

use super::{Citation, Failure, FinishReason, Signature, Usage};

/// One step of an answer. The module doc of [`super`] has their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Started {
        /// The upstream's own id for the answer, if it gave one.
        id: Option<String>,
        /// The model that answers, as the upstream calls it.
        model: Option<String>,
        /// The tokens of the input, where the upstream counts them before the first word.
        usage: Option<Usage>,
    },
    PartStarted(PartStart),
    /// A piece of the open part.
    Delta(Delta),
    PartFinished,
    /// Totals so far, which replace those of an earlier event.
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
    /// At most one in a thinking part, and its last delta.
    Signature(Signature),
    Citation(Citation),
    /// A piece of the arguments' JSON text, or of a freeform tool's text.
    Arguments(String),
}
