//! Which of the models that a tool asks for are served, and which others it could ask for:
//! real names, from the accounts' own lists.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::models::Catalog;
use super::probe;
use super::route::route;
use super::service::Gateway;
use crate::accounts::Demand;
use crate::monitor::price::PriceTable;
use crate::protocol::{Family, Protocol};

/// Names that are offered at most.
const OFFERED_AT_MOST: usize = 8;
/// Words in the names of models that are not for conversations.
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
pub struct Coverage {
    /// The names that no account serves.
    pub unserved: Vec<String>,
    /// Models that the accounts do serve, those with a known price first. Empty where every
    /// name is served.
    pub offers: Vec<String>,
}

impl Gateway {
    /// Reads the accounts' lists only where a name is not served.
    pub async fn coverage(&self, protocol: Protocol, asked: Vec<String>) -> Coverage {
        self.learn().await;
        let unserved: Vec<String> =
            asked.into_iter().filter(|name| !self.is_served(protocol, name)).collect();
        let offers = if unserved.is_empty() { Vec::new() } else { self.offers(protocol).await };
        Coverage { unserved, offers }
    }

    /// Whether an account serves the model, also one that rests.
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
        // By price: the better model costs more.
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
