//! What translated answers leave behind for later requests.

use std::sync::Arc;

use super::conversations::Conversations;
use super::signatures::Signatures;

/// Clones share their contents.
#[derive(Clone, Default)]
pub struct Memory {
    pub conversations: Arc<Conversations>,
    pub signatures: Arc<Signatures>,
}
