//! The file key by key, for a surface that shows and changes single keys: what each key may
//! hold, and its value in the file or else its default. No secret is in it.

use serde_json::Value as Json;
use toml_edit::{Document, Item};

use super::file::SCHEMA;
use super::place::{KeyPath, Step, child};
use super::redact;

/// One key, such as `proxy.port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub kind: Kind,
    /// As written, else the default.
    pub value: Value,
    pub is_written: bool,
}

/// The kind of value that a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Switch,
    Number { least: i64, most: i64 },
    Choice(Vec<String>),
    Text,
    List,
    Secret,
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Switch(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
    Secret(SecretPlace),
}

/// Where a secret is. The place may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    Nowhere,
    /// In the file itself.
    Here,
    /// `env NAME`, `file PATH`, `keyring NAME`, `command NAME`.
    Elsewhere(String),
}

/// Every key of the sections, in the order of the schema, without lists of tables (`accounts`)
/// and tables of free names (`models`). For a text that is not TOML, every key has its default.
pub fn entries(text: &str) -> Vec<Entry> {
    let document = Document::parse(text).ok();
    let mut found = Vec::new();
    walk(&SCHEMA, document.as_ref().map(Document::as_item), &KeyPath::default(), &mut found);
    found
}

/// `[models]` as pairs, in the order of the file.
pub fn model_mappings(text: &str) -> Vec<(String, String)> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let table = document.get("models").and_then(Item::as_table_like);
    let pairs = table.into_iter().flat_map(|table| table.iter());
    pairs.filter_map(|(asked, sent)| Some((asked.to_owned(), sent.as_str()?.to_owned()))).collect()
}

/// The path of a line in a table of free names, as in a problem: `models."claude-*"`.
pub fn line_of(table: &str, name: &str) -> String {
    KeyPath::of(&[table, name]).to_string()
}

/// One line of `[prices]`, its numbers as they are shown; `""` where a price is missing or
/// not a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceLine {
    pub model: String,
    pub input: String,
    pub cached_input: String,
    pub output: String,
}

/// `[prices]` line by line, in the order of the file.
pub fn price_lines(text: &str) -> Vec<PriceLine> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let table = document.get("prices").and_then(Item::as_table_like);
    let lines = table.into_iter().flat_map(|table| table.iter());
    lines.map(|(model, price)| price_line(model, price)).collect()
}

fn price_line(model: &str, price: &Item) -> PriceLine {
    let number = |key: &str| {
        let Some(written) = price.as_table_like().and_then(|price| price.get(key)) else {
            return String::new();
        };
        let whole = written.as_integer().map(|whole| whole.to_string());
        whole.or_else(|| written.as_float().map(|dollars| dollars.to_string())).unwrap_or_default()
    };
    PriceLine {
        model: model.to_owned(),
        input: number("input"),
        cached_input: number("cached_input"),
        output: number("output"),
    }
}

fn walk(schema: &Json, item: Option<&Item>, path: &KeyPath, found: &mut Vec<Entry>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = path.key(key);
        let item = item.and_then(|item| child(item, &Step::Key(key.clone())));
        if property["properties"].is_object() {
            walk(property, item, &place, found);
        } else if let Some(kind) = kind(property) {
            let written = item.and_then(|item| written(&kind, item));
            let is_written = written.is_some();
            let value = written.unwrap_or_else(|| default(&kind, &property["default"]));
            found.push(Entry { key: place.to_string(), kind, value, is_written });
        }
    }
}

fn kind(schema: &Json) -> Option<Kind> {
    if let Some(choices) = super::form::choices(schema) {
        return Some(Kind::Choice(choices.into_iter().map(str::to_owned).collect()));
    }
    if schema["anyOf"].is_array() {
        return Some(Kind::Secret);
    }
    match schema["type"].as_str()? {
        "boolean" => Some(Kind::Switch),
        "integer" => Some(Kind::Number {
            least: schema["minimum"].as_i64().unwrap_or(0),
            most: schema["maximum"].as_i64().unwrap_or(i64::MAX),
        }),
        "string" => Some(Kind::Text),
        "array" if schema["items"]["type"] == "string" => Some(Kind::List),
        _ => None,
    }
}

/// The value in the file; `None` where its form is wrong, which `form` reports.
fn written(kind: &Kind, item: &Item) -> Option<Value> {
    match kind {
        Kind::Switch => item.as_bool().map(Value::Switch),
        Kind::Number { .. } => item.as_integer().map(Value::Number),
        Kind::Choice(_) => item.as_str().map(|text| Value::Text(text.to_owned())),
        Kind::Text => item.as_str().map(|text| Value::Text(redact::without_secrets(text))),
        Kind::List => {
            let texts: Option<_> =
                item.as_array()?.iter().map(|value| Some(value.as_str()?.to_owned())).collect();
            texts.map(Value::List)
        }
        Kind::Secret => Some(Value::Secret(secret_place(item))),
    }
}

