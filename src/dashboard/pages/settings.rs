//! *Settings*: every key of the config file, saved as edits that keep its comments.

use maud::{Markup, html};
use serde_json::json;

use super::page::Page;
use super::parts::{Button, button, confirm, copy_button, masked_key, secret_input};
use super::prices::prices;
use crate::dashboard::view::settings::{Field, Input, Mapping, Settings};
use crate::language::Language;
use crate::text;

pub fn settings(page: &Page, settings: &Settings) -> Markup {
    let language = page.language;
    html! {
        h1 #title tabindex="-1" { (text!(language, "nav-settings")) }
        p.soft { (text!(language, "settings-file")) " " code.any #config-path { (page.status.config_path) } }
        @for problem in &settings.problems { p.callout.bad { (problem) } }
        (key(page))
        form #settings data-call="/api/settings" data-wrap="values" data-changes="" data-done=(text!(language, "page-saved")) {
            @for section in &settings.sections {
                section {
                    h2.rule { (section.title) }
                    @for field in &section.fields { (row(field, language)) }
                }
            }
            div.bar {
                button.main type="submit" id="save" { (text!(language, "page-save")) }
                span.soft.small { (text!(language, "settings-at-once")) }
                p.problem data-problem="" role="alert" {}
            }
        }
        (models(&settings.models, language))
        (prices(&settings.prices, language))
    }
}

fn key(page: &Page) -> Markup {
    let language = page.language;
    html! {
        section {
            h2.rule { (text!(language, "key-title")) }
            p.soft { (text!(language, "key-why")) }
            div.row {
                code #client-key { (masked_key()) }
                button.plain type="button" id="reveal" data-reveal="" aria-pressed="false" { (text!(language, "first-show-key")) }
                (copy_button("client-key", &text!(language, "key-title"), language))
                button.plain type="button" id="open-rotate" data-opens="rotate" { (text!(language, "key-rotate")) "…" }
            }
            (confirm(
                "rotate",
                &text!(language, "key-rotate-question"),
                &text!(language, "key-rotate-explanation"),
                &Button { class: "danger", label: &text!(language, "key-rotate"), call: "/api/key/rotate", done: &text!(language, "key-rotated"), ..Button::default() },
                language,
            ))
        }
    }
}

fn row(field: &Field, language: Language) -> Markup {
    let id = format!("set-{}", field.key);
    html! {
        div.field {
            label for=(id) { (field.label) span.key { (field.key) } }
            div {
                (input(&id, field, language))
                p.problem data-problem=(field.key) role="alert" { @if let Some(problem) = &field.problem { (problem) } }
            }
        }
    }
}

fn input(id: &str, field: &Field, language: Language) -> Markup {
    let (name, label) = (field.key.as_str(), field.label.as_str());
    html! {
        @match &field.input {
            Input::Switch(on) => { div.switch { input type="checkbox" id=(id) name=(name) checked[*on]; } }
            Input::Number { value, least, most } => {
                input type="number" id=(id) name=(name) value=(value) min=(least) max=(most) step="1" required;
            }
            Input::Choice(choices) => {
                select id=(id) name=(name) {
                    @for (choice, label, is_chosen) in choices { option value=(choice) selected[*is_chosen] { (label) } }
                }
            }
            Input::Text(text) => { input type="text" id=(id) name=(name) value=(text) autocomplete="off" spellcheck="false"; }
            Input::List(lines) => {
                textarea id=(id) name=(name) rows="2" data-list="" spellcheck="false" { (lines) }
                p.hint { (text!(language, "settings-one-a-line")) }
            }
            Input::Secret(place) => { (secret_input(id, name, label, place, language)) }
        }
    }
}

fn models(mappings: &[Mapping], language: Language) -> Markup {
    html! {
        section {
            h2.rule { (text!(language, "models-title")) }
            p.soft { (text!(language, "models-why")) }
            @for (index, Mapping { asked, sent, problem }) in mappings.iter().enumerate() {
                form.mapping data-call="/api/models/set" data-fixed=(json!({ "asked": asked })) data-done=(text!(language, "page-saved")) {
                    code.any { (asked) }
                    span.soft aria-hidden="true" { "→" }
                    input name="sent" value=(sent) required autocomplete="off" aria-label=(text!(language, "models-sent-for", asked = asked.as_str()));
                    button type="submit" { (text!(language, "page-save")) }
                    (button(&Button { id: &format!("remove-model-{index}"), class: "plain", label: &text!(language, "models-remove"), about: asked, call: "/api/models/remove", body: Some(json!({ "asked": asked })), ..Button::default() }))
                    p.problem data-problem="" role="alert" { @if let Some(problem) = problem { (problem) } }
                }
            }
            form.mapping #add-model data-call="/api/models/set" data-done=(text!(language, "page-saved")) {
                input name="asked" required autocomplete="off" placeholder="claude-*" aria-label=(text!(language, "models-asked"));
                span.soft aria-hidden="true" { "→" }
                input name="sent" required autocomplete="off" placeholder="gemini-3-flash" aria-label=(text!(language, "models-sent"));
                button type="submit" { (text!(language, "models-add")) }
                p.problem data-problem="" role="alert" {}
            }
        }
    }
}
