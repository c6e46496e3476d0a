//! What the pages show, as values: formatted figures and worded sentences, without HTML. Tested
//! as values; `pages` only lays them out.

pub mod account;
pub mod client;
pub mod first;
pub mod format;
pub mod request;
pub mod settings;
pub mod snippets;
pub mod state;
pub mod usage;
