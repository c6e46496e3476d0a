//! Changes to the file that keep the rest of it as it was: comments, order, empty lines,
//! line ends. A change that would break the file is refused, and a write is all or nothing.

mod account;
mod change;
mod error;
mod price;
mod reach;
mod settings;
pub mod table;

pub use account::{
    NewAccount, add_account, add_account_as, place_account, remove_account, secret, set_account,
    set_account_enabled, set_account_keys, set_account_keys_as,
};
pub use change::as_saved_before;
pub use error::EditError;
pub use price::{NewPrice, remove_price, set_price};
pub use reach::Editor;
pub use settings::{remove_model, rotate_api_key, set, set_all_as, set_api_key, set_model, unset};

#[cfg(test)]
mod tests;
