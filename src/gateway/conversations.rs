//! What Responses clients may refer to in later requests: the translated answers they got,
//! item by item, and the input before each. Kept in memory only; the least recently used is
//! forgotten first. An upstream that speaks Responses keeps its own.
//!
//! With `store: false` the items of an answer are kept, but not the answer as a whole:
//! Vercel's client refers to items either way.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::cache::Cache;
use super::share::Share;
use crate::protocol::openai_responses::reference::{AnswerStore, Continuation, Json};
use crate::protocol::{ErrorKind, LocalError, weight};

/// Turns and items together; a turn has a few items.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(8_000).expect("not zero");
const MAX_BYTES: usize = 64 << 20;

pub struct Conversations(Mutex<Cache<Entry>>);

enum Entry {
    Item(Json),
    Turn(Arc<Turn>),
}

/// One answer, and the input since the answer before it.
struct Turn {
    previous: Option<String>,
    input: Vec<Json>,
    /// The ids of the answer's items.
    output: Vec<String>,
}

impl Conversations {
    fn put_item(&self, id: String, item: &Value) {
        let item = Json::from(item.to_string());
        let bytes = item.len();
        self.0.lock().put(id, Entry::Item(item), bytes);
    }

    fn put_turn(&self, id: String, said: &Continuation, output: Vec<String>) {
        let input = said.input.clone();
        // An item that is repeated a hundred times is held once.
        let mut seen = HashSet::new();
        let once = input.iter().filter(|item| seen.insert(Arc::as_ptr(item).cast::<u8>()));
        let bytes = once.map(|item| item.len()).chain(output.iter().map(String::len)).sum();
        let turn = Turn { previous: said.previous.clone(), input, output };
        self.0.lock().put(id, Entry::Turn(Arc::new(turn)), bytes);
    }

    /// The turns that end with this answer, from the latest to the first.
    fn chain(&self, response_id: &str) -> Option<Vec<Arc<Turn>>> {
        let mut cache = self.0.lock();
        let mut chain = Vec::new();
        let mut id = response_id.to_owned();
        loop {
            let Some(Entry::Turn(turn)) = cache.get(&id) else { return None };
            chain.push(Arc::clone(turn));
            match &turn.previous {
                Some(previous) => id.clone_from(previous),
                None => return Some(chain),
            }
        }
    }

    fn text_of(&self, id: &str) -> Option<Json> {
        match self.0.lock().get(id)? {
            Entry::Item(item) => Some(Arc::clone(item)),
            Entry::Turn(_) => None,
        }
    }

    /// The items of the conversation that ends with this answer, from its start.
    fn texts_of(&self, response_id: &str) -> Option<Vec<Json>> {
        let mut texts = Vec::new();
        for turn in self.chain(response_id)?.iter().rev() {
            texts.extend(turn.input.iter().cloned());
            for id in &turn.output {
                texts.push(self.text_of(id)?);
            }
        }
        Some(texts)
    }

    /// For one request: finds at most `most` bytes, and counts them against its share.
    pub fn within<'a>(&'a self, share: &'a Share, most: usize) -> Lookup<'a> {
        share.refers_anew();
        Lookup { conversations: self, share, left: Cell::new(most), error: RefCell::new(None) }
    }
}

/// Looks up earlier answers for one request. A reference of thirty bytes may stand for a
/// megabyte, so every text is counted before it is parsed.
pub struct Lookup<'a> {
    conversations: &'a Conversations,
    share: &'a Share,
    left: Cell<usize>,
    error: RefCell<Option<LookupError>>,
}

/// Why a request was not read together with the answers it refers to.
pub enum LookupError {
    Refused(LocalError),
    /// The answers are larger than the limit of this lookup.
    TooLarge,
}

impl LookupError {
    pub fn into_error(self) -> LocalError {
        match self {
            Self::Refused(error) => error,
            Self::TooLarge => LocalError::new(ErrorKind::TooLarge, "the request refers to too much"),
        }
    }
}

impl From<LocalError> for LookupError {
    fn from(error: LocalError) -> Self {
        Self::Refused(error)
    }
}

impl Lookup<'_> {
    /// Why a known text was not returned. Clears the error.
    pub fn error(&self) -> Option<LookupError> {
        self.error.take()
    }

    fn counted(&self, texts: Vec<Json>) -> Option<Vec<Json>> {
        match self.count(&texts) {
            Ok(()) => Some(texts),
            Err(error) => {
                self.error.replace(Some(error));
                None
            }
        }
    }

    fn count(&self, texts: &[Json]) -> Result<(), LookupError> {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let left = self.left.get().checked_sub(bytes).ok_or(LookupError::TooLarge)?;
        self.left.set(left);
        let weight = weight::of_parts(texts.iter().map(|text| text.as_bytes()), bytes);
        Ok(self.share.referred(bytes, weight)?)
    }
}

impl AnswerStore for Lookup<'_> {
    fn item(&self, id: &str) -> Option<Json> {
        self.counted(vec![self.conversations.text_of(id)?])?.pop()
    }

    fn conversation(&self, response_id: &str) -> Option<Vec<Json>> {
        self.counted(self.conversations.texts_of(response_id)?)
    }
}

