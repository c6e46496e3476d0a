//! The first request: awaited, answered, or refused with advice on what to change.

use super::client;
use crate::language::Language;
use crate::monitor::{Outcome, Record};
use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstRequest {
    Waiting,
    /// The sentence names the client and the model.
    Answered {
        sentence: String,
        href: String,
    },
    /// The sentence names the client and the status.
    Refused {
        sentence: String,
        advice: String,
        href: String,
    },
}

/// `latest`: the latest exchanges, newest first.
pub fn first(latest: &[Record], base_url: &str, language: Language) -> FirstRequest {
    let Some(record) = latest.iter().find(|record| record.outcome != Outcome::Cancelled) else {
        return FirstRequest::Waiting;
    };
    let client = record.client.as_deref().map(client::name).filter(|name| !name.is_empty());
    let client = client.unwrap_or_else(|| text!(language, "first-some-client"));
    let href = super::request::href(record.number);
    if record.outcome == Outcome::Done {
        let model = record.model_used.as_deref().or(record.model_asked.as_deref()).unwrap_or_default();
        let sentence = text!(language, "first-answered", client = client, model = model);
        return FirstRequest::Answered { sentence, href };
    }
    let sentence = text!(language, "first-refused", client = client, status = record.status);
    FirstRequest::Refused { sentence, advice: advice(record, base_url, language), href }
}

fn advice(record: &Record, base_url: &str, language: Language) -> String {
    // An error after an attempt comes from the provider, in its own words.
    let is_ours = record.attempts.is_empty();
    // A record without an operation has a path that no route takes.
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

    fn text(latest: &[Record]) -> String {
        match first(latest, BASE_URL, Language::English) {
            FirstRequest::Waiting => "waiting".to_owned(),
            FirstRequest::Answered { sentence, .. } => sentence,
            FirstRequest::Refused { sentence, advice, .. } => format!("{sentence} {advice}"),
        }
    }

    #[test]
    fn the_newest_request_decides() {
        assert_eq!(text(&[]), "waiting");
        assert_eq!(text(&[call(Outcome::Cancelled, 0)]), "waiting");
        let (done, failed) = (call(Outcome::Done, 200), call(Outcome::Failed, 500));
        let answered = text(&[done.clone(), failed.clone()]);
        assert!(answered.contains("Claude Code") && answered.contains("claude-sonnet-5"), "{answered}");
        assert!(text(&[failed, done]).contains("500"));
    }

    #[test]
    fn a_refusal_comes_with_advice() {
        let mut unrouted = Record::new("req_1", "anthropic", "/v2/messages");
        (unrouted.outcome, unrouted.status) = (Outcome::Failed, 404);
        let not_found = text(&[unrouted.clone()]);
        assert!(not_found.contains(&format!("{BASE_URL}/v1")), "{not_found}");
        unrouted.status = 401;
        assert!(text(&[unrouted]).contains("x-api-key"));
        assert!(text(&[call(Outcome::Failed, 401)]).contains("x-api-key"), "also where the path is right");
        let unserved = text(&[call(Outcome::Failed, 404)]);
        assert!(unserved.contains("claude-sonnet-5") && unserved.contains("[models]"), "{unserved}");
        let mut upstream = call(Outcome::Failed, 429);
        upstream.error = Some("all accounts are cooling".to_owned());
        assert!(text(&[upstream]).contains("all accounts are cooling"));
        for status in [401, 404] {
            let mut of_a_provider = call(Outcome::Failed, status);
            of_a_provider.attempts = [attempt(status)].into();
            of_a_provider.error = Some("the provider's own words".to_owned());
            assert!(text(&[of_a_provider]).contains("the provider's own words"), "{status}");
        }
    }
}
