//! The form of the file: the document is compared with the schema that `config schema`
//! prints. All problems are found at once, and the part without problems always
//! deserializes.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use toml_edit::{Document, DocumentMut, Item, Table, Value};

use super::file::{File, SCHEMA};
use super::place::{Finding, KeyPath, Step, child};
use super::problem::either;
use super::redact;
use crate::language::Message;
use crate::message;

/// The least likeness at which a suggestion helps more than it confuses.
const LIKE_ENOUGH: f64 = 0.6;

/// The part of the file whose form is right, and the problems of the rest.
pub struct Report {
    pub file: File,
    pub findings: Vec<Finding>,
    /// The places that `file` lacks because their problems are in `findings`.
    pub unsound: UnsoundPlaces,
}

/// Walks the whole document, whatever problems it meets.
pub fn check(document: &Document<&str>) -> Report {
    let mut walk = Walk::default();
    walk.table(&SCHEMA, document.as_item(), &KeyPath::default());
    let sound = without(document.as_table().clone(), &walk.unsound);
    let file = toml_edit::de::from_document(DocumentMut::from(sound)).unwrap_or_else(|error| {
        let message = redact::without_secrets(error.message());
        walk.findings.push(Finding::value(KeyPath::default(), message.into(), Message::default()));
        File::default()
    });
    Report { file, findings: walk.findings, unsound: UnsoundPlaces::new(&walk.unsound) }
}

/// The places whose form is wrong: a second problem about one of them would be noise.
#[derive(Default)]
pub struct UnsoundPlaces {
    places: HashSet<KeyPath>,
    around: HashSet<KeyPath>,
}

impl UnsoundPlaces {
    fn new(places: &[KeyPath]) -> Self {
        let around = places.iter().flat_map(KeyPath::prefixes).collect();
        Self { places: places.iter().cloned().collect(), around }
    }

    /// Whether the path is one of the places, inside one, or above one.
    pub fn concerns(&self, path: &KeyPath) -> bool {
        self.around.contains(path) || path.prefixes().any(|prefix| self.places.contains(&prefix))
    }
}

fn without(mut root: Table, unsound: &[KeyPath]) -> Table {
    for path in unsound {
        remove(&mut root, path.steps());
    }
    root
}

/// Removes the innermost `key = value` on the path. An element is removed with its whole
/// list, so that no other element changes its index.
fn remove(root: &mut Table, steps: &[Step]) {
    let Some(last_key) = steps.iter().rposition(|step| matches!(step, Step::Key(_))) else { return };
    let Step::Key(key) = &steps[last_key] else { return };
    let Some((first, between)) = steps[..last_key].split_first() else {
        root.remove(key);
        return;
    };
    let Step::Key(first) = first else { return };
    let parent = between.iter().try_fold(root.get_mut(first), |item, step| {
        Some(match (item, step) {
            (Some(item), Step::Key(key)) => item.as_table_like_mut()?.get_mut(key),
            (Some(item), Step::Index(index)) => item.get_mut(*index),
            (None, _) => None,
        })
    });
    if let Some(table) = parent.flatten().and_then(Item::as_table_like_mut) {
        table.remove(key);
    }
}

#[derive(Default)]
struct Walk {
    findings: Vec<Finding>,
    unsound: Vec<KeyPath>,
}

impl Walk {
    fn item(&mut self, schema: &Json, item: &Item, path: &KeyPath) {
        if let Some(choices) = choices(schema) {
            self.choice(&choices, schema, item, path);
        } else if let Some(alternatives) = schema["anyOf"].as_array() {
            self.alternatives(alternatives, schema, item, path);
        } else {
            match (schema["type"].as_str(), Form::of(item)) {
                (Some("object"), Form::Table) => self.table(schema, item, path),
                (Some("array"), Form::List) => self.list(schema, item, path),
                (Some("integer"), Form::Integer(number)) => self.integer(schema, number, path),
                (Some("number"), Form::Integer(number)) => self.number(schema, number as f64, path),
                (Some("number"), Form::Float(number)) => self.number(schema, number, path),
                (Some("string"), Form::String) | (Some("boolean"), Form::Boolean) => {}
                (_, form) => self.wrong_form(schema, form, path),
            }
        }
    }

    fn table(&mut self, schema: &Json, item: &Item, path: &KeyPath) {
        let Some(table) = item.as_table_like() else { return };
        let no_keys = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&no_keys);
        for (key, value) in table.iter() {
            let place = path.key(key);
            match known.get(key) {
                Some(property) => self.item(property, value, &place),
                None if schema["additionalProperties"].is_object() => {
                    self.item(&schema["additionalProperties"], value, &place);
                }
                None => self.refuse_key(&place, unknown_key_fix(known, key)),
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !table.contains_key(required) {
                let line = format!("`{required} = {}`", example(&known[required]));
                let fix = message!("fix-write-line", line = line);
                self.findings.push(Finding::key(path.key(required), message!("problem-missing"), fix));
            }
        }
    }

