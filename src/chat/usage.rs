//! The tokens an answer cost, by one convention; every protocol converts at its own edge.

/// Numbers of tokens. `input` includes those read from and written to a cache, `output` those
/// of the reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
}

impl Usage {
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// The sum of two answers.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }

    /// The input neither read from nor written to a cache, as Anthropic counts `input_tokens`.
    pub const fn uncached_input(&self) -> u64 {
        self.input.saturating_sub(self.cache_read).saturating_sub(self.cache_write)
    }

    /// Output without reasoning, as Gemini counts `candidatesTokenCount`.
    pub const fn visible_output(&self) -> u64 {
        self.output.saturating_sub(self.reasoning)
    }
}
