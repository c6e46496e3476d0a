//! One edit of the file: read, changed, checked, replaced.

use std::collections::HashMap;
use std::path::Path;

use toml_edit::DocumentMut;

use super::error::EditError;
use crate::config::problem::syntax_problem;
use crate::config::source::read;
use crate::config::{Problem, Problems, problems_in};
use crate::desktop::disk::{self, Mode};
use crate::desktop::edit_lock::EditLock;

/// Reads the file, applies the change, checks the result and replaces the file. Edits of
/// other processes wait for their turn, and what an editor saves at the same moment is not
/// overwritten. Blocks on the disk and on other edits, so `change` must not edit a file.
pub fn edit(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let _turn = take_turn(path)?;
    let before = read(path)?.text;
    let after = changed(&before, path, change)?;
    if after == before {
        return Ok(());
    }
    refuse_new_problems(path, &before, &after)?;
    if read(path)?.text != before {
        return Err(EditError::ChangedMeanwhile);
    }
    disk::replace(path, &after, Mode::Private)?;
    Ok(())
}

fn changed(
    before: &str,
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<String, EditError> {
    let mut document: DocumentMut =
        before.parse().map_err(|error| Problems::new(path, vec![syntax_problem(before, &error)]))?;
    change(&mut document)?;
    Ok(as_saved_before(before, document.to_string()))
}

/// The new text with the line ends and the byte order mark of the old one, which a document
/// does not keep.
pub fn as_saved_before(before: &str, after: String) -> String {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let mut after = after;
    if before.contains("\r\n") {
        after = after.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if before.starts_with(BYTE_ORDER_MARK) && !after.starts_with(BYTE_ORDER_MARK) {
        after.insert(0, BYTE_ORDER_MARK);
    }
    after
}

/// Only new problems are refused: a file with problems can be edited until it has none.
fn refuse_new_problems(path: &Path, before: &str, after: &str) -> Result<(), Problems> {
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for problem in problems_in(before) {
        *known.entry(identity(&problem)).or_default() += 1;
    }
    let mut new = problems_in(after);
    new.retain(|problem| match known.get_mut(&identity(problem)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    if new.is_empty() {
        return Ok(());
    }
    // This text is never saved, so its line numbers would mislead.
    let unplaced = new.into_iter().map(|problem| Problem { line: 0, column: 0, ..problem });
    Err(Problems::new(path, unplaced.collect()))
}

/// What makes two problems the same one, whatever number their account has.
fn identity(problem: &Problem) -> (String, String) {
    let key = problem.key.chars().filter(|character| !character.is_ascii_digit()).collect();
    (key, problem.message.to_string())
}

/// Waits until no other process edits this file.
fn take_turn(path: &Path) -> Result<EditLock, EditError> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    EditLock::take(target.parent().unwrap_or(Path::new("."))).map_err(EditError::Busy)
}
