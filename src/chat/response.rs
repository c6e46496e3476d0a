//! A whole answer, and the run of events that it corresponds to.

use super::{Delta, Event, Failure, FinishReason, Part, PartStart, Thinking, ToolUse, Usage};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The upstream's own id for the answer.
    pub id: Option<String>,
    /// The model that answered, as the upstream calls it.
    pub model: Option<String>,
    pub parts: Vec<Part>,
    pub finish: FinishReason,
    pub usage: Option<Usage>,
}

impl Response {
    /// The events of a stream with this answer, for a client that asked for a stream where
    /// the upstream sent none.
    pub fn into_events(self) -> Vec<Event> {
        let input = self.usage.map(|usage| Usage { output: 0, reasoning: 0, ..usage });
        let mut events = vec![Event::Started { id: self.id, model: self.model, usage: input }];
        for part in self.parts {
            let Some((start, deltas)) = split(part) else { continue };
            events.push(Event::PartStarted(start));
            events.extend(deltas.into_iter().map(Event::Delta));
            events.push(Event::PartFinished);
        }
        events.extend(self.usage.map(Event::Usage));
        events.push(Event::Finished(self.finish));
        events
    }
}

/// The start of a part and its deltas; `None` for a part that only requests have.
fn split(part: Part) -> Option<(PartStart, Vec<Delta>)> {
    Some(match part {
        Part::Text { text, citations } => {
            let citations = citations.into_iter().map(Delta::Citation);
            (PartStart::Text, std::iter::once(Delta::Text(text)).chain(citations).collect())
        }
        Part::Thinking(Thinking { text, signature }) => {
            let text = (!text.is_empty()).then_some(Delta::Thinking(text));
            (PartStart::Thinking, text.into_iter().chain(signature.map(Delta::Signature)).collect())
        }
        Part::RedactedThinking(signature) => (PartStart::RedactedThinking(signature), Vec::new()),
        Part::ToolUse(ToolUse { id, name, arguments, freeform }) => {
            (PartStart::ToolUse { id, name, freeform }, vec![Delta::Arguments(arguments)])
        }
        Part::Image(_) | Part::Document(_) | Part::Media(_) | Part::ToolResult(_) | Part::CachePoint(_) => {
            return None;
        }
    })
}

/// Collects events into a [`Response`].
#[derive(Debug, Default)]
pub struct Collector {
    response: Response,
    end: Option<Result<(), Failure>>,
}

impl Collector {
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Started { id, model, usage } => {
                self.response.id = id;
                self.response.model = model;
                self.response.usage = usage;
            }
            Event::PartStarted(start) => self.response.parts.push(empty_part(start)),
            Event::Delta(delta) => self.add(delta),
            Event::PartFinished => {}
            Event::Usage(usage) => self.response.usage = Some(usage),
            Event::Finished(reason) => {
                self.response.finish = reason;
                self.end = Some(Ok(()));
            }
            Event::Failed(failure) => self.end = Some(Err(failure)),
        }
    }

    /// The whole answer. Fails if the events ended with a failure, or without an end.
    pub fn finish(self) -> Result<Response, Failure> {
        match self.end {
            Some(Ok(())) => Ok(self.response),
            Some(Err(failure)) => Err(failure),
            None => Err(Failure::broken("the upstream's answer has no end")),
        }
    }

    fn add(&mut self, delta: Delta) {
        match (self.response.parts.last_mut(), delta) {
            (Some(Part::Text { text, .. }), Delta::Text(more)) => text.push_str(&more),
            (Some(Part::Text { citations, .. }), Delta::Citation(citation)) => citations.push(citation),
            (Some(Part::Thinking(thinking)), Delta::Thinking(more)) => thinking.text.push_str(&more),
            (Some(Part::Thinking(thinking)), Delta::Signature(signature)) => {
                thinking.signature = Some(signature);
            }
            (Some(Part::ToolUse(call)), Delta::Arguments(more)) => call.arguments.push_str(&more),
            _ => {}
        }
    }
}

fn empty_part(start: PartStart) -> Part {
    match start {
        PartStart::Text => Part::text(""),
        PartStart::Thinking => Part::Thinking(Thinking::default()),
        PartStart::RedactedThinking(signature) => Part::RedactedThinking(signature),
        PartStart::ToolUse { id, name, freeform } => {
            Part::ToolUse(ToolUse { id, name, freeform, arguments: String::new() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Citation, Maker, Signature};

    #[test]
    fn an_answer_split_into_events_collects_into_itself() {
        let signature = Signature::new(Maker::Anthropic, "s");
        let response = Response {
            id: Some("r".to_owned()),
            model: Some("m".to_owned()),
            parts: vec![
                Part::Thinking(Thinking { text: "hm".to_owned(), signature: Some(signature.clone()) }),
                Part::RedactedThinking(signature),
                Part::Text { text: "hi".to_owned(), citations: vec![Citation::default()] },
                Part::ToolUse(ToolUse {
                    id: "c".to_owned(),
                    arguments: "{}".to_owned(),
                    ..ToolUse::default()
                }),
            ],
            finish: FinishReason::ToolUse,
            usage: Some(Usage { input: 1, output: 2, ..Usage::default() }),
        };
        let mut collector = Collector::default();
        response.clone().into_events().into_iter().for_each(|event| collector.push(event));
        assert_eq!(collector.finish(), Ok(response));
    }

    #[test]
    fn events_without_an_end_are_not_an_answer() {
        let mut collector = Collector::default();
        collector.push(Event::Started { id: None, model: None, usage: None });
        assert!(collector.finish().is_err());
    }
}