impl Default for Conversations {
    fn default() -> Self {
        Self(Mutex::new(Cache::new(MAX_ENTRIES, MAX_BYTES)))
    }
}

/// Keeps one answer while it is sent: each item before the client reads that it is complete.
#[derive(Clone)]
pub struct TurnKeeper {
    conversations: Arc<Conversations>,
    said: Arc<Continuation>,
    answer_id: String,
    /// The ids of the items kept so far.
    items: Vec<String>,
}

impl TurnKeeper {
    pub const fn new(conversations: Arc<Conversations>, said: Arc<Continuation>, answer_id: String) -> Self {
        Self { conversations, said, answer_id, items: Vec::new() }
    }

    /// Takes the items that are complete; those it has kept already are skipped.
    pub fn given(&mut self, output: &[Value]) {
        for item in &output[self.items.len().min(output.len())..] {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            self.conversations.put_item(id.clone(), item);
            self.items.push(id);
        }
    }

    /// The answer is complete.
    pub fn ended(&mut self) {
        if self.said.is_stored {
            let output = std::mem::take(&mut self.items);
            self.conversations.put_turn(self.answer_id.clone(), &self.said, output);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::Budget;

    fn share() -> Share {
        Budget::new(64 << 20).open(1 << 20)
    }

    /// One turn after `previous`, answered with one item.
    fn answer(conversations: &Arc<Conversations>, previous: Option<&str>, name: &str, is_stored: bool) {
        let input = vec![json!(format!("asks {name}")).to_string().into()];
        let said = Continuation { previous: previous.map(str::to_owned), input, is_stored };
        let id = format!("resp_{name}");
        let mut keeper = TurnKeeper::new(Arc::clone(conversations), Arc::new(said), id);
        let item = json!({"id": format!("msg_{name}")});
        keeper.given(std::slice::from_ref(&item));
        keeper.given(&[item]);
        keeper.ended();
    }

    #[test]
    fn a_conversation_is_told_from_its_start() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", true);
        answer(&conversations, Some("resp_a"), "b", true);
        answer(&conversations, Some("resp_a"), "c", true);
        let told = [json!("asks a"), json!({"id": "msg_a"}), json!("asks c"), json!({"id": "msg_c"})];
        let told = told.iter().map(|item| Json::from(item.to_string())).collect();
        let share = share();
        let known = conversations.within(&share, usize::MAX);
        assert_eq!(known.conversation("resp_c"), Some(told));
        assert_eq!(known.conversation("msg_a"), None, "an item is not an answer");
        assert_eq!(known.item("resp_a"), None, "an answer is not an item");
        assert!(known.error().is_none());
    }

    #[test]
    fn what_is_referred_to_often_takes_the_place_of_one() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "victim", true);
        let text = Json::from("x".repeat(1 << 20));
        let said = Continuation { previous: None, input: vec![text; 200], is_stored: true };
        let mut keeper = TurnKeeper::new(Arc::clone(&conversations), Arc::new(said), "resp_crowd".to_owned());
        keeper.ended();
        let share = share();
        assert!(conversations.within(&share, usize::MAX).conversation("resp_victim").is_some());
    }

    #[test]
    fn what_is_not_stored_is_known_by_its_items_only() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", false);
        let share = share();
        let known = conversations.within(&share, usize::MAX);
        assert_eq!(known.item("msg_a"), Some(Json::from(r#"{"id":"msg_a"}"#)));
        assert_eq!(known.conversation("resp_a"), None);
    }

    #[test]
    fn a_conversation_with_a_gap_is_not_known() {
        let conversations = Arc::<Conversations>::default();
        let share = share();
        let known = conversations.within(&share, usize::MAX);
        answer(&conversations, Some("resp_gone"), "b", true);
        assert_eq!(known.conversation("resp_b"), None);
        let crowd = MAX_ENTRIES.get() / 2;
        answer(&conversations, None, "a", true);
        (0..crowd).for_each(|number| answer(&conversations, None, &number.to_string(), true));
        assert_eq!(known.conversation("resp_a"), None);
        assert!(known.conversation(&format!("resp_{}", crowd - 1)).is_some());
    }

    #[test]
    fn what_is_referred_to_again_and_again_counts_each_time() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", true);
        let text = "x".repeat(400_000);
        conversations.put_item("msg_long".to_owned(), &json!({ "text": text }));
        let share = share();
        let known = conversations.within(&share, usize::MAX);
        assert!(known.item("msg_long").is_some() && known.item("msg_long").is_some());
        assert_eq!(known.item("msg_long"), None, "more than the body of a request may be");
        let Some(LookupError::Refused(error)) = known.error() else { panic!("refused") };
        assert_eq!(error.kind, ErrorKind::TooLarge);
    }

    #[test]
    fn what_is_too_much_for_a_serving_thread_is_not_counted_yet() {
        let conversations = Arc::<Conversations>::default();
        answer(&conversations, None, "a", true);
        let share = share();
        let here = conversations.within(&share, 3);
        assert_eq!(here.conversation("resp_a"), None);
        assert!(matches!(here.error(), Some(LookupError::TooLarge)));
        assert!(conversations.within(&share, usize::MAX).conversation("resp_a").is_some());
    }
}
