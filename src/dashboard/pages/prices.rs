//! The prices in *Settings*: a form for each line of `[prices]`, and one for a new line.

use maud::{Markup, html};
use serde_json::json;

use super::parts::{Button, button};
use crate::config::entries::PriceLine;
use crate::dashboard::view::settings::Price;
use crate::language::Language;
use crate::monitor::price::PRICES_OF;
use crate::text;

pub fn prices(prices: &[Price], language: Language) -> Markup {
    html! {
        section #prices {
            h2.rule { (text!(language, "prices-title")) }
            p.soft { (text!(language, "prices-why", date = PRICES_OF)) }
            @for (index, price) in prices.iter().enumerate() { (line(index, price, language)) }
            (new_line(language))
        }
    }
}

fn line(index: usize, Price { line, problem }: &Price, language: Language) -> Markup {
    let model = line.model.as_str();
    html! {
        form.price data-call="/api/prices/set" data-fixed=(json!({ "model": model })) data-done=(text!(language, "page-saved")) {
            code.any { (model) }
            (numbers(&format!("price-{index}"), line, language))
            button type="submit" { (text!(language, "page-save")) span.aside { " " (model) } }
            (button(&Button { id: &format!("remove-price-{index}"), class: "plain", label: &text!(language, "models-remove"), about: model, call: "/api/prices/remove", body: Some(json!({ "model": model })), done: &text!(language, "page-saved"), ..Button::default() }))
            (problems(&["input", "cached_input", "output"], problem.as_deref()))
        }
    }
}

fn new_line(language: Language) -> Markup {
    let empty = PriceLine::default();
    html! {
        form.price #add-price data-call="/api/prices/set" data-done=(text!(language, "page-saved")) {
            div {
                label for="new-price-model" { (text!(language, "prices-model")) }
                input id="new-price-model" name="model" required autocomplete="off" spellcheck="false" placeholder="gpt-5-*";
            }
            (numbers("new-price", &empty, language))
            button type="submit" { (text!(language, "models-add")) }
            (problems(&["model", "input", "cached_input", "output"], None))
        }
    }
}

/// The fields for input, cached input and output, each with its label.
fn numbers(id: &str, line: &PriceLine, language: Language) -> Markup {
    let fields = [
        ("input", "prices-input", &line.input, true),
        ("cached_input", "prices-cached-input", &line.cached_input, false),
        ("output", "prices-output", &line.output, true),
    ];
    html! {
        @for (name, label, value, is_required) in fields {
            div {
                label for={ (id) "-" (name) } {
                    (text!(language, label))
                    @if !line.model.is_empty() { span.aside { " " (line.model) } }
                }
                input.number id={ (id) "-" (name) } name=(name) type="number" inputmode="decimal" min="0" step="any"
                    value=(value) required[is_required] placeholder=[(!is_required).then(|| text!(language, "prices-as-input"))];
            }
        }
    }
}

fn problems(names: &[&str], own: Option<&str>) -> Markup {
    html! {
        @for name in names { p.problem data-problem=(name) role="alert" {} }
        p.problem data-problem="" role="alert" { @if let Some(own) = own { (own) } }
    }
}
