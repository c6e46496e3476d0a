//! Model lists: reads a provider's own, page by page, and writes the one for a client in
//! the shape of its family.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Family;

/// One model of a provider's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The id that a client asks for it by.
    pub id: String,
    /// The entry as the provider wrote it.
    pub entry: Value,
}

/// One page of a provider's list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub models: Vec<Model>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// The query for the longest page that a provider of this family gives, `from` the end of
/// the page before. `None` for a family without pages.
pub fn page_query(family: Family, from: Option<&str>) -> Option<String> {
    let (size, key) = match family {
        Family::OpenAi => return None,
        Family::Anthropic => ("limit=1000", "after_id"),
        Family::Gemini => ("pageSize=1000", "pageToken"),
    };
    Some(match from {
        None => size.to_owned(),
        Some(from) => format!("{size}&{key}={}", utf8_percent_encode(from, NON_ALPHANUMERIC)),
    })
}

/// Reads a page. `None` if the body is not one.
pub fn read_page(family: Family, body: &[u8]) -> Option<Page> {
    let page: Value = serde_json::from_slice(body).ok()?;
    let entries = match family {
        Family::Gemini => &page["models"],
        // Some OpenAI-compatible servers send the bare list of entries.
        Family::OpenAi if page.is_array() => &page,
        Family::OpenAi | Family::Anthropic => &page["data"],
    };
    let entries = match entries {
        Value::Array(entries) => entries.as_slice(),
        // Servers without any model leave the list out, or write null.
        Value::Null if page.is_object() && page.get("error").is_none() => &[],
        _ => return None,
    };
    let next = match family {
        Family::OpenAi => None,
        Family::Anthropic => page["last_id"].as_str().filter(|_| page["has_more"] == true),
        Family::Gemini => page["nextPageToken"].as_str().filter(|token| !token.is_empty()),
    };
    let models = entries.iter().filter_map(|entry| read_entry(family, entry.clone())).collect();
    Some(Page { models, next: next.map(str::to_owned) })
}

/// Reads one entry. `None` if it names no model.
pub fn read_entry(family: Family, entry: Value) -> Option<Model> {
    let id = match family {
        Family::OpenAi | Family::Anthropic => entry["id"].as_str()?,
        Family::Gemini => bare_id(entry["name"].as_str()?),
    };
    let id = Some(id).filter(|id| !id.is_empty())?.to_owned();
    Some(Model { id, entry })
}

/// The id in one of Gemini's resource names: `models/gemini-3-flash`.
pub fn bare_id(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

/// The body of a list of these entries.
pub fn list<'a>(family: Family, entries: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Value {
    let (ids, entries): (Vec<&String>, Vec<&Value>) = entries.into_iter().unzip();
    match family {
        Family::OpenAi => json!({"object": "list", "data": entries}),
        Family::Anthropic => json!({
            "data": entries,
            "has_more": false,
            "first_id": ids.first(),
            "last_id": ids.last(),
        }),
        Family::Gemini => json!({"models": entries}),
    }
}

/// An entry for a model of which only the id is known. Its date is the epoch.
pub fn entry(family: Family, id: &str) -> Value {
    match family {
        Family::OpenAi => json!({"id": id, "object": "model", "created": 0, "owned_by": "portcullis"}),
        Family::Anthropic => json!({
            "type": "model",
            "id": id,
            "display_name": id,
            "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active",
        }),
        Family::Gemini => json!({
            "name": format!("models/{id}"),
            "baseModelId": id,
            "version": "1",
            "displayName": id,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(family: Family, body: &str, expected: Option<(&[&str], Option<&str>)>) {
        let page = read_page(family, body.as_bytes());
        let read = page.as_ref().map(|page| {
            let ids: Vec<&str> = page.models.iter().map(|model| &*model.id).collect();
            (ids, page.next.as_deref())
        });
        assert_eq!(read, expected.map(|(ids, next)| (ids.to_vec(), next)), "{body}");
    }

    #[test]
    fn each_family_has_its_own_pages() {
        use Family::{Anthropic, Gemini, OpenAi};
        check(
            OpenAi,
            r#"{"object":"list","data":[{"id":"a"},{"id":"org/b"}]}"#,
            Some((&["a", "org/b"], None)),
        );
        check(OpenAi, r#"[{"id":"a"},{"name":"no id"},7]"#, Some((&["a"], None)));
        check(OpenAi, r#"{"object":"list","data":null}"#, Some((&[], None)));
        check(OpenAi, r#"{"error":{"message":"no"}}"#, None);
        check(OpenAi, r#"{"data":"a"}"#, None);
        check(OpenAi, "<html>", None);
        check(Anthropic, r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#, Some((&["a"], Some("a"))));
        check(Anthropic, r#"{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}"#, Some((&["a"], None)));
        check(Gemini, r#"{"models":[{"name":"models/a"}],"nextPageToken":"n"}"#, Some((&["a"], Some("n"))));
        check(Gemini, r#"{"models":[{"name":"tunedModels/a"}]}"#, Some((&["tunedModels/a"], None)));
        check(Gemini, "{}", Some((&[], None)));
    }

    #[test]
    fn a_page_token_cannot_change_the_query() {
        assert_eq!(page_query(Family::OpenAi, Some("x")), None);
        assert_eq!(page_query(Family::Anthropic, None).as_deref(), Some("limit=1000"));
        assert_eq!(
            page_query(Family::Gemini, Some("a&key=b")).as_deref(),
            Some("pageSize=1000&pageToken=a%26key%3Db")
        );
    }
}
