//! The calls that edit the config file, and the export of records.

use serde_json::{Value, json};

use super::{KEY, agent, ask, config_of};
use crate::support::{Answer, TestProxy};

async fn post(proxy: &TestProxy, path: &str, body: Value) -> Answer {
    proxy.control_call("POST", &format!("/api/{path}"), &body.to_string()).await
}

#[tokio::test]
async fn an_account_is_added_edited_placed_and_removed() {
    let proxy = agent().await;
    let before = config_of(&proxy);
    let account = json!({
        "name": "spare", "provider": "openai-compatible", "api_key_env": "NAME", "base_url": "http://127.0.0.1:9/v1",
        "models": ["llama*"],
    });
    let answer = post(&proxy, "accounts/add", account).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let accounts = answer.json()["accounts"].as_array().expect("a status").len();
    assert_eq!(accounts, 2, "in force when it is answered");
    assert!(config_of(&proxy).contains("api_key = { env = \"NAME\" }"), "{}", config_of(&proxy));
    let edits = json!({ "name": "spare", "api_key": "up-new-key", "models": ["qwen*"], "weight": 3 });
    assert_eq!(post(&proxy, "accounts/edit", edits).await.status, 200);
    let edited = config_of(&proxy);
    for line in ["api_key = \"up-new-key\"", "models = [\"qwen*\"]", "weight = 3"] {
        assert!(edited.contains(line), "{edited}");
    }
    assert_eq!(post(&proxy, "accounts/place", json!({ "name": "spare", "place": 0 })).await.status, 200);
    assert!(config_of(&proxy).contains("priority = 1"), "{}", config_of(&proxy));
    assert_eq!(post(&proxy, "accounts/disable", json!({ "name": "spare" })).await.status, 200);
    assert_eq!(proxy.account("spare").await["state"], "off");
    assert_eq!(post(&proxy, "accounts/enable", json!({ "name": "spare" })).await.status, 200);
    assert_eq!(post(&proxy, "accounts/remove", json!({ "name": "spare" })).await.status, 200);
    assert_eq!(config_of(&proxy).replace("priority = 1\n", ""), before);
}

