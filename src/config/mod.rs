//! The configuration: one file, from the bytes an editor saved to values in use.
//!
//! [`load()`] tells the way: `read` the text → `check` it against the schema → `file` (as
//! written) → `validate` what it means → `lookup` the secrets → `resolve` into [`Config`]
//! (as used). Every problem of a file is found at once and stands at its line. Beside
//! that, `watch` says when the file changed, `diff` what a change costs, `edit` changes
//! it without touching a comment, `entries` lists it key by key, `template` writes the
//! first one, `pasted` takes a key out of what was pasted around it.

mod authorities;
mod check;
pub mod diff;
pub mod edit;
pub mod entries;
mod file;
mod key;
mod key_shape;
mod load;
mod lookup;
pub mod models;
mod no_proxy;
pub mod pasted;
mod place;
mod problem;
mod redact;
mod resolve;
mod secret;
mod settings;
pub mod template;
mod upstream_url;
mod validate;
pub mod watch;

pub use authorities::authorities;
pub use diff::{Change, diff};
pub use file::{SecretSource, schema};
pub use key::generate_key;
pub use key_shape::without_keys;
#[cfg(test)]
pub use load::load_text;
pub use load::{Loaded, Source, language, load, load_again, problems_in, read, syntax_problem};
pub use lookup::SecretMemory;
pub use models::ModelMap;
pub use no_proxy::NoProxy;
pub use problem::{Problem, Problems};
pub use redact::{redacted, without_secrets, without_url_secrets};
pub use secret::Secret;
pub use settings::{
    AccountConfig, AuthMode, CaptureBodies, Config, DispatchMode, EffectiveAuth, LanguageSetting,
    MonitorConfig, NotificationsConfig, PoolConfig, Price, ProxyConfig, Strategy, TelemetryConfig,
    UpdatesConfig, UpstreamConfig, ZaiConfig,
};
pub use upstream_url::is_version;
