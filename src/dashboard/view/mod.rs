//! What the pages show, as values: every figure formatted, every sentence worded, nothing
//! of HTML. Tested as values; `pages` only lays them out.

pub mod account;
pub mod client;
pub mod first;
pub mod format;
pub mod request;
pub mod settings;
pub mod snippets;
pub mod state;
pub mod usage;
