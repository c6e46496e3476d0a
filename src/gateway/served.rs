//! Whether anybody here serves the models that a tool asks for, and what could answer
//! instead: real names, from the accounts' own lists.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::models::Catalog;
use super::route::route;
use super::{Gateway, probe};
use crate::accounts::Demand;
use crate::monitor::price::PriceTable;
use crate::protocol::{Family, Protocol};

/// More would not be read.
const OFFERED_AT_MOST: usize = 8;
/// In the names of models that do not hold conversations.
const NOT_FOR_WORDS: [&str; 14] = [
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "image",
    "moderation",
    "realtime",
    "audio",
    "transcribe",
    "sora",
    "veo",
    "aqa",
    "rerank",
    "guard",
];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Those of the names that nobody serves.
    pub unserved: Vec<String>,
    /// What the accounts do serve, where that matters; the known ones first.
    pub offers: Vec<String>,
}

impl Gateway {
    /// Asks the accounts for their lists only where something is not served.
    pub async fn served(&self, protocol: Protocol, asked: Vec<String>) -> Served {
        self.learn().await;
        let unserved: Vec<String> =
            asked.into_iter().filter(|name| !self.is_served(protocol, name)).collect();
        let offers = if unserved.is_empty() { Vec::new() } else { self.offers(protocol).await };
        Served { unserved, offers }
    }

    /// Whatever the health of the accounts is.
    fn is_served(&self, protocol: Protocol, name: &str) -> bool {
        let settings = self.settings();
        let route = route(name, &settings.models, |name| settings.is_account(name));
        self.pool.is_served(&Demand {
            protocols: &Protocol::ALL,
            client_protocol: protocol,
            model: &route.model,
            pin: route.pin.clone(),
            session: None,
            now: Instant::now(),
        })
    }

    async fn offers(&self, protocol: Protocol) -> Vec<String> {
        let settings = self.settings();
        let catalog = Catalog::read(self, Family::OpenAi).await;
        let prices = PriceTable::new(&settings.config.prices);
        let is_offer = |name: &&String| {
            settings.models.resolve(name).is_none()
                && holds_conversations(name)
                && self.is_served(protocol, name)
        };
        let mut offers: Vec<&String> = catalog.names().filter(is_offer).collect();
        // Of those whose price is known, the better one costs more.
        offers.sort_by_cached_key(|name| {
            let price = prices.price(name).map_or(0.0, |price| price.output);
            #[expect(clippy::cast_possible_truncation, reason = "an order")]
            let price = (price * 1e3) as i64;
            (-price, (*name).clone())
        });
        offers.into_iter().take(OFFERED_AT_MOST).cloned().collect()
    }
}

fn holds_conversations(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    probe::answers_in_words(name) && !NOT_FOR_WORDS.iter().any(|word| lower.contains(word))
}