    fn list(&mut self, schema: &Json, item: &Item, path: &KeyPath) {
        let elements = (0..).map_while(|index| Some((index, child(item, &Step::Index(index))?)));
        let mut length = 0;
        for (index, element) in elements {
            self.item(&schema["items"], element, &path.index(index));
            length += 1;
        }
        if schema["minItems"].as_u64().is_some_and(|least| length < least) {
            self.refuse(path, message!("problem-empty"), message!("fix-list-empty"));
        }
    }

    fn integer(&mut self, schema: &Json, number: i64, path: &KeyPath) {
        let is_too_small = schema["minimum"].as_i64().is_some_and(|least| number < least);
        let is_too_large = schema["maximum"].as_i64().is_some_and(|most| number > most);
        if is_too_small || is_too_large {
            let key = if is_too_small { "problem-too-small" } else { "problem-too-large" };
            self.refuse(path, message!(key, number = number.to_string()), write(schema));
        }
    }

    /// `inf` and `nan` are outside every range.
    fn number(&mut self, schema: &Json, number: f64, path: &KeyPath) {
        let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
        let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
        if !(least..=most).contains(&number) {
            self.refuse(path, message!("problem-out-of-range", number = number.to_string()), write(schema));
        }
    }

    fn choice(&mut self, choices: &[&str], schema: &Json, item: &Item, path: &KeyPath) {
        let Some(written) = item.as_str() else {
            return self.wrong_form(schema, Form::of(item), path);
        };
        if choices.contains(&written) {
            return;
        }
        let fix = match nearest(choices.iter().copied(), written) {
            Some(choice) => message!("fix-did-you-mean", likely = format!("\"{choice}\"")),
            None => write(schema),
        };
        let message = message!("problem-no-choice", written = redact::without_secrets(written));
        self.refuse(path, message, fix);
    }

    /// A value that may have one of several forms. Table forms are distinguished by their
    /// keys, and a table with a problem makes the whole value unsound.
    fn alternatives(&mut self, alternatives: &[Json], schema: &Json, item: &Item, path: &KeyPath) {
        let Some(table) = item.as_table_like() else {
            let is_text = alternatives.iter().any(|alternative| alternative["type"] == "string");
            if !(is_text && item.is_str()) {
                self.wrong_form(schema, Form::of(item), path);
            }
            return;
        };
        let before = self.findings.len();
        let of_tables = || alternatives.iter().filter(|alternative| alternative["type"] == "object");
        let meant = of_tables().find(|alternative| {
            let keys = alternative["properties"].as_object();
            keys.is_some_and(|keys| keys.keys().any(|key| table.contains_key(key)))
        });
        if let Some(meant) = meant {
            self.table(meant, item, path);
        } else {
            let known: Map<_, _> = of_tables()
                .filter_map(|alternative| alternative["properties"].as_object().cloned())
                .flatten()
                .collect();
            for (key, _) in table.iter() {
                self.refuse_key(&path.key(key), unknown_key_fix(&known, key));
            }
            if table.is_empty() {
                self.refuse(path, message!("problem-empty-table"), write(schema));
            }
        }
        if self.findings.len() > before {
            self.unsound.push(path.clone());
        }
    }

    fn wrong_form(&mut self, schema: &Json, found: Form, path: &KeyPath) {
        let fix = match (schema["type"].as_str(), found, path.steps()) {
            (Some("array"), Form::Table, [Step::Key(key)]) => {
                message!("fix-double-brackets", key = key.as_str())
            }
            (Some("object"), Form::List, [Step::Key(key)]) => {
                message!("fix-single-brackets", key = key.as_str())
            }
            _ => write(schema),
        };
        self.refuse(path, found.message(), fix);
    }

    fn refuse(&mut self, path: &KeyPath, message: Message, fix: Message) {
        self.findings.push(Finding::value(path.clone(), message, fix));
        self.unsound.push(path.clone());
    }

    fn refuse_key(&mut self, path: &KeyPath, fix: Message) {
        self.findings.push(Finding::key(path.clone(), message!("problem-unknown-key"), fix));
        self.unsound.push(path.clone());
    }
}

/// The kind of a value, as a schema distinguishes them.
#[derive(Clone, Copy)]
enum Form {
    Table,
    List,
    String,
    Integer(i64),
    Float(f64),
    Boolean,
    Date,
}

