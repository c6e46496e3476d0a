//! Token counts in the JSON of records and sums.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Usage;

/// The shape of a [`Usage`], by the names of records.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Usage")]
pub struct Tokens {
    input: u64,
    output: u64,
    #[serde(rename = "cached")]
    cache_read: u64,
    reasoning: u64,
    #[serde(skip)]
    cache_write: u64,
}

/// The same for an answer that may not have counted any.
pub mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Tokens, Usage};

    #[derive(Serialize, Deserialize)]
    struct Counted(#[serde(with = "Tokens")] Usage);

    #[expect(clippy::ref_option, reason = "serde calls it with a reference")]
    pub fn serialize<S: Serializer>(usage: &Option<Usage>, serializer: S) -> Result<S::Ok, S::Error> {
        usage.map(Counted).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Usage>, D::Error> {
        Ok(Option::<Counted>::deserialize(deserializer)?.map(|Counted(usage)| usage))
    }
}
