//! The record to take away: JSON Lines for programs, CSV for spreadsheets, both written as
//! they are read.

use bytes::Bytes;
use futures_util::stream;
use serde_json::json;

use super::answer::{Answer, CallResult, Refusal};
use super::call::Call;
use super::query;
use crate::language::printable::{escaped, escaped_json};
use crate::monitor::{Cursor, Filter, History, Record};

/// Records read at a time.
const AT_ONCE: usize = 500;

const COLUMNS: [&str; 26] = [
    "number",
    "id",
    "at",
    "protocol",
    "operation",
    "path",
    "client",
    "peer",
    "model_asked",
    "model_used",
    "provider",
    "account",
    "attempts",
    "streamed",
    "dropped",
    "status",
    "outcome",
    "error_kind",
    "error",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "estimated_cost_usd",
    "first_byte_ms",
    "duration_ms",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

pub async fn export(call: Call) -> CallResult {
    let mut format = None;
    let filter = query::filter(call.query(), |key, value| {
        format = match (key, value) {
            ("format", "csv") => Some(Format::Csv),
            ("format", "jsonl") => Some(Format::JsonLines),
            _ => return Err(query::unknown(key, "format (csv or jsonl)")),
        };
        Ok(())
    })?;
    let format = format.ok_or_else(|| Refusal::bad_request("`format` is csv or jsonl"))?;
    call.control.recorder.settle().await;
    let history = call.control.recorder.history().clone();
    let lines = written(history, filter, format);
    Ok(Answer::stream(format.content_type(), lines).in_file(format.file_name()))
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "portcullis-requests.csv",
            Self::JsonLines => "portcullis-requests.jsonl",
        }
    }

    fn head(self) -> String {
        match self {
            Self::Csv => csv_line(&COLUMNS.map(str::to_owned)),
            Self::JsonLines => String::new(),
        }
    }

    fn line(self, record: &Record) -> String {
        match self {
            Self::Csv => csv_line(&cells(record)),
            Self::JsonLines => format!("{}\n", escaped_json(&json!(record).to_string())),
        }
    }
}

/// Newest first, some at a time, and never all of it in memory.
fn written(
    history: History,
    filter: Filter,
    format: Format,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let start = (history, filter, Some(Cursor::Latest), format.head());
    stream::unfold(start, move |(history, filter, cursor, mut text)| async move {
        let page = match history.page(filter.clone(), cursor?, AT_ONCE).await {
            Ok(page) => page,
            // The answer breaks off, so that nobody takes a part for the whole.
            Err(error) => {
                return Some((Err(std::io::Error::other(error.to_string())), (history, filter, None, text)));
            }
        };
        for record in &page.records {
            text.push_str(&format.line(record));
        }
        Some((Ok(text.into()), (history, filter, page.next, String::new())))
    })
}

fn cells(record: &Record) -> [String; COLUMNS.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let usage = record.usage.as_ref();
    [
        record.number.0.to_string(),
        record.id.to_string(),
        record.at.to_string(),
        record.protocol.to_string(),
        text(record.operation.as_deref()),
        record.path.to_string(),
        text(record.client.as_deref()),
        record.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        text(record.model_asked.as_deref()),
        text(record.model_used.as_deref()),
        text(record.provider.as_deref()),
        text(record.account.as_deref()),
        record.attempts.len().to_string(),
        record.streamed.to_string(),
        record.dropped.clone(),
        record.status.to_string(),
        record.outcome.name().to_owned(),
        text(record.error_kind.as_deref()),
        text(record.error.as_deref()),
        number(usage.map(|usage| usage.input)),
        number(usage.map(|usage| usage.cache_read)),
        number(usage.map(|usage| usage.output)),
        number(usage.map(|usage| usage.reasoning)),
        record.cost.map(|cost| cost.dollars().to_string()).unwrap_or_default(),
        number(record.first_byte_ms),
        record.duration_ms.to_string(),
    ]
}

fn csv_line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    cells.join(",") + "\r\n"
}

/// Quoted where it must be. What a spreadsheet would take for a formula gets an
/// apostrophe, which makes it text: a client chooses its own name and model.
fn csv_cell(text: &str) -> String {
    let safe = without_formulas(&escaped(text));
    if safe.contains(['"', ',', ';', '|', '\'']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// Where the list separator is not a comma, as in most of Europe, every separator inside a
/// cell begins another one.
fn without_formulas(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    for piece in text.split_inclusive([',', ';', '|']) {
        let is_formula =
            begins_a_formula(piece) && piece.trim_end_matches([',', ';', '|']).parse::<f64>().is_err();
        safe.push_str(if is_formula { "'" } else { "" });
        safe.push_str(piece);
    }
    safe
}

/// Blanks and quotes before a sign are skipped by some spreadsheets, and full-width signs
/// are taken for the usual ones.
fn begins_a_formula(text: &str) -> bool {
    let skipped = |character: char| character.is_whitespace() || character == '"';
    text.trim_start_matches(skipped).starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""),
            ("+1+1", "\"'+1+1\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\\u0009=1"),
            ("x;=cmd|' /C calc'!A0", "\"x;'=cmd|' /C calc'!A0\""),
            ("x; \"=1", "\"x;' \"\"=1\""),
            ("a|@b,-c", "\"a|'@b,'-c\""),
            ("＝cmd", "\"'＝cmd\""),
            ("x;－1", "\"x;'－1\""),
            (" =1", "\"' =1\""),
            ("a\r\n=1\u{1b}\u{202e}", "a\\u000d\\u000a=1\\u001b\\u202e"),
            ("-5", "-5"),
            ("", ""),
        ] {
            assert_eq!(csv_cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn no_separator_of_any_spreadsheet_begins_a_formula() {
        let separators = [";", "\t", "|", "; ", ";\"", ";\u{a0}", "\r", "\n"];
        for sign in ["=1", "+x", "-1+1", "@a", "＝1", "＋1", "－1", "＠a"] {
            for separator in separators {
                let cell = csv_cell(&format!("x{separator}{sign}"));
                let begins = |piece: &str| begins_a_formula(piece);
                assert!(!cell.split([';', '\t', '|', '\r', '\n']).skip(1).any(begins), "{cell:?}");
            }
        }
    }

    #[test]
    fn a_line_has_a_cell_for_each_column() {
        let mut record = Record::new("req_1", "gemini", "/v1/x");
        record.model_asked = Some("=cmd|' /C calc'!A0".into());
        let line = Format::Csv.line(&record);
        assert_eq!(line.matches(',').count(), COLUMNS.len() - 1, "{line}");
        assert!(line.contains("\"'=cmd|") && line.ends_with("\r\n"), "{line}");
    }
}
