//! A line of `[prices]` is set or removed.

use serde::Deserialize;
use serde_json::Number;
use toml_edit::Value;

use super::edit;
use crate::config::edit::{self as file, NewPrice};
use crate::dashboard::answer::CallResult;
use crate::dashboard::call::Call;

/// The line holds only the prices that are given, afterwards as well.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    model: String,
    input: Option<Number>,
    cached_input: Option<Number>,
    output: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    model: String,
}

pub async fn set(mut call: Call) -> CallResult {
    let Price { model, input, cached_input, output } = call.body().await?;
    let [input, cached_input, output] =
        [input, cached_input, output].map(|number| number.as_ref().and_then(dollars));
    let price = NewPrice { input, cached_input, output };
    edit(call, move |path| file::set_price(path, &model, price)).await
}

pub async fn remove(mut call: Call) -> CallResult {
    let Name { model } = call.body().await?;
    edit(call, move |path| file::remove_price(path, &model)).await
}

fn dollars(number: &Number) -> Option<Value> {
    number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from))
}
