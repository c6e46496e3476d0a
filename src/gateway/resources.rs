//! What answering a call takes beside an account.

use std::sync::Arc;

use super::memory::Memory;
use super::off_thread::OffThread;
use super::share::Share;

pub struct Resources<'a> {
    pub memory: &'a Memory,
    pub off_thread: &'a OffThread,
    pub share: Arc<Share>,
}
