//! The configuration: one file, from the bytes an editor saved to values in use.
//!
//! [`load()`] goes this way: `source` reads the file → `form` checks it against the schema of
//! `file` (as written) → `meaning` checks the rules between keys → `lookup` finds the secrets
//! → `resolve` fills in the `defaults` and returns a [`Config`] (as used). Every problem of a
//! file is found at once and has its line. Beside that way, `watch` notices changes of the
//! file, `diff` compares two configurations, `edit` changes single keys and keeps comments,
//! `entries` lists the file key by key, `template` is the first file, and `pasted` cleans a
//! key that was pasted with something around it.

mod authorities;
mod client_key;
pub mod defaults;
pub mod diff;
pub mod edit;
pub mod entries;
mod file;
mod form;
mod key_shape;
mod language;
mod load;
mod lookup;
mod meaning;
pub mod models;
mod no_proxy;
pub mod pasted;
mod place;
mod problem;
mod redact;
mod resolve;
mod secret;
mod settings;
mod source;
pub mod template;
mod upstream_url;
mod warnings;
pub mod watch;

pub use authorities::authorities;
pub use client_key::generate_key;
pub use diff::{Change, diff};
pub use file::{SecretSource, schema};
pub use key_shape::without_keys;
pub use language::{LanguageSetting, language};
#[cfg(test)]
pub use load::load_text;
pub use load::{Loaded, load, load_again, problems_in};
pub use lookup::SecretMemory;
pub use models::ModelMap;
pub use no_proxy::NoProxy;
pub use problem::{Problem, Problems, syntax_problem};
pub use redact::{redacted, without_secrets, without_url_secrets};
pub use secret::Secret;
pub use settings::{
    AccountConfig, AuthMode, CaptureBodies, Config, DispatchMode, EffectiveAuth, MonitorConfig,
    NotificationsConfig, PoolConfig, Price, ProxyConfig, Strategy, TelemetryConfig, UpdatesConfig,
    UpstreamConfig, ZaiConfig,
};
pub use source::{Source, read};
pub use upstream_url::is_version;
