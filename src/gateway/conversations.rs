//! What Responses clients may refer to in later requests: the answers they were given in
//! translation, item by item, and the input that led there. In memory only, the least
//! recently used forgotten first. An upstream that speaks Responses remembers by itself.
//!
//! With `store: false` an answer is not remembered as a whole, but its items are: Vercel's
//! client refers to them either way.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::memory::Memory;
use crate::protocol::openai_responses::reference::{Json, Remembered, Said};

/// Answers and items together; an answer has a few.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(8_000).expect("not zero");
const MAX_BYTES: usize = 64 << 20;

pub struct Conversations(Mutex<Memory<Entry>>);

enum Entry {
    Item(Json),
    Answer(Arc<Answer>),
}

struct Answer {
    previous: Option<String>,
    input: Vec<Json>,
    /// The ids of its items.
    output: Vec<String>,
}

impl Conversations {
    fn put_item(&self, id: String, item: &Value) {
        let item = Json::from(item.to_string());
        let bytes = item.len();
        self.lock().put(id, Entry::Item(item), bytes);
    }

    fn put_answer(&self, id: String, said: &Said, output: Vec<String>) {
        let input = said.input.clone();
        let bytes = input.iter().map(|item| item.len()).chain(output.iter().map(String::len)).sum();
        let answer = Answer { previous: said.previous.clone(), input, output };
        self.lock().put(id, Entry::Answer(Arc::new(answer)), bytes);
    }

    /// From the latest to the first.
    fn chain(&self, response_id: &str) -> Option<Vec<Arc<Answer>>> {
        let mut memory = self.lock();
        let mut chain = Vec::new();
        let mut id = response_id.to_owned();
        loop {
            let Some(Entry::Answer(answer)) = memory.get(&id) else { return None };
            chain.push(Arc::clone(answer));
            match &answer.previous {
                Some(previous) => id.clone_from(previous),
                None => return Some(chain),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Memory<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered for Conversations {
    fn item(&self, id: &str) -> Option<Json> {
        match self.lock().get(id)? {
            Entry::Item(item) => Some(Arc::clone(item)),
            Entry::Answer(_) => None,
        }
    }

    fn conversation(&self, response_id: &str) -> Option<Vec<Json>> {
        let mut items = Vec::new();
        for answer in self.chain(response_id)?.iter().rev() {
            items.extend(answer.input.iter().cloned());
            for id in &answer.output {
                items.push(self.item(id)?);
            }
        }
        Some(items)
    }
}

impl Default for Conversations {
    fn default() -> Self {
        Self(Mutex::new(Memory::new(MAX_ENTRIES, MAX_BYTES)))
    }
}

/// Remembers one answer as it is given: each item before the client reads that it is whole.
#[derive(Clone)]
pub struct Remembering {
    conversations: Arc<Conversations>,
    said: Arc<Said>,
    answer_id: String,
    /// The ids of the items remembered so far.
    items: Vec<String>,
}

impl Remembering {
    pub const fn new(conversations: Arc<Conversations>, said: Arc<Said>, answer_id: String) -> Self {
        Self { conversations, said, answer_id, items: Vec::new() }
    }

    /// These items are whole, some of them perhaps for long.
    pub fn given(&mut self, output: &[Value]) {
        for item in &output[self.items.len().min(output.len())..] {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            self.conversations.put_item(id.clone(), item);
            self.items.push(id);
        }
    }

    /// The answer is whole.
    pub fn ended(&mut self) {
        if self.said.is_stored {
            let output = std::mem::take(&mut self.items);
            self.conversations.put_answer(self.answer_id.clone(), &self.said, output);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Lets a client say something after `previous` and be answered with one item.
    fn answer(conversations: &Arc<Conversations>, previous: Option<&str>, name: &str, is_stored: bool) {
        let input = vec![json!(format!("asks {name}")).to_string().into()];
        let said = Said { previous: previous.map(str::to_owned), input, is_stored };
        let id = format!("resp_{name}");
        let mut remembering = Remembering::new(Arc::clone(conversations), Arc::new(said), id);
        let item = json!({"id": format!("msg_{name}")});
        remembering.given(std::slice::from_ref(&item));
        remembering.given(&[item]);
        remembering.ended();
    }

    #[test]
    fn a_conversation_is_told_from_its_start() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", true);
        answer(&conversations, Some("resp_a"), "b", true);
        answer(&conversations, Some("resp_a"), "c", true);
        let told = [json!("asks a"), json!({"id": "msg_a"}), json!("asks c"), json!({"id": "msg_c"})];
        let told = told.iter().map(|item| Json::from(item.to_string())).collect();
        assert_eq!(conversations.conversation("resp_c"), Some(told));
        assert_eq!(conversations.conversation("msg_a"), None, "an item is no answer");
        assert_eq!(conversations.item("resp_a"), None, "an answer is no item");
    }

    #[test]
    fn what_is_not_stored_is_known_by_its_items_only() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", false);
        assert_eq!(conversations.item("msg_a").as_deref(), Some(r#"{"id":"msg_a"}"#));
        assert_eq!(conversations.conversation("resp_a"), None);
    }

    #[test]
    fn a_conversation_with_a_gap_is_not_known() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, Some("resp_gone"), "b", true);
        assert_eq!(conversations.conversation("resp_b"), None);
        let crowd = MAX_ENTRIES.get() / 2;
        answer(&conversations, None, "a", true);
        (0..crowd).for_each(|number| answer(&conversations, None, &number.to_string(), true));
        assert_eq!(conversations.conversation("resp_a"), None);
        assert!(conversations.conversation(&format!("resp_{}", crowd - 1)).is_some());
    }
}
