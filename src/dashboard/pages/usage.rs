//! *Usage*: charts over time, and the same numbers as tables.

use maud::{Markup, html};

use super::chart::chart;
use super::page::Page;
use crate::dashboard::view::usage::{Line, Scope, Usage};
use crate::language::Language;
use crate::monitor::{Grouping, Period};
use crate::text;

const PERIODS: [(Period, &str, &str); 3] = [
    (Period::Hour, "hour", "usage-per-hour"),
    (Period::Day, "day", "usage-per-day"),
    (Period::Week, "week", "usage-per-week"),
];
const GROUPINGS: [(Grouping, &str, &str); 3] = [
    (Grouping::Model, "model", "usage-by-model"),
    (Grouping::Account, "account", "usage-by-account"),
    (Grouping::Client, "client", "usage-by-client"),
];

pub fn usage(page: &Page, scope: Scope, usage: &Usage) -> Markup {
    let language = page.language;
    html! {
        div.head {
            h1 #title tabindex="-1" { (text!(language, "nav-usage")) }
            (tabs(scope, language))
        }
        @if !page.records_are_kept() { p.callout.warn { (text!(language, "requests-off")) } }
        @if usage.names.is_empty() {
            p.empty { (text!(language, "usage-nothing")) }
        } @else {
            section {
                (legend(&usage.names))
                div.charts { @for one in &usage.charts { (chart(one, &usage.names)) } }
            }
            section.totals {
                (scrolled(&text!(language, heading(scope)), &usage.totals, language))
                p.small.soft { (text!(language, "usage-cost-is-estimate")) }
                @if usage.is_cost_partial { p.small.warn { (text!(language, "usage-cost-partial")) } }
            }
            details {
                summary { (text!(language, "usage-as-table")) }
                (scrolled(&text!(language, "usage-period"), &usage.periods, language))
            }
        }
    }
}

fn heading(scope: Scope) -> &'static str {
    GROUPINGS.into_iter().find(|(by, _, _)| *by == scope.by).map_or("usage-by-model", |(_, _, label)| label)
}

fn tabs(scope: Scope, language: Language) -> Markup {
    let words = |scope: Scope| {
        let per =
            PERIODS.into_iter().find(|(per, _, _)| *per == scope.per).map_or("day", |(_, word, _)| word);
        let by =
            GROUPINGS.into_iter().find(|(by, _, _)| *by == scope.by).map_or("model", |(_, word, _)| word);
        format!("/usage?per={per}&by={by}")
    };
    html! {
        nav.row aria-label=(text!(language, "nav-usage")) {
            div.tabs {
                @for (per, word, label) in PERIODS {
                    a id={ "per-" (word) } href=(words(Scope { per, ..scope })) aria-current=[(per == scope.per).then_some("true")] { (text!(language, label)) }
                }
            }
            div.tabs {
                @for (by, word, label) in GROUPINGS {
                    a id={ "by-" (word) } href=(words(Scope { by, ..scope })) aria-current=[(by == scope.by).then_some("true")] { (text!(language, label)) }
                }
            }
        }
    }
}

fn legend(names: &[String]) -> Markup {
    html! {
        ul.legend {
            @for (index, name) in names.iter().enumerate() {
                li {
                    svg viewBox="0 0 10 10" aria-hidden="true" { rect class={ "series-" (index + 1) } width="10" height="10" rx="2" {} }
                    (name)
                }
            }
        }
    }
}

/// A table that scrolls on a small screen, by keyboard too.
fn scrolled(first: &str, lines: &[Line], language: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(first) { (table(first, lines, language)) }
    }
}

fn table(first: &str, lines: &[Line], language: Language) -> Markup {
    let heads = [
        "usage-requests",
        "usage-errors",
        "usage-input",
        "usage-cached",
        "usage-output",
        "usage-reasoning",
        "usage-first-byte",
        "usage-cost",
    ];
    html! {
        table {
            thead {
                tr {
                    th { (first) }
                    @for head in heads { th.number { (text!(language, head)) } }
                }
            }
            tbody {
                @for line in lines {
                    tr {
                        th.any scope="row" { (line.name) }
                        @for cell in cells(line) { td.number { (cell) } }
                    }
                }
            }
        }
    }
}

fn cells(line: &Line) -> [&str; 8] {
    let Line { requests, errors, input, cached, output, reasoning, first_byte, cost, .. } = line;
    [requests, errors, input, cached, output, reasoning, first_byte, cost].map(String::as_str)
}
