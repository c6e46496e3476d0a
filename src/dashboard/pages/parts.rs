//! Pieces that several pages are made of.

use maud::{Markup, html};

use crate::dashboard::view::request::{Row, Tone};
use crate::dashboard::view::snippets::{MASK, Piece, Snippet};
use crate::dashboard::view::state::{Gate, State};
use crate::language::Language;
use crate::text;

/// The stone around the gate, as in the tray's icons.
const WALL: &str =
    "M7 0h18a7 7 0 0 1 7 7v18a7 7 0 0 1-7 7H7a7 7 0 0 1-7-7V7a7 7 0 0 1 7-7zM6 28V12a10 8 0 0 1 20 0v16z";

/// The gate as in the tray's icon, raised while requests get through.
pub fn gate(gate: Gate) -> Markup {
    let (class, grille) = match gate {
        Gate::Raised => ("gate running", "M6 3h20v6H6zM10 8h4v4l-2 3-2-3zM18 8h4v4l-2 3-2-3z"),
        Gate::Half => ("gate busy", "M6 10h20v4H6zM10 3h4v14l-2 4-2-4zM18 3h4v14l-2 4-2-4z"),
        Gate::Lowered => ("gate", "M6 10h20v4H6zM6 18h20v4H6zM10 3h4v26h-4zM18 3h4v26h-4z"),
        Gate::Barred => ("gate failed", "M13 8h6l-1 10h-4zM14 20h4v4h-4z"),
    };
    html! {
        svg class=(class) viewBox="0 0 32 32" aria-hidden="true" {
            path fill-rule="evenodd" d=(WALL) {}
            path d=(grille) {}
        }
    }
}

/// The product's name and the proxy's state; updated live.
pub fn brand(state: &State) -> Markup {
    html! {
        div.brand #state role="status" {
            (gate(state.gate))
            div { strong { "portcullis" } span.small.soft { (state.sentence) } }
        }
    }
}

/// A label with a mark that differs by shape as well as colour.
pub fn mark(tone: Tone, label: &str) -> Markup {
    let (class, shape) = match tone {
        Tone::Good => ("mark good", "M2.5 8.500l3.5 3.5 7.5-8"),
        Tone::Neutral => ("mark soft", "M3 8h10"),
        Tone::Bad => ("mark bad", "M3.5 3.500l9 9M12.5 3.500l-9 9"),
    };
    html! {
        span class=(class) {
            svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true" {
                path d=(shape) {}
            }
            (label)
        }
    }
}

/// A button that makes a call of the control API.
#[derive(Default)]
pub struct Button<'a> {
    pub id: &'a str,
    pub class: &'a str,
    pub label: &'a str,
    pub call: &'a str,
    pub body: Option<serde_json::Value>,
    /// The text that is shown when the call is done.
    pub done: &'a str,
    /// The id of the element that has the focus afterwards, if not the button.
    pub then: &'a str,
    /// What it acts on, for screen readers.
    pub about: &'a str,
    pub is_disabled: bool,
}

pub fn button(button: &Button<'_>) -> Markup {
    let Button { id, class, label, call, body, done, then, about, is_disabled } = button;
    html! {
        button type="button" id=[some(id)] class=[some(class)] disabled[*is_disabled] data-call=(call)
            data-body=[body.as_ref().map(ToString::to_string)] data-done=[some(done)] data-then=[some(then)] {
            (label)
            @if !about.is_empty() { span.aside { " " (about) } }
        }
    }
}

fn some<'a>(text: &'a &str) -> Option<&'a str> {
    Some(*text).filter(|text| !text.is_empty())
}

/// A dialog before an act that cannot be undone.
pub fn confirm(id: &str, question: &str, explanation: &str, yes: &Button<'_>, language: Language) -> Markup {
    html! {
        dialog id=(id) aria-labelledby={ (id) "-question" } {
            h2 id={ (id) "-question" } { (question) }
            p.soft { (explanation) }
            div.row {
                button type="button" data-close="" { (text!(language, "page-cancel")) }
                (button(yes))
            }
        }
    }
}

pub fn copy_button(id: &str, about: &str, language: Language) -> Markup {
    html! {
        button.plain type="button" id={ "copy-" (id) } data-copy=(id) data-done=(text!(language, "page-copied")) {
            (text!(language, "page-copy")) span.aside { " " (about) }
        }
    }
}

/// The key's mask, which the page's script replaces by the key on request.
pub fn masked_key() -> Markup {
    html! { span data-key=(MASK) { (MASK) } }
}

pub fn code(snippet: &Snippet) -> Markup {
    html! {
        pre id={ "snippet-" (snippet.id) } {
            code {
                @for piece in &snippet.pieces {
                    @match piece {
                        Piece::Text(text) => { (text) }
                        Piece::Key => { (masked_key()) }
                    }
                }
            }
        }
    }
}

/// A field for a secret. It is not a password field, whose content the browser would offer to
/// save; password managers are asked to leave it alone as well.
pub fn secret_input(id: &str, name: &str, about: &str, placeholder: &str, language: Language) -> Markup {
    html! {
        div.typed {
            input type="text" id=(id) name=(name) placeholder=[some(&placeholder)] autocomplete="off" autocapitalize="off" spellcheck="false"
                data-1p-ignore="" data-lpignore="true" data-bwignore="" data-form-type="other";
            button.plain type="button" id={ "show-" (id) } data-shows=(id) aria-pressed="false" {
                (text!(language, "page-show")) span.aside { " " (about) }
            }
        }
    }
}

/// The rows of exchanges; `id` is where new ones arrive.
pub fn request_table(id: &str, rows: &[Row], language: Language) -> Markup {
    html! {
        table.requests {
            thead {
                tr {
                    th { (text!(language, "requests-time")) }
                    th { (text!(language, "requests-model")) }
                    th { (text!(language, "requests-account")) }
                    th { (text!(language, "requests-client")) }
                    th.number { (text!(language, "requests-tokens")) }
                    th.number { (text!(language, "requests-first-byte")) }
                    th.number { (text!(language, "requests-duration")) }
                    th { (text!(language, "requests-outcome")) }
                }
            }
            (request_rows(id, rows))
        }
    }
}

pub fn request_rows(id: &str, rows: &[Row]) -> Markup {
    html! {
        tbody id=(id) { @for row in rows { (request_row(row, false)) } }
    }
}

pub fn request_row(row: &Row, is_fresh: bool) -> Markup {
    html! {
        tr.failed[row.tone == Tone::Bad].fresh[is_fresh] {
            td.time { time datetime=(row.machine_time) { (row.time) } }
            td.model {
                a href=(row.href) { (row.asked) }
                @if let Some(used) = &row.used { div.small.soft.any { "→ " (used) } }
            }
            td.account.any { (row.account) }
            td.client.any { (row.client) }
            td.tokens.number { (row.tokens) }
            td.first.number { (row.first_byte) }
            td.took.number { (row.duration) }
            td.outcome { (mark(row.tone, &row.outcome)) }
        }
    }
}
