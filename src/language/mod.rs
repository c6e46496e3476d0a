//! The texts of the tray, notifications, dashboard and CLI in every language: one
//! [Fluent](https://projectfluent.org) file for each. Logs and the proxy's own HTTP errors
//! are English and do not use this module.
//!
//! ```
//! use portcullis::language::Language;
//! use portcullis::text;
//!
//! let language = Language::Japanese;
//! assert_eq!(text!(language, "state-stopped"), "停止中");
//! assert_eq!(text!(language, "state-running", address = "127.0.0.1:8045"), "127.0.0.1:8045 で実行中");
//! ```
//!
//! A text that is made in one place and shown in another travels as a [`Message`].
//!
//! A key is in all three files with the same variables, and in quotes somewhere in the
//! source; `tests` checks both. The English of `help-…` is in the command line's own code.

mod bundle;
mod duration;
mod locale;
mod message;
pub mod printable;
#[cfg(test)]
mod tests;

pub use duration::duration;
pub use fluent_bundle::{FluentArgs as Arguments, FluentValue as Value};
pub use locale::Language;
pub use message::{Argument, Message, Phrase};
pub use printable::printable;

/// `text!(language, "key")`, or with variables: `text!(language, "key", count = 3)`. A
/// variable is a Fluent value: a number (which can select a plural), a `&str`, a `String`.
#[macro_export]
macro_rules! text {
    ($language:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        #[allow(unused_mut)]
        let mut arguments = $crate::language::Arguments::new();
        $(arguments.set(stringify!($name), $crate::language::Value::from($value));)*
        $crate::language::Language::format($language, $key, &arguments)
    }};
}
