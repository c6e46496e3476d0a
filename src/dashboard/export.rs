//! The record as a download: JSON Lines for programs, CSV for spreadsheets, both written while
//! they are read.

use std::{future, io};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;

use super::answer::{Answer, CallResult, Refusal};
use super::call::Call;
use super::query;
use crate::language::printable::{escaped, escaped_json};
use crate::monitor::columns::COLUMNS;
use crate::monitor::{Filter, History, Record};

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
    let lines = written(call.control.recorder.history(), filter, format);
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
            Self::Csv => csv_line(COLUMNS.iter().filter_map(|column| column.exported).map(str::to_owned)),
            Self::JsonLines => String::new(),
        }
    }

    fn line(self, record: &Record) -> String {
        match self {
            Self::Csv => {
                let exported = COLUMNS.iter().filter(|column| column.exported.is_some());
                csv_line(exported.map(|column| (column.value)(record).to_string()))
            }
            Self::JsonLines => format!("{}\n", escaped_json(&json!(record).to_string())),
        }
    }
}

/// The export, newest first and page by page, so that it is never whole in memory.
fn written(
    history: &History,
    filter: Filter,
    format: Format,
) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let head = stream::once(future::ready(Ok(format.head().into())));
    let pages = stream::unfold(history.pages(filter), move |mut pages| async move {
        let text = match pages.next().await {
            Ok(records) => Ok(records?.iter().map(|record| format.line(record)).collect::<String>().into()),
            // The answer breaks off, so that a part is not taken for the whole.
            Err(error) => Err(io::Error::other(error.to_string())),
        };
        Some((text, pages))
    });
    head.chain(pages)
}

fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| csv_cell(&cell)).collect();
    cells.join(",") + "\r\n"
}

/// Quoted where necessary. A text that a spreadsheet would take for a formula gets an
/// apostrophe, which makes it a text: clients choose their names and models themselves.
fn csv_cell(text: &str) -> String {
    let safe = without_formulas(&escaped(text));
    if safe.contains(['"', ',', ';', '|', '\'']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

/// In most of Europe the list separator is a semicolon: each one inside a cell begins another
/// cell, and so does a tab or a bar in some spreadsheets.
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

/// Some spreadsheets skip spaces and quotes before a sign, and take full-width signs for the
/// usual ones.
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
        assert_eq!(line.matches(',').count(), Format::Csv.head().matches(',').count(), "{line}");
        assert!(line.contains("\"'=cmd|") && line.ends_with("\r\n"), "{line}");
    }
}
