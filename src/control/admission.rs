//! Admission to the control plane, with one of three secrets. Each is worth less than the
//! one before:
//!
//! - the *launch token* is in a private file, for the user's own commands;
//! - a *session token* is in the memory of one tab, for what a page may do;
//! - a *ticket* is good for one exchange within a minute, for a session token. A browser is
//!   started with it, so other programs may read it.
//!
//! A ticket that is presented a second time is known to two callers, and either may be the
//! user: the session that the first one got ends.

use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use subtle::ConstantTimeEq;
use tempfile::TempPath;
use tokio::sync::watch;

/// How long a ticket is good: a browser that is not running yet may take this long to show a
/// page.
pub const VALID: Duration = Duration::from_mins(1);
/// At most this many tickets are good at once; a further one replaces the oldest.
const MOST_TICKETS: usize = 8;
/// At most this many sessions last at once; a further one replaces the one that has been
/// quiet for longest.
const MOST_SESSIONS: usize = 32;

pub struct Admission {
    /// The dashboard's address, which opens nothing by itself: `http://127.0.0.1:8046/`.
    pub address: String,
    token: String,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    tickets: Vec<Ticket>,
    /// The most recently used are last.
    sessions: Vec<Session>,
}

struct Ticket {
    text: String,
    issued: Instant,
    /// The file that leads a browser in with this ticket; removed together with it.
    page: Option<TempPath>,
}

struct Session {
    token: String,
    /// The ticket it was exchanged for; `None`: the launch token.
    ticket: Option<String>,
    /// Dropped with the session, which wakes those that wait for its [`End`].
    _life: watch::Sender<()>,
    end: End,
}

/// The sender of a call.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A process of the user, with the launch token.
    Launch,
    /// A page, for as long as its session lasts.
    Page(End),
}

/// The end of a session.
#[derive(Clone, Debug)]
pub struct End(watch::Receiver<()>);

/// The outcome of presenting a ticket.
#[derive(Clone, PartialEq, Eq)]
pub enum Exchange {
    /// The token of a new session.
    Session(String),
    /// The ticket was exchanged before; the session it was exchanged for has ended.
    UsedBefore,
    Unknown,
}

impl Admission {
    pub const fn new(address: String, token: String) -> Self {
        let book = Book { tickets: Vec::new(), sessions: Vec::new() };
        Self { address, token, book: Mutex::new(book) }
    }

    /// The dashboard's address with a new ticket. Fails when the system has no randomness.
    pub fn ticket(&self) -> Result<String, getrandom::Error> {
        let text = new_token()?;
        let address = format!("{}#{text}", self.address);
        let mut book = self.book();
        if book.tickets.len() >= MOST_TICKETS {
            book.tickets.remove(0);
        }
        book.tickets.push(Ticket { text, issued: Instant::now(), page: None });
        Ok(address)
    }

    /// Keeps the file that leads to an address for as long as the address is good.
    pub fn keep(&self, address: &str, page: TempPath) {
        let text = address.rsplit('#').next().unwrap_or_default();
        let mut book = self.book();
        if let Some(ticket) = book.tickets.iter_mut().find(|ticket| is(&ticket.text, text.as_bytes())) {
            ticket.page = Some(page);
        }
    }

    /// Exchanges a ticket, or the launch token, for a new session. Of two callers with the
    /// same ticket, however close, exactly one gets it. Fails when the system has no
    /// randomness.
    pub fn exchange(&self, presented: &[u8]) -> Result<Exchange, getrandom::Error> {
        let token = new_token()?;
        let mut book = self.book();
        let ticket = if is(&self.token, presented) {
            None
        } else if let Some(ticket) = book.take_ticket(presented) {
            Some(ticket.text)
        } else if book.end_session_got_with(presented) {
            return Ok(Exchange::UsedBefore);
        } else {
            return Ok(Exchange::Unknown);
        };
        book.admit(Session::new(token.clone(), ticket));
        Ok(Exchange::Session(token))
    }

    /// The caller with this token. `None` for anything else, a ticket included: that is good
    /// for `exchange` only.
    pub fn caller(&self, presented: &[u8]) -> Option<Caller> {
        if is(&self.token, presented) {
            return Some(Caller::Launch);
        }
        self.book().session(presented).map(Caller::Page)
    }

    /// Ends a session whose token did not reach its page.
    pub fn end(&self, session: &str) {
        self.book().sessions.retain(|known| !is(&known.token, session.as_bytes()));
    }

    /// Removes the tickets that are no longer good, and their files.
    pub fn sweep(&self) {
        drop(self.book());
    }

    /// The book, without tickets that are no longer good.
    fn book(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock();
        book.tickets.retain(|ticket| ticket.issued.elapsed() < VALID);
        book
    }
}

