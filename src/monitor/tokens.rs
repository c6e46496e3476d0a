//! The JSON of token counts in records and sums.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Usage;

/// A [`Usage`] with the names of records.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Usage")]
pub struct Tokens {
    input: u64,
    output: u64,
    #[serde(rename = "cached")]
    cache_read: u64,
    #[serde(default)]
    cache_write: u64,
    reasoning: u64,
}

/// The same for an optional [`Usage`].
pub struct OptionalTokens;

#[derive(Serialize, Deserialize)]
struct JsonUsage(#[serde(with = "Tokens")] Usage);

impl OptionalTokens {
    #[expect(clippy::ref_option, reason = "serde calls it with a reference")]
    pub fn serialize<S: Serializer>(usage: &Option<Usage>, serializer: S) -> Result<S::Ok, S::Error> {
        usage.map(JsonUsage).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usage>, D::Error> {
        Ok(Option::<JsonUsage>::deserialize(deserializer)?.map(|JsonUsage(usage)| usage))
    }
}
