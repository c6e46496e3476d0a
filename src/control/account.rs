//! An account as every surface shows it, and the words for its state.

use serde::{Deserialize, Serialize};

use crate::language::{Language, Message};
use crate::text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountStatus {
    pub name: String,
    pub provider: String,
    pub state: AccountState,
    /// Why it is in this state, where there is a reason.
    pub reason: Option<Message>,
    /// What would help, where neither waiting nor another key would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Message>,
    /// When a cooling account is tried again, in seconds since 1970.
    pub cooling_until_unix_secs: Option<u64>,
    /// Its credit is used up: adding credit is the cure.
    #[serde(default)]
    pub is_out_of_credit: bool,
    /// As configured; empty: the models its provider owns.
    pub models: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountState {
    Ready,
    /// Resting after a failure, until a known time.
    Cooling,
    /// Its credential was refused.
    Disabled,
    /// Switched off in the config file.
    Off,
    /// Its key cannot be had.
    Unusable,
}

impl AccountState {
    /// `ready`, `cooling until 14:05`. `until`: when a cooling account is tried again.
    pub fn text(self, language: Language, until: &str) -> String {
        match self {
            Self::Ready => text!(language, "account-ready"),
            Self::Cooling => text!(language, "account-cooling", until = until),
            Self::Disabled => text!(language, "account-disabled"),
            Self::Off => text!(language, "account-off"),
            Self::Unusable => text!(language, "account-unusable"),
        }
    }

    /// Whether the account can answer, now or after its rest.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Ready | Self::Cooling)
    }
}

impl AccountStatus {
    /// The same with its texts in one language.
    #[must_use]
    pub fn worded(&self, language: Language) -> Self {
        let worded = |text: &Option<Message>| text.as_ref().map(|text| text.worded(language));
        Self { reason: worded(&self.reason), fix: worded(&self.fix), ..self.clone() }
    }

    /// Name and state for a menu: `work — cooling until 14:05`, or the name alone where the
    /// check mark says the rest.
    pub fn label(&self, language: Language, until: &str) -> String {
        let name = self.name.as_str();
        let reason = self.reason.as_ref().map(|reason| reason.text(language)).unwrap_or_default();
        match self.state {
            AccountState::Ready | AccountState::Off => name.to_owned(),
            AccountState::Cooling => text!(language, "tray-account-cooling", name = name, time = until),
            AccountState::Disabled => text!(language, "tray-account-disabled", name = name, reason = reason),
            AccountState::Unusable => text!(language, "tray-account-unusable", name = name, reason = reason),
        }
    }
}
