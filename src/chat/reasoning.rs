//! How hard the model is asked to think. Some protocols count tokens, others name levels;
//! only this file converts one into the other.

use strum::{EnumString, IntoStaticStr};

/// What the client asked for. `None` leaves a choice to the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// `Some(false)` turns thinking off.
    pub enabled: Option<bool>,
    pub effort: Option<Effort>,
    /// Tokens to think with.
    pub budget: Option<u32>,
    /// Whether the answer is to hold the thoughts, or a summary of them.
    pub visible: Option<bool>,
}

/// A level of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive, const_into_str)]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Reasoning {
    pub const OFF: Self = Self { enabled: Some(false), effort: None, budget: None, visible: None };

    pub fn is_off(&self) -> bool {
        self.enabled == Some(false)
    }

    /// The level asked for, or the one that the budget corresponds to.
    pub fn level(&self) -> Option<Effort> {
        self.effort.or(self.budget.map(Effort::of_budget))
    }

    /// The budget asked for, or the one that the level corresponds to, in tokens.
    pub fn tokens(&self) -> Option<u32> {
        self.budget.or(self.effort.map(Effort::budget))
    }
}

impl Effort {
    /// OpenAI's and Anthropic's spelling.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The level with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The tokens of a level: Google's published figures for low to high
    /// (<https://ai.google.dev/gemini-api/docs/openai#thinking>), extended at both ends.
    const fn budget(self) -> u32 {
        match self {
            Self::Minimal | Self::Low => 1024,
            Self::Medium => 8192,
            Self::High => 24_576,
            Self::XHigh => 32_768,
            Self::Max => 49_152,
        }
    }

    const fn of_budget(tokens: u32) -> Self {
        match tokens {
            0..4096 => Self::Low,
            4096..16_384 => Self::Medium,
            _ => Self::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_survives_the_way_through_its_budget() {
        for effort in [Effort::Low, Effort::Medium, Effort::High] {
            assert_eq!(Effort::of_budget(effort.budget()), effort);
        }
    }

    #[test]
    fn an_explicit_figure_beats_a_derived_one() {
        let reasoning = Reasoning { effort: Some(Effort::Low), budget: Some(31_999), ..Reasoning::default() };
        assert_eq!((reasoning.level(), reasoning.tokens()), (Some(Effort::Low), Some(31_999)));
    }
}
