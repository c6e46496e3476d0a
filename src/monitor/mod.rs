//! What happened: one record an exchange, kept so that recording never delays one.
//!
//! A [`RecordGuard`] collects what is known of an exchange and files it on every exit with
//! the [`Recorder`], which queues it for the [writer] thread, which stores it in
//! SQLite (`store`) and then tells who listens. Reading goes past all of these: a
//! [`History`] opens the file on its own.
//!
//! ```ignore
//! let history = recorder.history();
//! let filter = Filter { errors: true, model: Some("claude-*".into()), ..Filter::default() };
//! let Page { records, next } = history.page(filter.clone(), Cursor::Latest, 50).await?;
//! // …and, if there is one, the next page, further back:
//! let older = history.page(filter.clone(), next.unwrap_or_default(), 50).await?;
//! let detail = history.find(records[0].number).await?;      // with the bodies, if kept
//! let sums = history.usage(UsageQuery { per: Some(Period::Day), by: Some(Grouping::Model), filter }).await?;
//! let mut live = recorder.subscribe();                       // `filter.wants(&record)` picks
//! ```

pub mod body;
mod conventions;
mod familiar;
mod filter;
mod guard;
mod history;
pub mod metrics;
pub mod price;
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
pub use history::{Detail, Export, History, HistoryError, MAX_PAGE, Page};
pub use price::Cost;
pub use record::{AttemptRecord, Outcome, Record, RecordNumber};
pub use recorder::{ClearError, Recorder, RecorderHealth};
pub use usage::{Grouping, Period, UsageQuery, UsageRow};