#[tokio::test]
async fn a_refused_edit_has_a_reason_and_changes_nothing() {
    let proxy = agent().await;
    let before = config_of(&proxy);
    let cases = [
        ("accounts/add", json!({ "name": "a", "provider": "openai", "color": "red" }), 400, "color"),
        ("accounts/add", json!({ "name": "a", "provider": "nobody" }), 400, "nobody"),
        (
            "accounts/add",
            json!({ "name": "a", "provider": "openai", "api_key": "k", "api_key_env": "N" }),
            400,
            "not both",
        ),
        (
            "accounts/add",
            json!({ "name": "a", "provider": "openai", "api_key": { "command": ["sh"] } }),
            400,
            "invalid type",
        ),
        ("accounts/add", json!({ "name": "demo", "provider": "demo" }), 409, "already"),
        ("accounts/add", json!({ "name": "a/b", "provider": "demo" }), 422, "without `/`"),
        ("accounts/edit", json!({ "name": "nobody", "weight": 2 }), 409, "nobody"),
        ("accounts/edit", json!({ "name": "demo", "weight": 0 }), 422, "too small"),
        ("accounts/remove", json!({ "name": "nobody" }), 409, "nobody"),
        ("settings", json!({ "values": { "proxy.prot": 1 } }), 400, "proxy.prot is not a setting"),
        ("settings", json!({ "values": { "accounts": [] } }), 400, "accounts is not a setting"),
        ("settings", json!({ "proxy.port": 1 }), 400, "unknown field"),
        ("settings", json!({ "values": { "pool.max_attempts": 0 } }), 422, "too small"),
        ("settings", json!({ "values": { "pool.max_attempts": 3, "proxy.port": 70000 } }), 422, "too large"),
        ("models/set", json!({ "asked": "a", "sent": "" }), 422, "empty model name"),
        ("models/remove", json!({ "asked": "a", "sent": "b" }), 400, "unknown field"),
    ];
    for (path, body, status, words) in cases {
        let answer = post(&proxy, path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
        assert!(
            answer.json()["error"].as_str().is_some_and(|text| text.contains(words)),
            "{path} {body}: {}",
            answer.text()
        );
        assert_eq!(config_of(&proxy), before, "{path} {body}");
    }
    let answer =
        post(&proxy, "settings", json!({ "values": { "proxy.allowed_hosts": ["ok", "http://x/"] } })).await;
    assert_eq!(answer.json()["problems"][0]["field"], "proxy.allowed_hosts", "{}", answer.text());
}

#[tokio::test]
async fn the_key_is_shown_and_changed_only_by_its_own_calls() {
    let proxy = agent().await;
    let told = async || proxy.control_call("GET", "/api/key", "").await.json()["api_key"].clone();
    assert_eq!(told().await, KEY);
    assert_eq!(post(&proxy, "key/rotate", json!({})).await.status, 200);
    let new = told().await;
    assert!(new != KEY && new.as_str().is_some_and(|new| new.starts_with("sk-")), "{new}");
    assert!(config_of(&proxy).contains("# mine"), "{}", config_of(&proxy));
    for path in ["/api/status", "/page/", "/page/settings", "/page/accounts"] {
        let text = proxy.control_call("GET", path, "").await.text();
        assert!(!text.contains(new.as_str().expect("text")), "{path}");
    }
}

#[tokio::test]
async fn health_is_checked_as_a_client_would() {
    let proxy = agent().await;
    let health = async || proxy.control_call("GET", "/api/health", "").await.json();
    assert_eq!(health().await["answer"], r#"{"status":"ok"}"#);
    let strict = config_of(&proxy).replace("# mine", "\nauth_mode = \"strict\"");
    proxy.home.write_config(&strict);
    proxy.wait_for_status("strict", |status| status["auth_mode"] == "strict").await;
    assert_eq!(health().await["ok"], true, "with the key");
    proxy.control_call("POST", "/api/stop", "").await;
    let stopped = health().await;
    assert_eq!((stopped["ok"].clone(), stopped["status"].clone()), (json!(false), json!(null)), "{stopped}");
}

#[tokio::test]
async fn the_export_is_complete_filtered_and_harmless() {
    let proxy = agent().await;
    ask(&proxy, "demo-1", "=HYPERLINK(\"http://evil\")").await;
    ask(&proxy, "=1+1", "curl/8").await;
    proxy.wait_for_records(2).await;
    let export =
        async |query: &str| proxy.control_call("GET", &format!("/api/records/export?{query}"), "").await;
    let csv = export("format=csv").await;
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"portcullis-requests.csv\""));
    let text = csv.text();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil\"\")\"") && text.contains("\"'=1+1\""), "{text}");
    let lines = export("format=jsonl&errors=true").await.text();
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((records.len(), &records[0]["model_asked"]), (1, &json!("=1+1")));
    for query in ["", "format=xml", "format=csv&color=red"] {
        assert_eq!(export(query).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_missing_field_is_explained_in_terms_of_the_form() {
    let proxy = agent().await;
    for (account, wanted) in [
        (json!({ "name": "a", "provider": "gemini" }), "paste the key"),
        (json!({ "name": "a", "provider": "openai-compatible" }), "such as http://localhost"),
        (json!({ "name": "a", "provider": "gemini", "api_key_env": "MY KEY" }), "such as GEMINI_API_KEY"),
    ] {
        let answer = post(&proxy, "accounts/add", account.clone()).await;
        assert_eq!(answer.status, 422, "{account}: {}", answer.text());
        let problem = &answer.json()["problems"][0];
        let fix = problem["fix"].as_str().expect("a fix");
        assert!(fix.contains(wanted) && !fix.contains('"') && !fix.contains("quotes"), "{account}: {fix}");
        assert!(answer.text().contains(wanted), "{account}: {}", answer.text());
    }
}
