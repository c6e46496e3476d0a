//! `portcullis logs`: the record of requests, and new ones as they end.

use clap::Args;
use serde_json::json;

use super::Context;
use super::agent::{self, Agent, Event};
use super::output::{self, Exit};
use super::records::{FilterArgs, ReadError, Source, local, query};
use crate::language::{Language, duration, printable};
use crate::monitor::{Filter, Outcome, Record, RecordNumber};
use crate::text;

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Follow: print new requests as they end
    #[arg(short, long)]
    follow: bool,
    /// How many of the latest requests to print
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 50)]
    count: usize,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Prints the latest last, as a log does; as JSON, one record on each line.
pub async fn run(context: &Context, args: &LogsArgs) -> Exit {
    let source = Source::find(context);
    let printer = Printer { language: source.language().await, json: context.json };
    let filter = args.filter.filter();
    match (&source, args.follow) {
        (Source::Agent(agent), true) => follow(agent, &source, &printer, &filter, args.count).await,
        (Source::File(_), true) => {
            show(&source, &printer, &filter, args.count).await;
            agent::not_running()
        }
        (_, false) => show(&source, &printer, &filter, args.count).await.0,
    }
}

/// Prints the existing records and returns the number of the last one.
async fn show(source: &Source, printer: &Printer, filter: &Filter, count: usize) -> (Exit, RecordNumber) {
    match source.latest(filter, count).await {
        Ok(records) => {
            let last = records.first().map_or(RecordNumber::default(), |record| record.number);
            if records.is_empty() && !printer.json {
                output::note(&text!(printer.language, "cli-usage-nothing"));
            }
            let written = records.iter().rev().all(|record| printer.print(record));
            (if written { Exit::Done } else { Exit::Failed }, last)
        }
        Err(error) => (output::failed(&error.to_string()), RecordNumber::default()),
    }
}

/// Subscribes first and reads the past afterwards, so that nothing is missed in between.
async fn follow(agent: &Agent, source: &Source, printer: &Printer, filter: &Filter, count: usize) -> Exit {
    let live = format!("records/live?{}", query(filter, std::iter::empty()));
    let mut events = match agent.listen(&live).await {
        Ok(events) => events,
        Err(error) => return error.report(),
    };
    let (shown, last) = show(source, printer, filter, count).await;
    if shown != Exit::Done {
        return shown;
    }
    loop {
        match events.next().await {
            Ok(Some(event)) => match printer.print_event(&event, last) {
                Ok(true) => {}
                Ok(false) => return Exit::Done,
                Err(error) => return output::failed(&error.to_string()),
            },
            // The agent has ended.
            Ok(None) => return Exit::Done,
            Err(error) => return output::failed(&error.to_string()),
        }
    }
}

struct Printer {
    language: Language,
    json: bool,
}

impl Printer {
    /// Returns whether stdout is still open.
    fn print_event(&self, event: &Event, last: RecordNumber) -> Result<bool, ReadError> {
        if event.name == "gap" {
            let missed: u64 = serde_json::from_str(&event.data)?;
            output::note(&text!(self.language, "logs-missed", count = missed));
            return Ok(true);
        }
        let record: Record = serde_json::from_str(&event.data)?;
        Ok(record.number <= last || self.print(&record))
    }

    /// Returns whether stdout is still open.
    fn print(&self, record: &Record) -> bool {
        if self.json {
            return output::json_line(&json!(record));
        }
        output::line_read(&self.lines(record))
    }

    /// One line, and a second one for an error.
    fn lines(&self, record: &Record) -> String {
        let time = local(record.at, "%F %T");
        let status = if record.status == 0 { "-".to_owned() } else { record.status.to_string() };
        let tokens =
            record.usage.map_or_else(|| "-".to_owned(), |usage| format!("{}+{}", usage.input, usage.output));
        let word = |text: Option<&str>| printable(text.unwrap_or("-")).into_owned();
        let mut line = format!(
            "{time}  {status:>3}  {:>10}  {tokens:>12}  {:<16}  {}  {}  {}",
            duration(record.duration_ms),
            record.protocol,
            word(record.account.as_deref()),
            models(record),
            word(record.client_name.as_deref()),
        );
        let note = match record.outcome {
            Outcome::Cancelled => Some(text!(self.language, "logs-cancelled")),
            Outcome::Cut => Some(text!(self.language, "logs-cut")),
            Outcome::Done | Outcome::Failed => None,
        };
        let error = record.error.as_deref().map(|error| printable(error).into_owned());
        let notes: Vec<String> = note.into_iter().chain(error).collect();
        if !notes.is_empty() {
            line.push_str("\n    ");
            line.push_str(&notes.join(": "));
        }
        line
    }
}

/// The model asked for, and the one used if it differs.
fn models(record: &Record) -> String {
    match (&record.model_asked, &record.model_used) {
        (Some(asked), Some(used)) if asked != used => format!("{} → {}", printable(asked), printable(used)),
        (Some(model), _) | (None, Some(model)) => printable(model).into_owned(),
        (None, None) => printable(&record.path).into_owned(),
    }
}