/// Shows no secret.
impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Book {
    fn take_ticket(&mut self, presented: &[u8]) -> Option<Ticket> {
        let at = self.tickets.iter().position(|ticket| is(&ticket.text, presented))?;
        Some(self.tickets.remove(at))
    }

    fn admit(&mut self, session: Session) {
        if self.sessions.len() >= MOST_SESSIONS {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
    }

    fn session(&mut self, presented: &[u8]) -> Option<End> {
        let at = self.sessions.iter().position(|session| is(&session.token, presented))?;
        let session = self.sessions.remove(at);
        let end = session.end.clone();
        self.sessions.push(session);
        Some(end)
    }

    fn end_session_got_with(&mut self, presented: &[u8]) -> bool {
        let count = self.sessions.len();
        let was_given =
            |session: &Session| session.ticket.as_ref().is_some_and(|ticket| is(ticket, presented));
        self.sessions.retain(|session| !was_given(session));
        self.sessions.len() < count
    }
}

impl Session {
    fn new(token: String, ticket: Option<String>) -> Self {
        let (life, end) = watch::channel(());
        Self { token, ticket, _life: life, end: End(end) }
    }
}

impl End {
    /// Returns when the session has ended.
    pub async fn wait(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

fn is(secret: &str, presented: &[u8]) -> bool {
    secret.as_bytes().ct_eq(presented).into()
}

/// 256 random bits in hexadecimal. Fails when the system has no randomness.
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

    fn admission() -> Admission {
        Admission::new("http://127.0.0.1:8046/".to_owned(), "launch".to_owned())
    }

    fn ticket(admission: &Admission) -> String {
        let address = admission.ticket().expect("random");
        address.strip_prefix("http://127.0.0.1:8046/#").expect("a fragment").to_owned()
    }

    fn session(admission: &Admission, presented: &str) -> String {
        match admission.exchange(presented.as_bytes()) {
            Ok(Exchange::Session(token)) => token,
            _ => panic!("no session"),
        }
    }

    fn is_let_in(admission: &Admission, presented: &str) -> bool {
        admission.caller(presented.as_bytes()).is_some()
    }

    #[test]
    fn a_ticket_is_good_for_one_session_and_nothing_else() {
        let admission = admission();
        let (first, second) = (ticket(&admission), ticket(&admission));
        assert!(!is_let_in(&admission, &first), "a ticket is not a token");
        let token = session(&admission, &first);
        assert!(token != first && token != "launch" && token.len() == 64);
        assert!(matches!(admission.caller(token.as_bytes()), Some(Caller::Page(_))));
        assert!(matches!(admission.caller(b"launch"), Some(Caller::Launch)));
        assert!(!is_let_in(&admission, "") && !is_let_in(&admission, &first));
        for stranger in ["", "launc", &token] {
            assert!(admission.exchange(stranger.as_bytes()) == Ok(Exchange::Unknown), "{stranger}");
        }
        assert!(is_let_in(&admission, &session(&admission, &second)));
        assert!(is_let_in(&admission, &session(&admission, "launch")));
    }

    #[tokio::test]
    async fn a_second_exchange_of_a_ticket_ends_the_session_of_the_first() {
        let admission = admission();
        let ticket = ticket(&admission);
        let (token, other) = (session(&admission, &ticket), session(&admission, "launch"));
        let Some(Caller::Page(end)) = admission.caller(token.as_bytes()) else { panic!("let in") };
        assert!(admission.exchange(ticket.as_bytes()) == Ok(Exchange::UsedBefore));
        end.wait().await;
        assert!(!is_let_in(&admission, &token) && is_let_in(&admission, &other));
        assert!(admission.exchange(ticket.as_bytes()) == Ok(Exchange::Unknown), "reported once");
    }

    #[test]
    fn a_crowd_with_one_ticket_gets_one_session() {
        let admission = admission();
        let ticket = ticket(&admission);
        let got = std::thread::scope(|threads| {
            let exchange = || admission.exchange(ticket.as_bytes());
            let crowd: Vec<_> = (0..30).map(|_| threads.spawn(exchange)).collect();
            let got = crowd.into_iter().map(|one| one.join().expect("it ended").expect("random"));
            got.filter(|got| matches!(got, Exchange::Session(_))).count()
        });
        assert_eq!(got, 1);
    }

    #[test]
    fn a_further_one_replaces_the_oldest_ticket_and_the_quietest_session() {
        let admission = admission();
        let first = ticket(&admission);
        let tickets: Vec<_> = (0..MOST_TICKETS).map(|_| ticket(&admission)).collect();
        assert!(admission.exchange(first.as_bytes()) == Ok(Exchange::Unknown));
        let kept = session(&admission, &tickets[0]);
        let quiet = session(&admission, &tickets[1]);
        for _ in 2..MOST_SESSIONS {
            session(&admission, "launch");
        }
        assert!(is_let_in(&admission, &kept));
        session(&admission, "launch");
        assert!(is_let_in(&admission, &kept) && !is_let_in(&admission, &quiet));
    }

    #[test]
    fn a_page_is_removed_when_its_ticket_is_exchanged_or_replaced() {
        let admission = admission();
        let page = |address: &str| {
            let page = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
            let path = page.to_path_buf();
            admission.keep(address, page);
            path
        };
        let taken = admission.ticket().expect("random");
        let replaced = admission.ticket().expect("random");
        let (taken_page, other_page) = (page(&taken), page(&replaced));
        session(&admission, taken.rsplit('#').next().expect("a ticket"));
        assert!(!taken_page.exists() && other_page.exists());
        (0..MOST_TICKETS).for_each(|_| drop(admission.ticket()));
        assert!(!other_page.exists());
        assert!(!page("http://127.0.0.1:8046/#unknown").exists());
    }
}
