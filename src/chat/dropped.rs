//! What a translation could not carry over, for the header `x-portcullis-dropped`.

use std::borrow::Cow;
use std::fmt;

/// The names of fields that were left out or approximated: each once, in the order they
/// were noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    fields: Vec<Cow<'static, str>>,
}

impl Dropped {
    /// Notes a field. Characters that a header value cannot hold become `_`.
    pub fn note(&mut self, field: impl Into<Cow<'static, str>>) {
        let field = header_safe(field.into());
        if !self.fields.contains(&field) && self.fields.len() < MAX_FIELDS {
            self.fields.push(field);
        }
    }

    /// Notes a field if it was lost.
    pub fn note_if(&mut self, lost: bool, field: &'static str) {
        if lost {
            self.note(field);
        }
    }

    pub fn extend(&mut self, other: &Self) {
        for field in &other.fields {
            self.note(field.clone());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(AsRef::as_ref)
    }
}

/// A client can send any number of unknown fields; a header cannot hold all of them.
const MAX_FIELDS: usize = 64;
/// Characters kept of a name.
const MAX_NAME: usize = 64;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fields.join(", "))
    }
}

fn header_safe(field: Cow<'static, str>) -> Cow<'static, str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_.-[]:/$ ".contains(c);
    if field.len() <= MAX_NAME && field.chars().all(is_safe) {
        return field;
    }
    field.chars().take(MAX_NAME).map(|c| if is_safe(c) { c } else { '_' }).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_in_order_and_fit_a_header() {
        let mut dropped = Dropped::default();
        for field in ["top_k", "seed", "top_k", "x\r\ny: 1,2"] {
            dropped.note(field);
        }
        assert_eq!(dropped.to_string(), "top_k, seed, x__y: 1_2");
    }

    #[test]
    fn a_flood_of_unknown_fields_is_bounded() {
        let mut dropped = Dropped::default();
        for number in 0..10_000 {
            dropped.note(format!("field{number}"));
        }
        assert!(dropped.to_string().len() < 4096);
    }
}
