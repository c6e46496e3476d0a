//! The result of looking up a secret: its value, nothing configured, or a reason.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::language::Message;

/// Compared in constant time, so that only lengths show, and never printed.
#[derive(Clone)]
pub enum Secret {
    /// Not configured at all (an empty string, or no key).
    Missing,
    Known(SecretString),
    /// Configured, but the lookup failed: the reason, with no secret in it.
    Unresolved(Message),
}

impl Secret {
    pub const fn as_known(&self) -> Option<&SecretString> {
        match self {
            Self::Known(secret) => Some(secret),
            Self::Missing | Self::Unresolved(_) => None,
        }
    }

    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Why the lookup of a configured secret failed.
    pub const fn reason(&self) -> Option<&Message> {
        match self {
            Self::Unresolved(reason) => Some(reason),
            Self::Missing | Self::Known(_) => None,
        }
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Missing, Self::Missing) => true,
            (Self::Known(one), Self::Known(another)) => {
                one.expose_secret().as_bytes().ct_eq(another.expose_secret().as_bytes()).into()
            }
            (Self::Unresolved(one), Self::Unresolved(another)) => one == another,
            _ => false,
        }
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Missing"),
            Self::Known(_) => f.write_str("Known(***)"),
            Self::Unresolved(reason) => write!(f, "Unresolved({reason:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Secret {
        Secret::Known(text.into())
    }

    #[test]
    fn secrets_compare_by_value() {
        assert_eq!(known("sk-one"), known("sk-one"));
        assert_ne!(known("sk-one"), known("sk-two"));
        assert_ne!(known("sk-one"), known("sk-one-longer"));
        assert_ne!(known(""), Secret::Missing);
        assert_ne!(Secret::Unresolved("gone".into()), Secret::Unresolved("locked".into()));
    }

    #[test]
    fn debug_output_shows_a_reason_and_never_a_value() {
        assert_eq!(format!("{:?}", known("sk-hidden")), "Known(***)");
        assert_eq!(
            format!("{:?}", Secret::Unresolved("no such file".into())),
            "Unresolved(\"no such file\")"
        );
    }
}
