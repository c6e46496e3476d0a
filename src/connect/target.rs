//! Where tools are pointed.

use secrecy::SecretString;

/// An address of this proxy, and the key that tools send to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The root, without `/v1`.
    pub base_url: String,
    pub key: SecretString,
}
