//! The pages as HTML, rendered here and put in place by the shell's script. Everything
//! from outside is escaped by construction; its words and figures are decided in `view`.
//!
//! `GET /page/…` answers the page that the shell shows at `/…`, `GET /live?at=/…` the
//! patches that keep it true, and `POST /part/…` a piece that a button asked for.

mod accounts;
mod chart;
mod frame;
mod home;
mod live;
mod page;
mod parts;
mod place;
mod prices;
mod requests;
mod settings;
mod usage;

use http::StatusCode;
use maud::Markup;

use self::frame::{frame, lost};
use self::page::Page;
use self::place::{Place, PlaceError};
use super::answer::{Answer, CallResult, Refusal};
use super::call::{AccountName, Call};
use super::connection;
use super::view::request::Whole;
use super::view::settings::Settings;
use crate::config;
use crate::control::Command;
use crate::monitor::{self, HistoryError};
use crate::text;

pub async fn page(call: Call) -> CallResult {
    let address = call.uri.path_and_query().map_or("", |address| address.as_str());
    let address = address.strip_prefix("/page").unwrap_or_default();
    let page = Page::new(&call.control);
    let (status, place, body) = match Place::parse(address) {
        Ok(place) => match render(&page, &place).await {
            Ok(Some(body)) => (StatusCode::OK, Some(place), body),
            Ok(None) => {
                (StatusCode::NOT_FOUND, Some(place), lost(&page, &text!(page.language, "lost-record")))
            }
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, Some(place), lost(&page, &error.to_string())),
        },
        Err(PlaceError::NoSuchPage) => {
            (StatusCode::NOT_FOUND, None, lost(&page, &text!(page.language, "lost-page")))
        }
        Err(PlaceError::Query(reason)) => (StatusCode::BAD_REQUEST, None, lost(&page, &reason)),
    };
    Ok(Answer::html(frame(&page, place.as_ref(), &body)).with_status(status))
}

pub async fn live(call: Call) -> CallResult {
    let mut fields = call.fields();
    match (fields.next(), fields.next()) {
        (Some((key, at)), None) if key == "at" => Ok(live::patches(&call.control, Place::parse(&at).ok())),
        _ => Err(Refusal::bad_request("`at` and nothing else names the page that is shown")),
    }
}

pub async fn health(call: Call) -> CallResult {
    let health = connection::check(&call.control).await;
    Ok(Answer::html(home::health_answer(&health, call.language())))
}

pub async fn test_account(mut call: Call) -> CallResult {
    let AccountName { name } = call.body().await?;
    let language = call.language();
    let outcome = call.control.agent.ask(Command::TestAccount { name, language }).await;
    let outcome = outcome.map_err(|error| error.to_string()).and_then(|report| {
        serde_json::from_value(report).map_err(|error: serde_json::Error| error.to_string())
    });
    Ok(Answer::html(accounts::test_result(&outcome, language)))
}

/// The content of a page; `None` for a record that does not exist. Fails when the history cannot
/// be read.
async fn render(page: &Page, place: &Place) -> Result<Option<Markup>, HistoryError> {
    Ok(Some(match place {
        Place::Home => {
            let recent = page.recent().await?;
            let (first, rows) = (page.first(&recent), page.rows(&recent[..recent.len().min(home::LATEST)]));
            let is_new = !recent.iter().any(|record| record.outcome == monitor::Outcome::Done);
            home::home(page, &first, &rows, is_new)
        }
        Place::Requests(asked) => {
            let (rows, next) = page.listed(asked).await?;
            requests::requests(page, asked, &rows, next)
        }
        Place::Request(number) => {
            let Some(detail) = page.control.recorder.history().find(*number).await? else {
                return Ok(None);
            };
            let whole = Whole::of(&detail, page.language, page.timestamp(), page.zone());
            requests::request(&whole, page.language)
        }
        Place::Usage(scope) => usage::usage(page, *scope, &page.used(*scope).await?),
        Place::Accounts => accounts::accounts(page),
        Place::Settings => {
            let path = page.control.config_path.clone();
            let read = tokio::task::spawn_blocking(move || config::read(&path)).await;
            let text = read.ok().and_then(Result::ok).map(|source| source.text).unwrap_or_default();
            settings::settings(page, &Settings::of(&text, page.language))
        }
    }))
}