fn secret_place(item: &Item) -> SecretPlace {
    if let Some(text) = item.as_str() {
        return if text.is_empty() { SecretPlace::Nowhere } else { SecretPlace::Here };
    }
    let places = item.as_table_like().into_iter().flat_map(|table| table.iter());
    let named = places.filter_map(|(place, name)| match place {
        "env" | "file" | "keyring" => Some((place, name.as_str()?)),
        // The program alone: an argument may be a secret.
        "command" => Some((place, name.as_array()?.get(0)?.as_str()?)),
        _ => None,
    });
    let first = named.map(|(place, name)| format!("{place} {}", redact::without_secrets(name))).next();
    first.map_or(SecretPlace::Nowhere, SecretPlace::Elsewhere)
}

fn default(kind: &Kind, written: &Json) -> Value {
    match kind {
        Kind::Switch => Value::Switch(written.as_bool().unwrap_or_default()),
        Kind::Number { .. } => Value::Number(written.as_i64().unwrap_or_default()),
        Kind::Choice(_) | Kind::Text => Value::Text(written.as_str().unwrap_or_default().to_owned()),
        Kind::List => Value::List(Vec::new()),
        Kind::Secret => Value::Secret(SecretPlace::Nowhere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str, key: &str) -> Entry {
        let found = entries(text).into_iter().find(|entry| entry.key == key);
        found.unwrap_or_else(|| panic!("no entry {key}"))
    }

    #[test]
    fn a_key_that_is_not_written_has_its_default() {
        let port = entry("", "proxy.port");
        assert_eq!((port.value, port.is_written), (Value::Number(8045), false));
        assert_eq!(port.kind, Kind::Number { least: 0, most: 65535 });
        assert_eq!(entry("", "proxy.allow_lan_access").value, Value::Switch(false));
        assert_eq!(entry("", "zai.models.haiku").value, Value::Text("glm-4.5-air".into()));
        assert_eq!(entry("", "proxy.allowed_hosts").value, Value::List(Vec::new()));
        assert_eq!(entry("", "proxy.api_key").value, Value::Secret(SecretPlace::Nowhere));
        let Kind::Choice(modes) = entry("", "proxy.auth_mode").kind else { panic!("no choice") };
        assert_eq!(modes, ["off", "strict", "all_except_health", "auto"]);
    }

    #[test]
    fn a_written_value_is_shown_as_written() {
        let text = "language = \"ja\"\n[proxy]\nport = 9000\nallowed_hosts = [\"a\", \"b\"]\n";
        assert_eq!(entry(text, "language").value, Value::Text("ja".into()));
        let port = entry(text, "proxy.port");
        assert_eq!((port.value, port.is_written), (Value::Number(9000), true));
        assert_eq!(entry(text, "proxy.allowed_hosts").value, Value::List(vec!["a".into(), "b".into()]));
        // A value of the wrong form is reported by `form`.
        assert!(!entry("[proxy]\nport = \"x\"\n", "proxy.port").is_written);
    }

    #[test]
    fn a_secret_shows_its_place_and_never_itself() {
        let cases = [
            ("\"sk-hidden-hidden\"", SecretPlace::Here),
            ("\"\"", SecretPlace::Nowhere),
            ("{ env = \"NAME\" }", SecretPlace::Elsewhere("env NAME".into())),
            ("{ command = [\"pass\", \"hidden\"] }", SecretPlace::Elsewhere("command pass".into())),
        ];
        for (written, place) in cases {
            let found = entry(&format!("[proxy]\napi_key = {written}\n"), "proxy.api_key");
            assert_eq!(found.value, Value::Secret(place), "{written}");
            assert!(!format!("{found:?}").contains("hidden"), "{found:?}");
        }
        let proxy = entry("[upstream]\nproxy = \"http://me:hidden@host:1\"\n", "upstream.proxy");
        assert_eq!(proxy.value, Value::Text("http://***@host:1".into()));
    }

    #[test]
    fn model_mappings_keep_their_order() {
        let pairs = model_mappings("[models]\n\"b-*\" = \"x\"\na = \"y\"\n");
        assert_eq!(pairs, [("b-*".to_owned(), "x".to_owned()), ("a".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn only_numbers_are_shown_as_prices() {
        let text = "[prices]\n\"b-*\" = { input = 1.250, output = 10 }\na = { input = \"1\", cached_input = 1e-7 }\nc = 1\n";
        let lines = price_lines(text).into_iter();
        let lines: Vec<_> =
            lines.map(|line| [line.model, line.input, line.cached_input, line.output]).collect();
        assert_eq!(lines, [["b-*", "1.25", "", "10"], ["a", "", "0.0000001", ""], ["c", "", "", ""]]);
    }
}
