//! Work that would block a serving thread: done on other threads, a few at once, and only
//! while its client waits for it.
//!
//! ```text
//! queued ──a place is free──▶ under way ──▶ done
//!    └──────── the client has gone ───┴──▶ given up
//! ```
//!
//! Queued work whose client has gone never begins; work under way ends at its next
//! [`Asker::is_waiting`].

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::protocol::{ErrorKind, LocalError};

/// Bytes that a serving thread reads quickly enough …
const LARGE: usize = 1 << 20;
/// … and the weight of values that it does.
const LARGE_WEIGHT: usize = 4 << 20;

/// Whether this many bytes, or values of this weight, are too much for a serving thread.
pub const fn is_large(bytes: usize, weight: usize) -> bool {
    bytes > LARGE || weight > LARGE_WEIGHT
}

/// How long the work takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every byte is looked at.
    Brief,
    /// Everything is decoded and encoded.
    Long,
}

#[derive(Debug)]
pub struct OffThread {
    brief: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// Whether the client still waits for the result.
#[derive(Clone, Debug, Default)]
pub struct Asker(Arc<AtomicBool>);

impl Default for OffThread {
    /// Long work may use half of the cores, so that the other half serves.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, Into::into);
        Self::new((cores / 2).max(2))
    }
}

impl OffThread {
    fn new(places: usize) -> Self {
        Self { brief: Arc::new(Semaphore::new(4 * places)), long: Arc::new(Semaphore::new(places)) }
    }

    /// Waits for a free place, then for the work. Dropping the future gives the work up.
    pub async fn run<T, E>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Asker) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<LocalError> + Send + 'static,
    {
        let places = match kind {
            Kind::Brief => &self.brief,
            Kind::Long => &self.long,
        };
        let place = Arc::clone(places).acquire_owned().await.map_err(|_| given_up())?;
        let asker = Asker::default();
        let _gone_when_dropped = GoneOnDrop(asker.clone());
        let done = spawn_blocking(move || {
            let _place = place;
            asker.is_waiting()?;
            work(&asker)
        });
        done.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(given_up().into()),
        })
    }
}

impl Asker {
    /// Fails once the client has gone. Costs nothing; long work asks between its steps.
    pub fn is_waiting(&self) -> Result<(), LocalError> {
        if self.0.load(Ordering::Relaxed) { Err(given_up()) } else { Ok(()) }
    }
}

struct GoneOnDrop(Asker);

impl Drop for GoneOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Reaches a client only when the agent ends.
fn given_up() -> LocalError {
    LocalError::new(ErrorKind::Unavailable, "the agent is ending")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    type Outcome = Result<(), LocalError>;

    /// Work that waits for a message from the thread that asked for it.
    fn held(word: mpsc::Receiver<()>) -> impl FnOnce(&Asker) -> Outcome + Send {
        move |_| word.recv().map_err(|_| given_up())
    }

    #[tokio::test]
    async fn the_thread_that_asks_stays_free() {
        let off_thread = OffThread::new(1);
        let (say, word) = mpsc::channel();
        let work = off_thread.run(Kind::Long, held(word));
        let meanwhile = async { say.send(()).expect("it is waited for") };
        let (done, ()) = tokio::join!(work, meanwhile);
        assert_eq!(done, Ok(()));
    }

    #[tokio::test]
    async fn queued_work_never_begins_once_its_client_has_gone() {
        let off_thread = Arc::new(OffThread::new(1));
        let (say, word) = mpsc::channel();
        let (began, has_begun) = oneshot::channel();
        let first = tokio::spawn({
            let off_thread = Arc::clone(&off_thread);
            async move {
                let work = |asker: &Asker| {
                    let _ = began.send(());
                    held(word)(asker)
                };
                off_thread.run(Kind::Long, work).await
            }
        });
        has_begun.await.expect("the first has begun");
        let (begins, has_second_begun) = oneshot::channel::<()>();
        let mut second = Box::pin(off_thread.run(Kind::Long, move |_| {
            let _ = begins.send(());
            Outcome::Ok(())
        }));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(second);
        say.send(()).expect("it is waited for");
        assert_eq!(first.await.expect("no panic"), Ok(()));
        assert!(has_second_begun.await.is_err(), "it was dropped before it began");
        assert_eq!(off_thread.run(Kind::Long, |_| Outcome::Ok(())).await, Ok(()), "its place is free");
    }

    #[tokio::test]
    async fn work_under_way_learns_that_its_client_has_gone() {
        let off_thread = OffThread::new(1);
        let (say, word) = mpsc::channel();
        let (began, has_begun) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let mut work = Box::pin(off_thread.run(Kind::Long, move |asker| {
            let _ = began.send(());
            held(word)(asker)?;
            let _ = tell.send(asker.is_waiting());
            Outcome::Ok(())
        }));
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        has_begun.await.expect("it has begun");
        drop(work);
        say.send(()).expect("it is waited for");
        assert_eq!(told.await.expect("told"), Err(given_up()));
    }
}
