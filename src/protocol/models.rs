//! Model lists of our own making, in the shape of the family that asks.

use serde_json::{Value, json};

use super::Family;

/// The whole list.
pub fn list(family: Family, ids: &[String]) -> Value {
    let entries: Vec<Value> = ids.iter().map(|id| entry(family, id)).collect();
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

/// One entry. When each model was made is not known here, so all say the epoch.
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
