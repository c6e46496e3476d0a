//! Namespaces of tools, which only Responses knows: for everybody else a tool has one name.

use crate::protocol::field::{self, Object, Outcome};

/// Stands between a namespace and a tool's own name where both have to be one. It occurs
/// in neither, and what is sent upstream has a letter of its own in its place, for no
/// protocol takes it in a name.
const SEPARATOR: char = '\u{1f}';

/// The one name of a tool in a namespace, or of one in none.
pub fn join(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}{SEPARATOR}{name}"),
        None => name.to_owned(),
    }
}

/// The one name of the tool that an item calls.
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
