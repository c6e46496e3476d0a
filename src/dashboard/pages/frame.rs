//! What stands around every page: the name, the state, the places to go.

use maud::{Markup, html};

use super::page::Page;
use super::parts;
use super::place::{Place, Requests};
use crate::dashboard::view::state::State;
use crate::dashboard::view::usage::Scope;
use crate::monitor::{Grouping, Period};
use crate::text;

/// `place`: `None` for an address that is not a page.
pub fn frame(page: &Page, place: Option<&Place>, body: &Markup) -> Markup {
    let language = page.language;
    let title =
        place.map_or_else(|| text!(language, "lost-title"), |place| text!(language, nav_label(place)));
    let is_here = |other: &Place| place.is_some_and(|place| nav_label(place) == nav_label(other));
    let places = [
        ("/", Place::Home),
        ("/requests", Place::Requests(Requests::default())),
        ("/usage", Place::Usage(Scope { per: Period::Day, by: Grouping::Model })),
        ("/accounts", Place::Accounts),
        ("/settings", Place::Settings),
    ];
    html! {
        div.frame lang=(language.tag()) data-title={ (title) " · portcullis" } {
            a.skip href="#title" { (text!(language, "nav-skip")) }
            header.rail {
                (parts::brand(&State::of(&page.status)))
                nav aria-label="portcullis" {
                    ul {
                        @for (href, place) in &places {
                            li { a href=(href) aria-current=[is_here(place).then_some("page")] { (text!(language, nav_label(place))) } }
                        }
                    }
                }
                footer.small.soft { "portcullis " (page.status.version) }
            }
            main.content { (body) }
        }
    }
}

/// In the place of a page that cannot be shown.
pub fn lost(page: &Page, reason: &str) -> Markup {
    html! {
        h1 #title tabindex="-1" { (text!(page.language, "lost-title")) }
        p.callout.warn { (reason) }
        p { a href="/" { (text!(page.language, "nav-home")) } }
    }
}

const fn nav_label(place: &Place) -> &'static str {
    match place {
        Place::Home => "nav-home",
        Place::Requests(_) | Place::Request(_) => "nav-requests",
        Place::Usage(_) => "nav-usage",
        Place::Accounts => "nav-accounts",
        Place::Settings => "nav-settings",
    }
}
