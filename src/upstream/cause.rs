//! The cause of an error of the HTTP client.

use std::error::Error;

/// The innermost cause in its own words. It says most: the text of reqwest's own error is only
/// that something failed.
pub fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
