//! *Requests*: the list in which new requests appear, its filters and its exports; and one
//! request with all its details.

use maud::{Markup, html};

use super::page::Page;
use super::parts::{Button, confirm, mark, request_table};
use super::place::Requests;
use crate::dashboard::view::request::{Bar, Row, Whole};
use crate::language::Language;
use crate::monitor::{Cursor, RecordNumber};
use crate::protocol::Protocol;
use crate::text;

pub fn requests(page: &Page, asked: &Requests, rows: &[Row], next: Option<RecordNumber>) -> Markup {
    let language = page.language;
    html! {
        div.head {
            h1 #title tabindex="-1" { (text!(language, "nav-requests")) }
            div.row { (exports(asked, language)) }
        }
        @if !page.records_are_kept() { p.callout.warn { (text!(language, "requests-off")) } }
        @for problem in page.record_problems() { p.callout.warn { (problem) } }
        (filters(page, asked))
        section {
            div.scroll { (request_table("rows", rows, language)) }
            // Shown while there is no row; rows may arrive.
            p.empty { (text!(language, if asked.is_filtered() { "requests-none-match" } else { "requests-none" })) }
            p.row {
                @if asked.cursor != Cursor::Latest {
                    a.button #newest href={ "/requests?" (asked.query()) } { (text!(language, "requests-newest")) }
                }
                @if let Some(next) = next { a.button #older href=(asked.older(next)) { (text!(language, "requests-older")) } }
            }
        }
        (confirm(
            "clear",
            &text!(language, "requests-clear-question"),
            &text!(language, "requests-clear-explanation"),
            &Button { id: "clear-yes", class: "danger", label: &text!(language, "requests-clear"), call: "/api/records/clear", done: &text!(language, "requests-cleared"), ..Button::default() },
            language,
        ))
    }
}

fn exports(asked: &Requests, language: Language) -> Markup {
    let export = |format: &str| format!("/api/records/export?format={format}&{}", asked.query());
    html! {
        button.plain type="button" data-download=(export("csv")) { (text!(language, "requests-export-csv")) }
        button.plain type="button" data-download=(export("jsonl")) { (text!(language, "requests-export-jsonl")) }
        button.danger type="button" id="clear-records" data-opens="clear" { (text!(language, "requests-clear")) "…" }
    }
}

fn filters(page: &Page, asked: &Requests) -> Markup {
    let (language, filter) = (page.language, &asked.filter);
    let accounts = page.config.accounts.iter().map(|account| account.name.as_str());
    let protocols = Protocol::ALL.map(Protocol::name);
    html! {
        form.filters role="search" action="/requests" data-filter="" {
            (text_field("text", &text!(language, "filter-text"), filter.text.as_deref()))
            (text_field("model", &text!(language, "filter-model"), filter.model.as_deref()))
            (select("account", &text!(language, "filter-account"), accounts, filter.account.as_deref(), language))
            (select("protocol", &text!(language, "filter-protocol"), protocols.into_iter(), filter.protocol.as_deref(), language))
            @if let Some(client) = &filter.client { (text_field("client", &text!(language, "filter-client"), Some(client))) }
            label.check { input type="checkbox" id="filter-errors" name="errors" value="true" checked[filter.errors]; (text!(language, "filter-errors")) }
            div.row {
                button type="submit" { (text!(language, "filter-apply")) }
                @if asked.is_filtered() { a href="/requests" { (text!(language, "filter-clear")) } }
            }
        }
    }
}

fn text_field(name: &str, label: &str, value: Option<&str>) -> Markup {
    html! {
        div {
            label for={ "filter-" (name) } { (label) }
            input type="search" id={ "filter-" (name) } name=(name) value=(value.unwrap_or_default());
        }
    }
}

fn select<'a>(
    name: &str,
    label: &str,
    choices: impl Iterator<Item = &'a str>,
    chosen: Option<&'a str>,
    language: Language,
) -> Markup {
    let mut choices: Vec<&str> = choices.collect();
    // The chosen account may have been removed.
    choices.extend(chosen.filter(|chosen| !choices.contains(chosen)));
    html! {
        div {
            label for={ "filter-" (name) } { (label) }
            select id={ "filter-" (name) } name=(name) {
                option value="" { (text!(language, "filter-all")) }
                @for choice in choices { option value=(choice) selected[chosen == Some(choice)] { (choice) } }
            }
        }
    }
}

pub fn request(whole: &Whole, language: Language) -> Markup {
    let row = &whole.row;
    html! {
        p { a href="/requests" { "← " (text!(language, "nav-requests")) } }
        div.head {
            h1.any #title tabindex="-1" {
                (row.asked)
                @if let Some(used) = &row.used { " → " (used) }
            }
            (mark(row.tone, &row.outcome))
        }
        @if let Some(error) = &whole.error { p.callout.bad { (error) } }
        dl.figures { @for (label, value) in &whole.figures { div { dt { (label) } dd { (value) } } } }
        section {
            h2.rule { (text!(language, "detail-timeline")) }
            ol.timeline { @for bar in &whole.timeline { (timeline_row(bar)) } }
            @if whole.timeline.is_empty() { p.soft { (text!(language, "detail-no-attempts")) } }
        }
        @if !whole.dropped.is_empty() {
            section {
                h2.rule { (text!(language, "detail-dropped")) }
                p.soft { (text!(language, "detail-dropped-why")) }
                p.any { @for field in &whole.dropped { code { (field) } " " } }
            }
        }
        section {
            h2.rule { (text!(language, "detail-facts")) }
            dl.facts { @for (label, value) in &whole.facts { dt { (label) } dd { (value) } } }
        }
        @for (index, (title, body)) in whole.bodies.iter().enumerate() {
            section {
                h2 id={ "body-" (index) } { (title) }
                @if let Some(cut) = &body.cut { p.soft { (cut) } }
                pre.body-text tabindex="0" role="region" aria-labelledby={ "body-" (index) } { (body.text) }
            }
        }
    }
}

fn timeline_row(bar: &Bar) -> Markup {
    html! {
        li.failed[bar.is_bad] {
            span.any { (bar.label) }
            svg viewBox="0 0 1006 10" preserveAspectRatio="none" aria-hidden="true" {
                rect x=(bar.start) y="0" width=(bar.width) height="10" rx="2" {}
            }
            span.number { (bar.duration) }
            @if let Some(why) = &bar.why { span.why.bad.small { (why) } }
        }
    }
}
