//! The record on disk: one SQLite file, its tables, and its recovery from damage.

pub mod database;
mod file;
pub mod migrate;
pub mod row;

pub use database::{Database, Limits};
pub use file::set_aside;
