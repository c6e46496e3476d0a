//! One line of `[prices]`: `"gpt-5-mini" = { input = 0.25, output = 2 }`.

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Key, Value};

use super::change::edit;
use super::error::EditError;
use super::settings::unset;
use super::table;
use crate::config::place::KeyPath;

const SECTION: &str = "prices";

/// The price of a million tokens in US dollars. A key with `None` is left out of the line.
#[derive(Clone, Debug)]
pub struct NewPrice {
    pub input: Option<Value>,
    pub cached_input: Option<Value>,
    pub output: Option<Value>,
}

/// Writes one line of `[prices]`.
pub fn set_price(path: &Path, model: &str, price: NewPrice) -> Result<(), EditError> {
    edit(path, |document| set_in(document, model, price))
}

/// Removes one line of `[prices]`.
pub fn remove_price(path: &Path, model: &str) -> Result<(), EditError> {
    unset(path, &line(model))
}

fn line(model: &str) -> String {
    KeyPath::of(&[SECTION, model]).to_string()
}

fn set_in(document: &mut DocumentMut, model: &str, price: NewPrice) -> Result<(), EditError> {
    let not_a_key = || EditError::NotAKey(line(model));
    let prices = table::section(document.as_item_mut(), &Key::new(SECTION)).ok_or_else(not_a_key)?;
    let name = Key::new(model);
    if !prices.get(model).is_some_and(Item::is_table_like) {
        table::put(prices, &name, InlineTable::new().into());
    }
    let written = prices.get_mut(model).ok_or_else(not_a_key)?;
    let NewPrice { input, cached_input, output } = price;
    for (key, value) in [("input", input), ("cached_input", cached_input), ("output", output)] {
        put(written, &Key::new(key), value);
    }
    Ok(())
}

fn put(price: &mut Item, key: &Key, value: Option<Value>) {
    match value {
        // An equal number stays as it is written, such as `2.50`.
        Some(value) if dollars(price.get(key.get()).and_then(Item::as_value)) == dollars(Some(&value)) => {}
        Some(value) => {
            table::put(price, key, value);
        }
        None => {
            if let Some(price) = price.as_table_like_mut() {
                price.remove(key.get());
            }
        }
    }
}

fn dollars(value: Option<&Value>) -> Option<f64> {
    let value = value?;
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}
