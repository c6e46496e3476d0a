//! Who is let into the control plane, and with what. Three secrets, each worth less than
//! the one before:
//!
//! - the *launch token* stands in a private file: for the user's own commands;
//! - a *session* is one page's own, in the memory of its tab: for what a page can do;
//! - a *ticket* is good for one exchange, once, for a minute: for a session. A browser is
//!   started with it, so others may come to read it.
//!
//! Whoever comes with a ticket that was exchanged before shows that two have it, and nobody
//! can tell which of them is the user: the session that the first one got ends.

use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tempfile::TempPath;
use tokio::sync::watch;

/// A browser that is not running yet may take this long to show a page.
pub const VALID: Duration = Duration::from_mins(1);
/// More tickets are not good at once; the oldest gives way.
const MOST_TICKETS: usize = 8;
/// More pages are not let in at once; the one that has been quiet for longest gives way.
const MOST_SESSIONS: usize = 32;

pub struct Admission {
    /// The dashboard's, which opens nothing by itself: `http://127.0.0.1:8046/`.
    pub address: String,
    token: String,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    tickets: Vec<Ticket>,
    /// Those that were used last stand last.
    sessions: Vec<Session>,
}

struct Ticket {
    text: String,
    issued: Instant,
    /// The file that leads a browser in with it; removed together with the ticket.
    page: Option<TempPath>,
}

struct Session {
    token: String,
    /// What was given for it.
    ticket: Option<String>,
    /// Whoever waits for the end of the session sees this go.
    _life: watch::Sender<()>,
    end: End,
}

/// Who makes a call.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A process of the user's own.
    Launch,
    /// A page, for as long as its session lasts.
    Page(End),
}

/// The end of a session.
#[derive(Clone, Debug)]
pub struct End(watch::Receiver<()>);

/// What comes of presenting a ticket.
#[derive(Clone, PartialEq, Eq)]
pub enum Exchange {
    /// The token of a new session.
    Session(String),
    /// It was exchanged before; what it was exchanged for has ended.
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

    /// Takes a ticket, or the launch token, for a new session: whoever comes second with
    /// the same ticket, however soon, is second. Fails when the system has no randomness.
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

    /// `None`: a stranger. Whoever has but a ticket is one, except to `exchange`.
    pub fn caller(&self, presented: &[u8]) -> Option<Caller> {
        if is(&self.token, presented) {
            return Some(Caller::Launch);
        }
        self.book().session(presented).map(Caller::Page)
    }

    /// Ends a session that nobody knows of.
    pub fn end(&self, session: &str) {
        self.book().sessions.retain(|known| !is(&known.token, session.as_bytes()));
    }

    /// Removes tickets, and their files, that are good no more.
    pub fn sweep(&self) {
        drop(self.book());
    }

    /// With those tickets that are good still.
    fn book(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.tickets.retain(|ticket| ticket.issued.elapsed() < VALID);
        book
    }
}

/// Says nothing of what it keeps.
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

/// What nobody can guess: 256 random bits in hexadecimal.
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
    async fn who_comes_second_ends_what_the_first_one_got() {
        let admission = admission();
        let ticket = ticket(&admission);
        let (token, other) = (session(&admission, &ticket), session(&admission, "launch"));
        let Some(Caller::Page(end)) = admission.caller(token.as_bytes()) else { panic!("let in") };
        assert!(admission.exchange(ticket.as_bytes()) == Ok(Exchange::UsedBefore));
        end.wait().await;
        assert!(!is_let_in(&admission, &token) && is_let_in(&admission, &other));
        assert!(admission.exchange(ticket.as_bytes()) == Ok(Exchange::Unknown), "told once");
    }

    #[test]
    fn a_crowd_with_one_ticket_gets_one_session() {
        let admission = admission();
        let ticket = ticket(&admission);
        let got = std::thread::scope(|threads| {
            let come = || admission.exchange(ticket.as_bytes());
            let crowd: Vec<_> = (0..30).map(|_| threads.spawn(come)).collect();
            let got = crowd.into_iter().map(|one| one.join().expect("it came").expect("random"));
            got.filter(|got| matches!(got, Exchange::Session(_))).count()
        });
        assert_eq!(got, 1);
    }

    #[test]
    fn the_oldest_ticket_and_the_quietest_session_give_way() {
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
    fn a_page_is_removed_when_its_ticket_is_taken_or_gives_way() {
        let admission = admission();
        let page = |address: &str| {
            let page = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
            let path = page.to_path_buf();
            admission.keep(address, page);
            path
        };
        let taken = admission.ticket().expect("random");
        let given_way = admission.ticket().expect("random");
        let (taken_page, other_page) = (page(&taken), page(&given_way));
        session(&admission, taken.rsplit('#').next().expect("a ticket"));
        assert!(!taken_page.exists() && other_page.exists());
        (0..MOST_TICKETS).for_each(|_| drop(admission.ticket()));
        assert!(!other_page.exists());
        assert!(!page("http://127.0.0.1:8046/#unknown").exists());
    }
}