impl Form {
    fn of(item: &Item) -> Self {
        match item {
            Item::None | Item::Table(_) | Item::Value(Value::InlineTable(_)) => Self::Table,
            Item::ArrayOfTables(_) | Item::Value(Value::Array(_)) => Self::List,
            Item::Value(Value::String(_)) => Self::String,
            Item::Value(Value::Integer(number)) => Self::Integer(*number.value()),
            Item::Value(Value::Float(number)) => Self::Float(*number.value()),
            Item::Value(Value::Boolean(_)) => Self::Boolean,
            Item::Value(Value::Datetime(_)) => Self::Date,
        }
    }

    fn message(self) -> Message {
        match self {
            Self::Table => message!("problem-is-table"),
            Self::List => message!("problem-is-list"),
            Self::String => message!("problem-is-text"),
            Self::Integer(_) => message!("problem-is-number"),
            Self::Float(_) => message!("problem-is-fraction"),
            Self::Boolean => message!("problem-is-boolean"),
            Self::Date => message!("problem-is-date"),
        }
    }
}

/// The texts that an enum allows, in each way a schema can write one.
pub fn choices(schema: &Json) -> Option<Vec<&str>> {
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().map(Json::as_str).collect();
    }
    if let Some(choice) = schema["const"].as_str() {
        return Some(vec![choice]);
    }
    let groups: Option<Vec<_>> = schema["oneOf"].as_array()?.iter().map(choices).collect();
    Some(groups?.concat())
}

fn write(schema: &Json) -> Message {
    message!("fix-write", what = expected(schema))
}

/// The value that the schema wants, in words.
fn expected(schema: &Json) -> Message {
    if let Some(choices) = choices(schema) {
        return message!("expected-one-of", choices = format!("\"{}\"", choices.join("\", \"")));
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return either(alternatives.iter().map(expected));
    }
    let (least, most) = (schema["minimum"].to_string(), schema["maximum"].to_string());
    match schema["type"].as_str() {
        Some("integer") => message!("expected-whole-number", least = least, most = most),
        Some("number") => message!("expected-number", least = least, most = most),
        Some("boolean") => message!("expected-boolean"),
        Some("array") => message!("expected-list"),
        Some("object") if schema["properties"].is_null() => message!("expected-table"),
        Some("object") => example(schema).into(),
        _ => message!("expected-text"),
    }
}

/// A value of the right form, as it would be written.
fn example(schema: &Json) -> String {
    if let Some(choice) = choices(schema).and_then(|choices| choices.first().copied()) {
        return format!("\"{choice}\"");
    }
    match (schema["type"].as_str(), schema["properties"].as_object()) {
        (Some("object"), Some(keys)) => {
            let pairs: Vec<_> =
                keys.iter().map(|(key, value)| format!("{key} = {}", example(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        (Some("object"), None) => "{ … }".to_owned(),
        (Some("array"), _) => "[\"…\"]".to_owned(),
        (Some("integer" | "number"), _) => "1".to_owned(),
        _ => "\"…\"".to_owned(),
    }
}

fn unknown_key_fix(known: &Map<String, Json>, key: &str) -> Message {
    if let Some(near) = nearest(known.keys().map(String::as_str), key) {
        return message!("fix-did-you-mean", likely = format!("`{near}`"));
    }
    if let Some(section) = only_section_with(key) {
        return message!("fix-belongs-under", section = section);
    }
    let keys: Vec<_> = known.keys().map(String::as_str).collect();
    message!("fix-keys-here", keys = keys.join(", "))
}

fn nearest<'a>(candidates: impl Iterator<Item = &'a str>, written: &str) -> Option<&'a str> {
    let written = written.to_lowercase().replace('-', "_");
    candidates
        .map(|candidate| (candidate, likeness(&candidate.replace('-', "_"), &written)))
        .filter(|(_, likeness)| *likeness >= LIKE_ENOUGH)
        .max_by(|(_, one), (_, another)| one.total_cmp(another))
        .map(|(candidate, _)| candidate)
}

/// How alike two keys are, from 0 to 1. `enviroment` differs from `env` in most letters and
/// still means it, so a key that begins with the candidate is alike enough.
fn likeness(candidate: &str, written: &str) -> f64 {
    let least = if written.starts_with(candidate) { LIKE_ENOUGH } else { 0.0 };
    strsim::normalized_damerau_levenshtein(candidate, written).max(least)
}

/// The section that has this key, if only one does: the key may be in the wrong table.
fn only_section_with(key: &str) -> Option<&'static str> {
    let mut sections = SCHEMA["properties"]
        .as_object()?
        .iter()
        .filter(|(_, schema)| schema["properties"].get(key).is_some())
        .map(|(section, _)| section.as_str());
    let only = sections.next()?;
    sections.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests;
