//! What happened: one record for each exchange, kept without delaying any.
//!
//! A [`RecordGuard`] collects the facts of an exchange and files them on every exit with the
//! [`Recorder`], which queues the record for the [writer] thread. The writer completes it
//! (`complete`), stores it in SQLite (`store`, one [column](columns) for each field) and sends
//! it to subscribers. Reading takes another way: a [`History`] opens the file itself.
//!
//! ```ignore
//! let history = recorder.history();
//! let filter = Filter { errors: true, model: Some("claude-*".into()), ..Filter::default() };
//! let Page { records, next } = history.page(filter.clone(), Cursor::Latest, 50).await?;
//! // The next page, with older records, if there is one:
//! let older = history.page(filter.clone(), next.unwrap_or_default(), 50).await?;
//! let detail = history.find(records[0].number).await?;      // with its bodies, if kept
//! let sums = history.usage(UsageQuery { per: Some(Period::Day), by: Some(Grouping::Model), filter }).await?;
//! let mut live = recorder.subscribe();                       // apply `filter.wants(&record)`
//! ```

pub mod body;
pub mod columns;
mod complete;
mod conventions;
pub mod field;
mod filter;
mod guard;
mod history;
pub mod metrics;
pub mod price;
mod queue;
pub mod record;
mod recorder;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod tokens;
mod usage;
mod writer;

pub use body::{Bodies, KeptBody};
pub use filter::{Cursor, Filter};
pub use guard::RecordGuard;
pub use history::{Detail, History, HistoryError, MAX_PAGE, Page, Pages};
pub use price::Cost;
pub use record::{AttemptRecord, Outcome, Record, RecordNumber};
pub use recorder::{ClearError, Recorder, RecorderHealth};
pub use usage::{Grouping, Period, UsageQuery, UsageRow};
