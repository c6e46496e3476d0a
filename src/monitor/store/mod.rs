//! The record on disk: one SQLite file, and what can become of it.

pub mod database;
mod file;
mod migrate;
pub mod row;

pub use database::{Database, Limits};
pub use file::set_aside;
