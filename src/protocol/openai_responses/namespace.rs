//! Namespaces of tools, which Responses alone has: in the other protocols a tool has one name.

use crate::protocol::field::{self, Object};
use crate::protocol::invalid::Outcome;

/// Separates the namespace from the tool's own name in the joined name. Neither contains it.
/// No protocol accepts it in a name, so [`ToolNames`](crate::protocol::names::ToolNames)
/// replaces it in what is sent upstream.
const SEPARATOR: char = '\u{1f}';

/// The joined name of a tool, in a namespace or in none.
pub fn join(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}{SEPARATOR}{name}"),
        None => name.to_owned(),
    }
}

/// The joined name of the tool that an item calls.
pub fn called(item: &Object) -> Outcome<String> {
    Ok(join(field::string(item, "namespace")?, field::required_string(item, "name")?))
}

/// The reverse of [`join`].
pub fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(SEPARATOR) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    }
}
