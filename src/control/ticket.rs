//! Tickets to the dashboard. Whoever opens a page in a browser writes its address into a
//! process list, where every user of the computer can read it. A ticket in it stands for
//! the launch's token for a moment; the page gives it back for the token itself, and from
//! then on it is worth nothing.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A browser that is not running yet may take this long to show a page.
const VALID: Duration = Duration::from_mins(1);
/// More are not opened at once; the oldest gives way.
const MOST: usize = 8;

#[derive(Debug, Default)]
pub struct Tickets {
    issued: Mutex<Vec<Ticket>>,
}

#[derive(Debug)]
struct Ticket {
    text: String,
    issued: Instant,
}

impl Tickets {
    /// The dashboard's address with a new ticket where the token stands. Fails when the
    /// system has no randomness to give.
    pub fn address(&self, dashboard_url: &str) -> Result<String, getrandom::Error> {
        let page = dashboard_url.split('#').next().unwrap_or_default();
        let text = new_token()?;
        let address = format!("{page}#{text}");
        let mut issued = self.lock();
        if issued.len() >= MOST {
            issued.remove(0);
        }
        issued.push(Ticket { text, issued: Instant::now() });
        Ok(address)
    }

    pub fn is_good(&self, presented: &[u8]) -> bool {
        self.lock().iter().any(|ticket| ticket.is(presented))
    }

    /// It has done its work.
    pub fn void(&self, presented: &[u8]) {
        self.lock().retain(|ticket| !ticket.is(presented));
    }

    /// Those that are good still.
    fn lock(&self) -> MutexGuard<'_, Vec<Ticket>> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|ticket| ticket.issued.elapsed() < VALID);
        issued
    }
}

impl Ticket {
    fn is(&self, presented: &[u8]) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.text.as_bytes(), presented).into()
    }
}

/// What nobody can guess: the token of a launch, or a ticket that stands for it.
pub fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_until_it_is_given_back() {
        let tickets = Tickets::default();
        let ticket = |address: String| {
            address.split_once('#').map(|(page, ticket)| (page.to_owned(), ticket.to_owned()))
        };
        let issue =
            || ticket(tickets.address("http://127.0.0.1:8046/#token").expect("random")).expect("a fragment");
        let (page, first) = issue();
        assert_eq!(page, "http://127.0.0.1:8046/");
        let (_, second) = issue();
        assert!(tickets.is_good(first.as_bytes()) && tickets.is_good(second.as_bytes()));
        assert!(!tickets.is_good(b"token") && !tickets.is_good(b""));
        tickets.void(first.as_bytes());
        assert!(!tickets.is_good(first.as_bytes()) && tickets.is_good(second.as_bytes()));
        (0..MOST).for_each(|_| drop(issue()));
        assert!(!tickets.is_good(second.as_bytes()), "the oldest gives way");
    }
}
