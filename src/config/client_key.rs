//! The key that clients send to portcullis: its rules, and a new one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use super::problem::Flaw;
use crate::message;

pub const PREFIX: &str = "sk-";
const SHORTEST: usize = 10;

/// 192 bits: too many to guess, and no padding in base64.
const RANDOM_BYTES: usize = 24;

/// A fresh client key.
///
/// # Panics
///
/// When the operating system has no random numbers: there is no key without them.
pub fn generate_key() -> SecretString {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
}

/// Checks that clients can use the key, and with LAN access that it is not a placeholder.
pub fn examine(key: &str, allow_lan_access: bool) -> Result<(), Flaw> {
    let flaw = |message| Err(Flaw::new(message, message!("fix-rotate-key")));
    if !key.starts_with(PREFIX) {
        return flaw(message!("problem-key-prefix"));
    }
    if key.chars().count() < SHORTEST {
        return flaw(message!("problem-key-short"));
    }
    examine_characters(key)?;
    if allow_lan_access && is_placeholder(key) {
        return flaw(message!("problem-key-placeholder"));
    }
    Ok(())
}

/// Checks that the secret can be sent in a header, which takes visible ASCII only.
pub fn examine_characters(secret: &str) -> Result<(), Flaw> {
    if secret.trim() != secret {
        return Err(Flaw::new(message!("problem-blanks-around"), message!("fix-blanks-around")));
    }
    if secret.chars().any(|character| !character.is_ascii_graphic()) {
        return Err(Flaw::new(message!("problem-key-character"), message!("fix-key-character")));
    }
    Ok(())
}

fn is_placeholder(key: &str) -> bool {
    const WORDS: [&str; 9] = [
        "changeme",
        "change-me",
        "change_me",
        "example",
        "placeholder",
        "yourkey",
        "your-",
        "your_",
        "12345678",
    ];
    let body = key.strip_prefix(PREFIX).unwrap_or(key).to_ascii_lowercase();
    let is_one_character = body.chars().all(|character| body.starts_with(character));
    is_one_character || body.contains("...") || WORDS.iter().any(|word| body.contains(word))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn generated_keys_are_acceptable_anywhere_and_differ() {
        let (one, another) = (generate_key(), generate_key());
        assert_eq!(examine(one.expose_secret(), true), Ok(()));
        assert_ne!(one.expose_secret(), another.expose_secret());
        assert_eq!(one.expose_secret().len(), PREFIX.len() + 32);
    }

    #[test]
    fn a_key_has_its_prefix_its_length_and_plain_characters() {
        let cases = [
            ("sk-1234567", true),
            ("sk-123456", false),
            ("pk-1234567890", false),
            ("", false),
            ("SK-abcdefghij", false),
            (" sk-abcdefghij", false),
            ("sk-abcdefghij ", false),
            ("sk-abcd efghij", false),
            ("sk-abcdéfghij", false),
            ("sk-abcd\nefghij", false),
        ];
        for (key, is_fit) in cases {
            assert_eq!(examine(key, false).is_ok(), is_fit, "{key:?}");
        }
    }

    #[test]
    fn placeholders_are_refused_with_lan_access_only() {
        let placeholders = [
            "sk-xxxxxxxxxx",
            "sk-your-key-here",
            "sk-your_api_key",
            "sk-changeme-now",
            "sk-0000000000",
            "sk-Example-key",
            "sk-YOURKEY-9",
            "sk-1234567890",
            "sk-abc...xyz",
            "sk----------",
        ];
        for key in placeholders {
            assert_eq!(examine(key, false), Ok(()), "{key}");
            assert!(examine(key, true).is_err(), "{key}");
        }
        assert_eq!(examine("sk-q7Jd0aVwPz", true), Ok(()));
    }
}
