//! Completes a record in the writer's thread: removes secrets, names the client and estimates
//! the cost. Most records are like the one before, so the last results are kept: texts without a
//! secret, and the price of a model.

use std::sync::Arc;

use smol_str::SmolStr;

use super::price::{Cost, PriceTable};
use super::record::Record;
use crate::config::Price;
use crate::protocol::Provider;
use crate::upstream::{Scrubber, Secrets};

/// Completes records, with the results of the last one.
#[derive(Default)]
pub struct Completer {
    secrets: Secrets,
    prices: Arc<PriceTable>,
    /// The path, client and models of the last record, without secrets.
    clean: [SmolStr; 4],
    /// The model that was looked up last, and its price.
    priced: Option<(SmolStr, Option<Price>)>,
}

impl Completer {
    /// Completes a record with the secrets and prices in force.
    pub fn complete(&mut self, record: &mut Record, scrubber: &Scrubber, prices: &Arc<PriceTable>) {
        self.refresh(scrubber, prices);
        self.scrub(record);
        record.client_name = record.client.as_deref().and_then(client_name).map(SmolStr::new);
        let priced = record.usage.as_ref().zip(record.model_used.as_ref());
        // The demo is free, whatever model it stands in for.
        record.cost = if record.provider.as_deref() == Some(Provider::Demo.name()) {
            record.usage.map(|_| Cost::default())
        } else {
            priced.and_then(|(usage, model)| Some(Cost::estimate(&self.price(model)?, usage)))
        };
    }

    /// Forgets the last results when the secrets or prices have changed.
    fn refresh(&mut self, scrubber: &Scrubber, prices: &Arc<PriceTable>) {
        if !scrubber.knows(&self.secrets) || !Arc::ptr_eq(&self.prices, prices) {
            *self = Self { secrets: scrubber.known(), prices: Arc::clone(prices), ..Self::default() };
        }
    }

    /// Removes secrets: a client may put a key anywhere, even into the name of a model.
    fn scrub(&mut self, record: &mut Record) {
        let Record { path, client, model_asked, model_used, error, dropped, attempts, .. } = record;
        let usual = [Some(path), client.as_mut(), model_asked.as_mut(), model_used.as_mut()];
        for (text, clean) in usual.into_iter().zip(&mut self.clean) {
            let Some(text) = text.filter(|text| *text != clean) else { continue };
            if let Some(scrubbed) = self.secrets.scrub(text.as_bytes()) {
                *text = String::from_utf8_lossy(&scrubbed).into();
            }
            clean.clone_from(text);
        }
        let failures = attempts.iter_mut().filter_map(|attempt| attempt.failure.as_mut());
        for text in error.iter_mut().chain([dropped]).chain(failures).filter(|text| !text.is_empty()) {
            if let Some(scrubbed) = self.secrets.scrub(text.as_bytes()) {
                *text = String::from_utf8_lossy(&scrubbed).into_owned();
            }
        }
    }

    fn price(&mut self, model: &SmolStr) -> Option<Price> {
        match &self.priced {
            Some((priced, price)) if priced == model => *price,
            _ => {
                let price = self.prices.price(model);
                self.priced = Some((model.clone(), price));
                price
            }
        }
    }
}

/// The program's name at the start of a User-Agent: `claude-cli` of `claude-cli/1.0 (…)`,
/// `OpenAI/Python` of `OpenAI/Python 1.99`.
fn client_name(agent: &str) -> Option<&str> {
    let product = agent.split_whitespace().next()?;
    let name = match product.rsplit_once('/') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => name,
        _ => product,
    };
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Usage;

    const KEY: &str = "sk-a-secret-of-mine";

    fn completed(
        completer: &mut Completer,
        scrubber: &Scrubber,
        prices: &Arc<PriceTable>,
        model: &str,
    ) -> Record {
        let mut record = Record {
            model_used: Some(model.into()),
            client: Some("tool/1.0".into()),
            usage: Some(Usage { input: 1_000_000, ..Usage::default() }),
            ..Record::new("id", "anthropic", "/v1/messages")
        };
        completer.complete(&mut record, scrubber, prices);
        record
    }

    fn prices(dollars: f64) -> Arc<PriceTable> {
        let price = Price { input: dollars, output: 0.0, cached_input: 0.0 };
        Arc::new(PriceTable::new(&[(format!("*{KEY}"), price), ("known".to_owned(), price)]))
    }

    #[test]
    fn a_key_learned_later_is_removed_from_a_text_that_was_clean_before() {
        let (mut completer, scrubber, prices) = (Completer::default(), Scrubber::default(), prices(1.0));
        assert_eq!(completed(&mut completer, &scrubber, &prices, KEY).model_used.as_deref(), Some(KEY));
        scrubber.learn([&KEY.to_owned().into()]);
        for _ in 0..2 {
            assert_eq!(
                completed(&mut completer, &scrubber, &prices, KEY).model_used.as_deref(),
                Some("[secret]")
            );
        }
    }

    #[test]
    fn a_changed_price_applies_from_the_next_record_on() {
        let (mut completer, scrubber) = (Completer::default(), Scrubber::default());
        for (dollars, model, cost) in [
            (1.0, "known", Some(1.0)),
            (2.0, "known", Some(2.0)),
            (2.0, "unknown", None),
            (2.0, "known", Some(2.0)),
        ] {
            let cost = cost.map(Cost::from_dollars);
            assert_eq!(completed(&mut completer, &scrubber, &prices(dollars), model).cost, cost, "{model}");
        }
    }

    #[test]
    fn a_client_is_named_by_the_start_of_its_user_agent() {
        assert_eq!(client_name("claude-cli/1.0 (external)"), Some("claude-cli"));
        assert_eq!(client_name("OpenAI/Python 1.99"), Some("OpenAI/Python"));
        assert_eq!(client_name(" "), None);
    }
}
