//! Reads the fields of a request: each accessor returns the value, or names the field that
//! is wrong and the problem.

use serde_json::{Map, Value};

use super::error::ErrorKind;
use super::invalid::{InvalidField, Outcome};
use super::json;
use crate::chat::crowd;

pub type Object = Map<String, Value>;

/// The body of a request: one JSON object.
pub fn parse_body(body: &[u8]) -> Outcome<Object> {
    if crowd::is_crowded(body) {
        let problem = format!(
            "the body holds more than {} JSON values, more than any model reads; send such data as a text",
            crowd::most_values(body.len())
        );
        return Err(InvalidField::new(problem).kind(ErrorKind::TooLarge));
    }
    match serde_json::from_slice(&json::mended(body)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(InvalidField::new("the body must be a JSON object")),
        Err(error) => Err(InvalidField::new(format!("the body is not valid JSON: {error}"))),
    }
}

/// The field, unless it is missing or null.
pub fn get<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

pub fn required<'a>(object: &'a Object, key: &str) -> Outcome<&'a Value> {
    get(object, key).ok_or_else(|| InvalidField::new("this field is required").at(key))
}

pub fn as_object(value: &Value) -> Outcome<&Object> {
    value.as_object().ok_or_else(|| InvalidField::new("must be an object"))
}

pub fn as_str(value: &Value) -> Outcome<&str> {
    value.as_str().ok_or_else(|| InvalidField::new("must be a string"))
}

pub fn object<'a>(object: &'a Object, key: &str) -> Outcome<Option<&'a Object>> {
    read(object, key, as_object)
}

pub fn string<'a>(object: &'a Object, key: &str) -> Outcome<Option<&'a str>> {
    read(object, key, as_str)
}

pub fn owned(object: &Object, key: &str) -> Outcome<Option<String>> {
    Ok(string(object, key)?.map(str::to_owned))
}

pub fn required_string<'a>(object: &'a Object, key: &str) -> Outcome<&'a str> {
    as_str(required(object, key)?).map_err(|invalid| invalid.at(key))
}

pub fn boolean(object: &Object, key: &str) -> Outcome<Option<bool>> {
    read(object, key, |value| value.as_bool().ok_or_else(|| InvalidField::new("must be true or false")))
}

pub fn number(object: &Object, key: &str) -> Outcome<Option<f64>> {
    read(object, key, |value| value.as_f64().ok_or_else(|| InvalidField::new("must be a number")))
}

/// A count. Accepts whole floats: some languages have no other numbers.
pub fn count(object: &Object, key: &str) -> Outcome<Option<u64>> {
    read(object, key, |value| {
        whole(value)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| InvalidField::new("must be a whole number that is not negative"))
    })
}

pub fn integer(object: &Object, key: &str) -> Outcome<Option<i64>> {
    read(object, key, |value| whole(value).ok_or_else(|| InvalidField::new("must be a whole number")))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT).map(|n| n as i64)
    })
}

pub fn list<'a>(object: &'a Object, key: &str) -> Outcome<&'a [Value]> {
    let list = read(object, key, |value| {
        value.as_array().map(Vec::as_slice).ok_or_else(|| InvalidField::new("must be a list"))
    })?;
    Ok(list.unwrap_or_default())
}

pub fn strings(object: &Object, key: &str) -> Outcome<Vec<String>> {
    map(object, key, |value| Ok(as_str(value)?.to_owned()))
}

/// Converts each element of a list; empty if the field is missing.
pub fn map<T>(object: &Object, key: &str, mut convert: impl FnMut(&Value) -> Outcome<T>) -> Outcome<Vec<T>> {
    let mut converted = Vec::new();
    each(object, key, |value| {
        converted.push(convert(value)?);
        Ok(())
    })?;
    Ok(converted)
}

/// Visits each element of a list; none if the field is missing.
pub fn each<'a>(object: &'a Object, key: &str, visit: impl FnMut(&'a Value) -> Outcome<()>) -> Outcome<()> {
    each_of(list(object, key)?, visit).map_err(|invalid| invalid.at(key))
}

pub fn each_of<'a>(list: &'a [Value], mut visit: impl FnMut(&'a Value) -> Outcome<()>) -> Outcome<()> {
    for (index, value) in list.iter().enumerate() {
        visit(value).map_err(|invalid| invalid.at_index(index))?;
    }
    Ok(())
}

/// Moves the fields that a decoder does not know out of the body, except empty ones (`null`,
/// `false`, an empty text, list or object).
pub fn unknown(body: &mut Object, known: &[&str]) -> Object {
    body.iter_mut()
        .filter(|(key, value)| is_unknown(key, value, known))
        .map(|(key, value)| (key.clone(), value.take()))
        .collect()
}

/// The names of those fields.
pub fn unknown_names<'a>(body: &'a Object, known: &'a [&str]) -> impl Iterator<Item = &'a String> {
    body.iter().filter(|(key, value)| is_unknown(key, value, known)).map(|(key, _)| key)
}

fn is_unknown(key: &str, value: &Value, known: &[&str]) -> bool {
    !known.contains(&key) && is_set(value)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn read<'a, T>(
    object: &'a Object,
    key: &str,
    convert: impl FnOnce(&'a Value) -> Outcome<T>,
) -> Outcome<Option<T>> {
    get(object, key).map(convert).transpose().map_err(|invalid| invalid.at(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LocalError;

    #[test]
    fn the_path_names_the_field_as_a_user_would_write_it() {
        let body = parse_body(br#"{"messages":[{"content":[{"text":5}]}]}"#).expect("an object");
        let invalid = each(&body, "messages", |message| {
            each(as_object(message)?, "content", |part| required_string(as_object(part)?, "text").map(|_| ()))
        })
        .expect_err("5 is not a string");
        let error = LocalError::from(invalid);
        assert_eq!(error.message, "messages[0].content[0].text: must be a string");
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
    }

    #[test]
    fn counts_may_be_written_as_floats_but_not_as_fractions() {
        let body = parse_body(br#"{"a":5.0,"b":5.5,"c":-1,"d":1e300,"e":"5"}"#).expect("an object");
        assert_eq!(count(&body, "a"), Ok(Some(5)));
        for key in ["b", "c", "d", "e"] {
            assert!(count(&body, key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused_and_never_panics() {
        let deep = "[".repeat(100_000);
        for body in ["", "{", "[]", "null", "5", "{\"a\":1e999}", "\u{0}", deep.as_str()] {
            assert!(parse_body(body.as_bytes()).is_err(), "{}", &body[..body.len().min(20)]);
        }
        assert!(parse_body(b"{\"a\":\"\xFF\"}").is_err());
        assert!(parse_body(br#"{"a":"\ud83d"}"#).is_ok());
    }
}
