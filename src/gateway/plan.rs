//! What an account is sent for a call: the client's own words, or the same in its own.

use super::side::SideCall;
use super::translate::Translation;
use crate::chat::Dropped;

pub enum Plan {
    /// Both sides speak the same protocol.
    PassOn,
    /// A conversation, through the hub.
    Translate(Box<Translation>),
    Side(Box<SideCall>),
}

impl Plan {
    /// What the account cannot be told.
    pub fn dropped(&self) -> Option<&Dropped> {
        match self {
            Self::PassOn => None,
            Self::Translate(translation) => Some(&translation.dropped),
            Self::Side(call) => call.encoded.as_ref().map(|encoded| &encoded.dropped),
        }
    }

    pub fn into_translation(self) -> Option<Translation> {
        match self {
            Self::Translate(translation) => Some(*translation),
            Self::PassOn | Self::Side(_) => None,
        }
    }
}
