//! The clipboard of the user's desktop: `worker` serves the session that this process was started
//! in, `elsewhere` any other.

mod elsewhere;
mod worker;

pub use self::elsewhere::{hold, is_holder};
pub use self::worker::{ClipboardError, Secrecy};

use super::session;
use crate::control::Session;

/// Puts a text on the clipboard of that session, where it stays while this process lives.
/// Blocks briefly; the time is bounded.
pub fn copy(session: &Session, text: String, secrecy: Secrecy) -> Result<(), ClipboardError> {
    if !has_display(session) {
        return Err(ClipboardError::NoSession);
    }
    if !session.shares_clipboard(&session::of_process()) {
        return elsewhere::copy(session, &text, secrecy);
    }
    worker::copy(text, secrecy)
}

#[cfg(target_os = "linux")]
fn has_display(session: &Session) -> bool {
    session.has_display()
}

#[cfg(not(target_os = "linux"))]
const fn has_display(_: &Session) -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_it_says_so_at_once() {
        let nowhere = Session::default();
        assert_eq!(copy(&nowhere, "text".to_owned(), Secrecy::Open), Err(ClipboardError::NoSession));
    }
}
