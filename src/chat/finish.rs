//! Why an answer ended.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done, or hit a stop sequence that the upstream does not name.
    #[default]
    Stop,
    StopSequence(String),
    Length,
    ContextWindow,
    ToolUse,
    /// A filter of the vendor's cut the answer off or held it back.
    ContentFilter,
    /// The model itself declined.
    Refusal,
    /// The upstream wants the turn sent again, to continue it.
    Pause,
    /// An unknown reason. Nothing else marks the answer as incomplete.
    Other(String),
}
