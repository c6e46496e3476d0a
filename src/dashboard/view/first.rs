//! The first request: still awaited, answered and to whom, or turned away and what to
//! change.

use super::client;
use crate::language::Language;
use crate::monitor::{Outcome, Record};
use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    Waiting,
    /// A sentence that says who got an answer, and from which model.
    Answered {
        sentence: String,
        href: String,
    },
    /// What came, and what to change about it.
    Refused {
        sentence: String,
        advice: String,
        href: String,
    },
}

/// What the latest exchanges (newest first) say.
pub fn first(latest: &[Record], base_url: &str, language: Language) -> First {
    let Some(record) = latest.iter().find(|record| record.outcome != Outcome::Cancelled) else {
        return First::Waiting;
    };
    let client = record.client.as_deref().map(client::name).filter(|name| !name.is_empty());
    let client = client.unwrap_or_else(|| text!(language, "first-some-client"));
    let href = super::request::href(record.number);
    if record.outcome == Outcome::Done {
        let model = record.model_used.as_deref().or(record.model_asked.as_deref()).unwrap_or_default();
        let sentence = text!(language, "first-answered", client = client, model = model);
        return First::Answered { sentence, href };
    }
    let sentence = text!(language, "first-refused", client = client, status = record.status);
    First::Refused { sentence, advice: advice(record, base_url, language), href }
}

fn advice(record: &Record, base_url: &str, language: Language) -> String {
    // What an account was asked is between it and its provider.
    let is_ours = record.attempts.is_empty();
    // A call that was not even understood has a path that is nobody's.
    match (record.status, &record.operation) {
        (401, _) if is_ours => text!(language, "first-advice-401"),
        (404, None) => text!(language, "first-advice-404", base_url = base_url),
        (404, Some(_)) if is_ours => {
            text!(language, "first-advice-model", model = record.model_asked.as_deref().unwrap_or_default())
        }
        _ => record.error.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::AttemptRecord;
    use crate::protocol::Operation;

    const BASE_URL: &str = "http://127.0.0.1:8045";

    fn call(outcome: Outcome, status: u16) -> Record {
        let mut record = Record::of_call("req_1", Operation::Messages, "/v1/messages");
        record.client = Some("claude-cli/2.1 (external)".into());
        record.model_asked = Some("claude-sonnet-5".into());
        (record.outcome, record.status) = (outcome, status);
        record
    }

    fn attempt(status: u16) -> AttemptRecord {
        AttemptRecord {
            account: "work".into(),
            started_ms: 0,
            duration_ms: 1,
            status: Some(status),
            fault: None,
            failure: Some("refused".to_owned()),
        }
    }

    fn told(latest: &[Record]) -> String {
        match first(latest, BASE_URL, Language::English) {
            First::Waiting => "waiting".to_owned(),
            First::Answered { sentence, .. } => sentence,
            First::Refused { sentence, advice, .. } => format!("{sentence} {advice}"),
        }
    }

    #[test]
    fn the_newest_request_decides() {
        assert_eq!(told(&[]), "waiting");
        assert_eq!(told(&[call(Outcome::Cancelled, 0)]), "waiting");
        let (done, failed) = (call(Outcome::Done, 200), call(Outcome::Failed, 500));
        let answered = told(&[done.clone(), failed.clone()]);
        assert!(answered.contains("Claude Code") && answered.contains("claude-sonnet-5"), "{answered}");
        assert!(told(&[failed, done]).contains("500"));
    }

    #[test]
    fn a_refusal_says_what_to_change() {
        let mut at_the_door = Record::new("req_1", "anthropic", "/v2/messages");
        (at_the_door.outcome, at_the_door.status) = (Outcome::Failed, 404);
        let told_404 = told(&[at_the_door.clone()]);
        assert!(told_404.contains(&format!("{BASE_URL}/v1")), "{told_404}");
        at_the_door.status = 401;
        assert!(told(&[at_the_door]).contains("x-api-key"));
        assert!(told(&[call(Outcome::Failed, 401)]).contains("x-api-key"), "also where the path is right");
        let unserved = told(&[call(Outcome::Failed, 404)]);
        assert!(unserved.contains("claude-sonnet-5") && unserved.contains("[models]"), "{unserved}");
        let mut upstream = call(Outcome::Failed, 429);
        upstream.error = Some("all accounts are cooling".to_owned());
        assert!(told(&[upstream]).contains("all accounts are cooling"));
        for status in [401, 404] {
            let mut of_a_provider = call(Outcome::Failed, status);
            of_a_provider.attempts = [attempt(status)].into();
            of_a_provider.error = Some("the provider's own words".to_owned());
            assert!(told(&[of_a_provider]).contains("the provider's own words"), "{status}");
        }
    }
}
