//! What tokens cost: an estimate by a table of prices, the user's before the built-in ones.

use std::iter::Sum;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Usage;
use crate::config::Price;
use crate::config::models::ByModel;

/// Billionths of a US dollar: small enough that the cheapest token costs a whole number of them
/// and sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(pub i64);

const PER_DOLLAR: f64 = 1e9;

impl Cost {
    /// The cost of a usage at this price.
    pub fn estimate(price: &Price, usage: &Usage) -> Self {
        let fresh = usage.input.saturating_sub(usage.cache_read);
        let millions = |tokens: u64| tokens as f64 / 1e6;
        Self::from_dollars(
            millions(fresh) * price.input
                + millions(usage.cache_read.min(usage.input)) * price.cached_input
                + millions(usage.output) * price.output,
        )
    }

    pub fn dollars(self) -> f64 {
        self.0 as f64 / PER_DOLLAR
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates at nine billion dollars")]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * PER_DOLLAR).round() as i64)
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        Self(costs.fold(0, |sum, cost| sum.saturating_add(cost.0)))
    }
}

/// In JSON it is US dollars.
impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_dollars)
    }
}

/// The prices of models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceTable {
    own: ByModel<Price>,
    built_in: ByModel<Price>,
}

impl PriceTable {
    /// A table with the user's prices before the built-in ones.
    pub fn new(own: &[(String, Price)]) -> Self {
        let built_in = BUILT_IN.map(|(model, price)| (model.to_owned(), price));
        Self { own: ByModel::new(own), built_in: ByModel::new(&built_in) }
    }

    /// `None` for an unknown price.
    pub fn price(&self, model: &str) -> Option<Price> {
        let model = model.strip_prefix("models/").unwrap_or(model);
        self.own.get(model).or_else(|| self.built_in.get(model)).copied()
    }
}

const fn price(input: f64, cached_input: f64, output: f64) -> Price {
    Price { input, output, cached_input }
}

/// The month in which the built-in prices were looked up.
pub const PRICES_OF: &str = "2026-06";

/// The providers' list prices for short prompts, without discounts for batches and fees for
/// cache writes: a token written to a cache costs what other input does. Patterns cover the dated
/// names of a model, never a model to come.
const BUILT_IN: [(&str, Price); 38] = [
    ("claude-opus-4-8*", price(5.0, 0.5, 25.0)),
    ("claude-opus-4-6*", price(5.0, 0.5, 25.0)),
    ("claude-opus-4-5*", price(5.0, 0.5, 25.0)),
    ("claude-opus-4-1*", price(15.0, 1.5, 75.0)),
    ("claude-opus-4-0", price(15.0, 1.5, 75.0)),
    ("claude-opus-4-20250514", price(15.0, 1.5, 75.0)),
    ("claude-sonnet-4-6*", price(3.0, 0.3, 15.0)),
    ("claude-sonnet-4-5*", price(3.0, 0.3, 15.0)),
    ("claude-sonnet-4-0", price(3.0, 0.3, 15.0)),
    ("claude-sonnet-4-20250514", price(3.0, 0.3, 15.0)),
    ("claude-3-7-sonnet*", price(3.0, 0.3, 15.0)),
    ("claude-haiku-4-5*", price(1.0, 0.1, 5.0)),
    ("claude-3-5-haiku*", price(0.8, 0.08, 4.0)),
    ("claude-3-haiku*", price(0.25, 0.03, 1.25)),
    ("gpt-5.2", price(1.75, 0.175, 14.0)),
    ("gpt-5.2-20*", price(1.75, 0.175, 14.0)),
    ("gpt-5.1*", price(1.25, 0.125, 10.0)),
    ("gpt-5", price(1.25, 0.125, 10.0)),
    ("gpt-5-20*", price(1.25, 0.125, 10.0)),
    ("gpt-5-codex*", price(1.25, 0.125, 10.0)),
    ("gpt-5-mini*", price(0.25, 0.025, 2.0)),
    ("gpt-5-nano*", price(0.05, 0.005, 0.4)),
    ("gpt-4.1-mini*", price(0.4, 0.1, 1.6)),
    ("gpt-4.1-nano*", price(0.1, 0.025, 0.4)),
    ("gpt-4.1", price(2.0, 0.5, 8.0)),
    ("gpt-4o", price(2.5, 1.25, 10.0)),
    ("gpt-4o-mini", price(0.15, 0.075, 0.6)),
    ("o3", price(2.0, 0.5, 8.0)),
    ("o4-mini*", price(1.1, 0.275, 4.4)),
    ("gemini-3-pro-preview", price(2.0, 0.2, 12.0)),
    ("gemini-3-flash*", price(0.5, 0.05, 3.0)),
    ("gemini-2.5-pro", price(1.25, 0.125, 10.0)),
    ("gemini-2.5-flash", price(0.3, 0.03, 2.5)),
    ("gemini-2.5-flash-lite", price(0.1, 0.01, 0.4)),
    ("gemini-2.0-flash", price(0.1, 0.025, 0.4)),
    ("glm-4.7", price(0.6, 0.11, 2.2)),
    ("glm-4.6", price(0.6, 0.11, 2.2)),
    ("glm-4.5-air", price(0.2, 0.03, 1.1)),
];

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage =
        Usage { input: 1_000_000, cache_read: 400_000, cache_write: 0, output: 100_000, reasoning: 50_000 };

    fn estimate(table: &PriceTable, model: &str, usage: &Usage) -> Option<Cost> {
        table.price(model).map(|price| Cost::estimate(&price, usage))
    }

    #[track_caller]
    fn check(own: &[(&str, Price)], model: &str, dollars: Option<f64>) {
        let own: Vec<_> = own.iter().map(|(model, price)| ((*model).to_owned(), *price)).collect();
        let cost = estimate(&PriceTable::new(&own), model, &USAGE);
        assert_eq!(cost, dollars.map(Cost::from_dollars), "{model}");
    }

    #[test]
    fn cached_input_costs_less_and_reasoning_is_output() {
        check(&[("mine", price(1.0, 0.1, 10.0))], "mine", Some(0.6 + 0.04 + 1.0));
    }

    #[test]
    fn the_users_price_comes_before_the_built_in_one() {
        check(&[], "gpt-5-mini", Some(0.15 + 0.01 + 0.2));
        check(&[], "models/gemini-2.5-pro", Some(0.75 + 0.05 + 1.0));
        check(&[("gpt-*", price(0.0, 0.0, 0.0))], "gpt-5-mini", Some(0.0));
    }

    #[test]
    fn the_cost_of_an_unknown_model_is_unknown_rather_than_zero() {
        check(&[], "llama-3", None);
        check(&[], "gpt-5-turbo-of-tomorrow", None);
    }

    #[test]
    fn the_cheapest_token_has_a_cost_and_sums_are_exact() {
        let table = PriceTable::new(&[]);
        let one = estimate(&table, "gpt-5-nano", &Usage { input: 1, ..Usage::default() });
        assert_eq!(one, Some(Cost(50)));
        let sum: Cost = std::iter::repeat_n(Cost(50), 1_000_000).sum();
        assert_eq!(sum, Cost::from_dollars(0.05));
    }

    #[test]
    fn more_cached_tokens_than_input_are_not_credited() {
        let table = PriceTable::new(&[("m".to_owned(), price(1.0, 0.5, 1.0))]);
        let usage = Usage { input: 10, cache_read: 1_000_000, ..Usage::default() };
        assert_eq!(estimate(&table, "m", &usage), Some(Cost::from_dollars(0.000_005)));
    }
}
