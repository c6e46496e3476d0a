//! The page of an address, with the fields of its query.

use std::fmt::Write;

use url::form_urlencoded;

use crate::dashboard::answer::Refusal;
use crate::dashboard::query;
use crate::dashboard::view::usage::Scope;
use crate::monitor::{Cursor, Filter, Grouping, Period, RecordNumber};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Home,
    Requests(Requests),
    Request(RecordNumber),
    Usage(Scope),
    Accounts,
    Settings,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub filter: Filter,
    pub cursor: Cursor,
}

/// Why an address is not a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    NoSuchPage,
    /// A field of the query is unknown, or cannot be read.
    Query(String),
}

impl Place {
    /// Parses the address bar's path and query, such as `/requests?errors=true`.
    pub fn parse(address: &str) -> Result<Self, PlaceError> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let place = match path {
            "/requests" => return requests(query).map(Self::Requests),
            "/usage" => return usage(query).map(Self::Usage),
            "/" => Self::Home,
            "/accounts" => Self::Accounts,
            "/settings" => Self::Settings,
            _ => {
                let number = path.strip_prefix("/requests/").and_then(|number| number.parse().ok());
                Self::Request(RecordNumber(number.ok_or(PlaceError::NoSuchPage)?))
            }
        };
        if query.is_empty() { Ok(place) } else { Err(PlaceError::Query("this page has no query".to_owned())) }
    }
}

fn requests(query: &str) -> Result<Requests, PlaceError> {
    let mut cursor = Cursor::Latest;
    let filter = query::filter(query, |key, value| {
        match key {
            "before" => cursor = Cursor::Before(RecordNumber(query::read(key, value)?)),
            _ => return Err(query::unknown(key, "before")),
        }
        Ok(())
    });
    filter.map(|filter| Requests { filter, cursor }).map_err(lost)
}

fn usage(query: &str) -> Result<Scope, PlaceError> {
    let mut scope = Scope { per: Period::Day, by: Grouping::Model };
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "per" => scope.per = query::choice(&key, &value, "hour, day or week").map_err(lost)?,
            "by" => scope.by = query::choice(&key, &value, "model, account or client").map_err(lost)?,
            _ => return Err(PlaceError::Query(format!("unknown field `{key}`: there are per and by"))),
        }
    }
    Ok(scope)
}

fn lost(refusal: Refusal) -> PlaceError {
    PlaceError::Query(refusal.message)
}

impl Requests {
    /// The filter as a query, without `?`.
    pub fn query(&self) -> String {
        let Filter { errors, protocol, account, model, client, text, since, until } = &self.filter;
        let mut query = form_urlencoded::Serializer::new(String::new());
        if *errors {
            query.append_pair("errors", "true");
        }
        let texts = [
            ("protocol", protocol),
            ("account", account),
            ("model", model),
            ("client", client),
            ("text", text),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        for (name, time) in [("since", since), ("until", until)] {
            if let Some(time) = time {
                query.append_pair(name, &time.to_string());
            }
        }
        query.finish()
    }

    /// The address of the next page, with older requests.
    pub fn older(&self, before: RecordNumber) -> String {
        let mut address = "/requests?".to_owned();
        let query = self.query();
        if !query.is_empty() {
            let _ = write!(address, "{query}&");
        }
        let _ = write!(address, "before={}", before.0);
        address
    }

    pub fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_address() {
        let check =
            |address: &str, expected: Place| assert_eq!(Place::parse(address), Ok(expected), "{address}");
        check("/", Place::Home);
        check("/accounts", Place::Accounts);
        check("/settings", Place::Settings);
        check("/requests", Place::Requests(Requests::default()));
        check("/requests/42", Place::Request(RecordNumber(42)));
        check("/usage?per=week&by=client", Place::Usage(Scope { per: Period::Week, by: Grouping::Client }));
    }

    #[test]
    fn a_filter_survives_its_address() {
        let filter = Filter {
            errors: true,
            model: Some("a&b*".to_owned()),
            text: Some("x=%?".to_owned()),
            ..Filter::default()
        };
        let requests = Requests { filter, cursor: Cursor::Latest };
        let address = format!("/requests?{}", requests.query());
        assert_eq!(Place::parse(&address), Ok(Place::Requests(requests.clone())), "{address}");
        let older = Requests { cursor: Cursor::Before(RecordNumber(7)), ..requests.clone() };
        assert_eq!(Place::parse(&requests.older(RecordNumber(7))), Ok(Place::Requests(older)));
    }

    #[test]
    fn unknown_pages_and_fields_are_refused() {
        for address in ["/nowhere", "/requests/x", "/requests/", "//", ""] {
            assert_eq!(Place::parse(address), Err(PlaceError::NoSuchPage), "{address}");
        }
        for address in [
            "/?x=1",
            "/requests?color=red",
            "/requests?before=x",
            "/usage?per=year",
            "/usage?x",
            "/requests/1?x=1",
        ] {
            assert!(matches!(Place::parse(address), Err(PlaceError::Query(_))), "{address}");
        }
    }
}
