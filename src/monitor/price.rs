//! What tokens cost: an estimate by a table of prices, the user's before our own.

use std::iter::Sum;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Thousand-millionths of a US dollar: small enough that the cheapest token is a whole
/// number of them, and sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(pub i64);

const PER_DOLLAR: f64 = 1e9;

impl Cost {
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PER_DOLLAR
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates, and nobody pays that much")]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * PER_DOLLAR).round() as i64)
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        Self(costs.fold(0, |sum, cost| sum.saturating_add(cost.0)))
    }
}

/// As US dollars, wherever it is shown.
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

/// What a million tokens of each model cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceTable;

impl PriceTable {
    /// `None`: nobody knows the model's price.
    pub fn estimate(&self, _model: &str, _usage: &crate::protocol::Usage) -> Option<Cost> {
        None
    }
}
