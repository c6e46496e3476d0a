//! Shared by `logs` and `usage`: the filter, and the source of the records: the running agent, or
//! without one the file itself.

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned, civil};
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use super::Context;
use super::agent::{Agent, AskError};
use crate::language::Language;
use crate::monitor::{Cursor, Filter, History, HistoryError, MAX_PAGE, Record, UsageQuery, UsageRow};

/// Selects requests.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only requests that failed
    #[arg(long)]
    errors: bool,
    /// Only this model, asked for or used; `*` stands for any text
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only clients of this protocol
    #[arg(long, value_parser = ["openai-chat", "openai-responses", "anthropic", "gemini", "openai"])]
    protocol: Option<String>,
    /// Only this client, named without its version
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Only requests with this text in their id, path, models, account, client or error
    #[arg(long)]
    text: Option<String>,
    /// Only since this time: `2h`, `7d`, `2026-08-01`, `2026-08-01T12:00` or with a time zone
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
}

impl FilterArgs {
    pub fn filter(&self) -> Filter {
        let Self { errors, model, account, protocol, client, text, since } = self;
        Filter {
            errors: *errors,
            protocol: protocol.clone(),
            account: account.clone(),
            model: model.clone(),
            client: client.clone(),
            text: text.clone(),
            since: *since,
            until: None,
        }
    }
}

/// A time as people write it: how long ago, a day, or exactly.
fn moment(text: &str) -> Result<Timestamp, String> {
    moment_at(text, &Zoned::now())
}

fn moment_at(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(at) = text.parse::<civil::DateTime>() {
        return at
            .to_zoned(now.time_zone().clone())
            .map(|at| at.timestamp())
            .map_err(|error| error.to_string());
    }
    let ago = text.parse::<Span>().map_err(|_| {
        "write how long ago (`30m`, `2h`, `7d`), a day (`2026-08-01`) or a time (`2026-08-01T12:00`)"
            .to_owned()
    })?;
    now.checked_sub(ago.abs()).map(|at| at.timestamp()).map_err(|error| error.to_string())
}

/// The source of the records.
pub enum Source {
    Agent(Agent),
    File(History),
}

/// Why the record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Agent(#[from] AskError),
    #[error(transparent)]
    File(#[from] HistoryError),
    #[error("the agent's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
}

impl Source {
    pub fn find(context: &Context) -> Self {
        match Agent::find(&context.paths) {
            Some(agent) => Self::Agent(agent),
            None => Self::File(History::new(context.paths.monitor_file())),
        }
    }

    /// The agent's language; without an agent, the system's.
    pub async fn language(&self) -> Language {
        let status = match self {
            Self::Agent(agent) => agent.status().await.ok(),
            Self::File(_) => None,
        };
        status.map_or_else(Language::system, |status| status.language)
    }

    /// The latest `count` records, newest first.
    pub async fn latest(&self, filter: &Filter, count: usize) -> Result<Vec<Record>, ReadError> {
        let mut records: Vec<Record> = Vec::new();
        while records.len() < count {
            let limit = (count - records.len()).min(MAX_PAGE);
            let before = records.last().map(|record| record.number);
            let more = match self {
                Self::Agent(agent) => {
                    let before = before.map(|number| ("before", number.0.to_string()));
                    let own = [("limit", limit.to_string())].into_iter().chain(before);
                    read(agent, "records", filter, own).await?
                }
                Self::File(history) => {
                    let cursor = before.map_or(Cursor::Latest, Cursor::Before);
                    history.page(filter.clone(), cursor, limit).await?.records
                }
            };
            let is_last = more.len() < limit;
            records.extend(more);
            if is_last {
                break;
            }
        }
        Ok(records)
    }

    pub async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>, ReadError> {
        match self {
            Self::Agent(agent) => {
                let per = query.per.map(|per| ("per", <&str>::from(per).to_owned()));
                let by = query.by.map(|by| ("by", <&str>::from(by).to_owned()));
                read(agent, "usage", &query.filter, per.into_iter().chain(by)).await
            }
            Self::File(history) => Ok(history.usage(query).await?),
        }
    }
}

async fn read<T: DeserializeOwned>(
    agent: &Agent,
    call: &str,
    filter: &Filter,
    own: impl Iterator<Item = (&'static str, String)>,
) -> Result<T, ReadError> {
    let answer = agent.read(&format!("{call}?{}", query(filter, own))).await?;
    Ok(serde_json::from_value(answer)?)
}

/// A filter and a call's own fields, as the control API takes them.
pub fn query(filter: &Filter, own: impl Iterator<Item = (&'static str, String)>) -> String {
    let Filter { errors, protocol, account, model, client, text, since, until } = filter;
    let texts =
        [("protocol", protocol), ("account", account), ("model", model), ("client", client), ("text", text)];
    let times = [("since", since), ("until", until)];
    let mut query = Serializer::new(String::new());
    query.extend_pairs(errors.then_some(("errors", "true")));
    query.extend_pairs(texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))));
    query.extend_pairs(times.into_iter().filter_map(|(key, time)| Some((key, time.as_ref()?.to_string()))));
    query.extend_pairs(own);
    query.finish()
}

/// A time for people, in their own zone.
pub fn local(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::system()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_how_long_ago_a_day_or_exact() {
        let now: Zoned = "2026-08-10T12:00:00[Asia/Tokyo]".parse().expect("a time");
        for (text, expected) in [
            ("2h", "2026-08-10T01:00:00Z"),
            ("90m", "2026-08-10T01:30:00Z"),
            ("7d", "2026-08-03T03:00:00Z"),
            ("1w", "2026-08-03T03:00:00Z"),
            ("2026-08-01", "2026-07-31T15:00:00Z"),
            ("2026-08-01T12:30", "2026-08-01T03:30:00Z"),
            ("2026-08-01T12:30:00Z", "2026-08-01T12:30:00Z"),
            ("2026-08-01T12:30:00+02:00", "2026-08-01T10:30:00Z"),
        ] {
            let expected: Timestamp = expected.parse().expect("a time");
            assert_eq!(moment_at(text, &now), Ok(expected), "{text}");
        }
        for text in ["", "yesterday", "12", "2026-13-01"] {
            assert!(moment_at(text, &now).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_says_what_the_filter_says() {
        let filter = Filter {
            errors: true,
            text: Some("a&b=c d".to_owned()),
            since: Some("2026-08-01T00:00:00Z".parse().expect("a time")),
            ..Filter::default()
        };
        let own = [("limit", "5".to_owned())].into_iter();
        assert_eq!(
            query(&filter, own),
            "errors=true&text=a%26b%3Dc+d&since=2026-08-01T00%3A00%3A00Z&limit=5"
        );
    }
}
