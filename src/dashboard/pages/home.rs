//! *Home*: the proxy's state and problems, the accounts, and the steps to a first answer.

use maud::{Markup, html};
use serde_json::json;

use super::page::Page;
use super::parts::{Button, button, code, copy_button, mark, request_table};
use crate::dashboard::connection::Health;
use crate::dashboard::view::account::Account;
use crate::dashboard::view::first::FirstRequest;
use crate::dashboard::view::request::{Row, Tone};
use crate::dashboard::view::state::State;
use crate::language::Language;
use crate::text;

/// Rows of the latest requests.
pub const LATEST: usize = 5;

/// `is_new`: no request has been answered yet, so the steps are unfolded.
pub fn home(page: &Page, first: &FirstRequest, latest: &[Row], is_new: bool) -> Markup {
    let language = page.language;
    html! {
        (state(page))
        (accounts(page))
        details #first open[is_new] {
            summary { h2 { (text!(language, "first-title")) } }
            (steps(page, first))
        }
        section {
            div.head.rule {
                h2 { (text!(language, "home-latest")) }
                a #all-requests href="/requests" { (text!(language, "home-all-requests")) }
            }
            @if !page.records_are_kept() { p.soft { (text!(language, "requests-off")) } }
            div.scroll { (request_table("latest", latest, language)) }
            p.empty { (text!(language, "requests-none")) }
        }
    }
}

/// The state, its buttons, problems and warnings, and the base URLs; updated live.
pub fn state(page: &Page) -> Markup {
    let (language, state) = (page.language, State::of(&page.status));
    html! {
        div #home-state {
            div.head {
                h1 #title tabindex="-1" { (state.sentence) }
                div.row {
                    (button(&Button { id: "start", class: "main", label: &text!(language, "page-start"), call: "/api/start", is_disabled: !state.can_start, ..Button::default() }))
                    (button(&Button { id: "stop", label: &text!(language, "page-stop"), call: "/api/stop", is_disabled: !state.can_stop, ..Button::default() }))
                    (button(&Button { id: "restart", label: &text!(language, "page-restart"), call: "/api/restart", is_disabled: !state.can_stop, ..Button::default() }))
                }
            }
            @if let Some(problem) = &state.problem {
                div.callout.bad role="alert" {
                    p { (problem) }
                    @if let Some(port) = state.next_free_port {
                        p {
                            (button(&Button { id: "move", label: &text!(language, "page-use-port", port = port), call: "/api/move-to-port", body: Some(json!({ "port": port })), ..Button::default() }))
                        }
                    }
                }
            }
            @for warning in &state.warnings { p.callout.warn { (warning) } }
            div.addresses {
              @for (id, label, url) in addresses(page) {
                div.address {
                    span.soft { (label) }
                    code #(id) { (url) }
                    (copy_button(id, label, language))
                }
              }
            }
        }
    }
}

fn addresses(page: &Page) -> [(&'static str, &'static str, String); 3] {
    let base_url = &page.status.base_url;
    [
        ("address-openai", "OpenAI", format!("{base_url}/v1")),
        ("address-anthropic", "Anthropic", base_url.clone()),
        ("address-gemini", "Gemini", base_url.clone()),
    ]
}

/// The accounts in brief; updated live.
pub fn accounts(page: &Page) -> Markup {
    let language = page.language;
    let accounts = page.accounts();
    html! {
        section #home-accounts {
            div.head.rule {
                h2 { (State::of(&page.status).accounts) }
                a #all-accounts href="/accounts" { (text!(language, "nav-accounts")) }
            }
            @if accounts.is_empty() {
                p.empty { (text!(language, "accounts-empty")) }
                p { a.button #first-account href="/accounts" { (text!(language, "accounts-add")) } }
            } @else {
                ul.accounts.brief { @for account in &accounts { (brief(account)) } }
            }
        }
    }
}

fn brief(account: &Account) -> Markup {
    html! {
        li {
            div.any {
                strong { (account.name) } " " span.soft { (account.provider) }
                @if let Some(reason) = &account.reason { div.small.any { (reason) } }
            }
            (mark(account.tone, &account.state))
        }
    }
}

fn steps(page: &Page, first: &FirstRequest) -> Markup {
    let language = page.language;
    html! {
        ol.steps {
            li {
                div {
                    h3 { (text!(language, "first-step-check")) }
                    p.soft { (text!(language, "first-check-why")) }
                    (health(page))
                    div.row {
                        button type="button" id="check-health" data-call="/part/health" data-into="health" { (text!(language, "first-check-now")) }
                        (health_place(&html! {}))
                    }
                }
            }
            li {
                div {
                    h3 { (text!(language, "first-step-connect")) }
                    p.soft { (text!(language, "first-connect-why")) }
                    (snippets(page))
                }
            }
            li {
                div {
                    h3 { (text!(language, "first-step-ask")) }
                    (first_request(page, first))
                }
            }
        }
    }
}

/// The snippet that calls `/healthz`; updated live, because the address and the need for a key may
/// change.
pub fn health(page: &Page) -> Markup {
    let snippet = page.connection().health();
    html! {
        div.snippet #health-snippet { div.body { (code(&snippet)) (copy_button("snippet-health", "/healthz", page.language)) } }
    }
}

/// The place for the answer of `/healthz`, which is called when the page opens, when the proxy
/// starts or stops, and by the button; updated live.
pub fn health_place(answer: &Markup) -> Markup {
    html! { span.any #health role="status" { (answer) } }
}

pub fn health_answer(health: &Health, language: Language) -> Markup {
    match (health.ok, health.status) {
        (true, _) => html! { span.row { (mark(Tone::Good, "200")) code { (health.answer) } } },
        (false, Some(status)) => {
            html! { span.row { (mark(Tone::Bad, &status.to_string())) code { (health.answer) } } }
        }
        (false, None) => html! {
            span.bad { (text!(language, "first-check-failed", url = health.url.as_str())) }
            " " span.small.soft { (health.answer) }
        },
    }
}

/// The snippets for each client; updated live, as [`health`] is.
pub fn snippets(page: &Page) -> Markup {
    let language = page.language;
    let has_key = !page.config.proxy.api_key.is_missing();
    html! {
        div #snippets {
            @if has_key {
                p.row {
                    button.plain type="button" id="reveal" data-reveal="" aria-pressed="false" { (text!(language, "first-show-key")) }
                    span.soft.small { (text!(language, "first-key-hint")) }
                }
            }
            @for snippet in page.connection().clients() {
                details.snippet name="snippet" open[snippet.id == "curl"] {
                    summary id={ "fold-" (snippet.id) } { (snippet.title) }
                    div.body { (code(&snippet)) (copy_button(&format!("snippet-{}", snippet.id), snippet.title, language)) }
                    @if let Some(command) = snippet.command { p.small.soft.instead { (text!(language, "first-or-connect")) " " code { (command) } } }
                }
            }
        }
    }
}

/// The first request and its outcome; updated live.
pub fn first_request(page: &Page, first: &FirstRequest) -> Markup {
    let language = page.language;
    let link = |href: &str| html! { a #first-details href=(href) { (text!(language, "first-details")) } };
    html! {
        div #first-request role="status" {
            @match first {
                FirstRequest::Waiting => { p.waiting { (text!(language, "first-waiting")) } }
                FirstRequest::Answered { sentence, href } => { p.callout.good { (sentence) " " (link(href)) } }
                FirstRequest::Refused { sentence, advice, href } => {
                    div.callout.bad { p { strong { (sentence) } } p { (advice) } p { (link(href)) } }
                }
            }
        }
    }
}
