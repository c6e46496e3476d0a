//! Desktop notifications: a [`Notice`] becomes one, `throttle` keeps them few, and a button press
//! comes back as a [`Command`]. One task does all of it, and each notification has another,
//! because any call to a desktop may hang: the sender of a notice never waits.

mod content;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "native.rs")]
mod platform;
mod throttle;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::content::Content;
use self::throttle::{Subject, Throttle, is_over, subject};
use crate::control::{Command, Notice, Session, Status};
use crate::language::Language;

/// Receives the command of a pressed button.
type Commands = Arc<dyn Fn(Command) + Send + Sync>;

/// A handle to the task that shows notifications. It ends with the last clone.
#[derive(Clone, Debug)]
pub struct Notifier {
    messages: mpsc::UnboundedSender<Message>,
}

#[derive(Debug)]
enum Message {
    Notice(Notice, Language),
    Status(Box<Status>),
}

impl Notifier {
    /// Must be called on a tokio runtime.
    pub fn new(
        session: watch::Receiver<Session>,
        commands: impl Fn(Command) + Send + Sync + 'static,
    ) -> Self {
        let (messages, received) = mpsc::unbounded_channel();
        let desk = Desk {
            session,
            commands: Arc::new(commands),
            throttle: Throttle::default(),
            shown: HashMap::new(),
        };
        tokio::spawn(desk.run(received));
        Self { messages }
    }

    /// Returns at once, without waiting for the desktop.
    pub fn notify(&self, notice: &Notice, language: Language) {
        let _ = self.messages.send(Message::Notice(notice.clone(), language));
    }

    /// Withdraws notifications whose cause is gone.
    pub fn show(&self, status: &Status) {
        let _ = self.messages.send(Message::Status(Box::new(status.clone())));
    }
}

struct Desk {
    /// The session the user is in now.
    session: watch::Receiver<Session>,
    commands: Commands,
    throttle: Throttle,
    shown: HashMap<Subject, Shown>,
}

/// A notification that may still be on the screen.
struct Shown {
    notice: Notice,
    /// The desktop's id; 0 before it has answered.
    id: Arc<AtomicU32>,
    /// Sent, or dropped: withdraw it.
    gone: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Desk {
    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            match message {
                Message::Notice(notice, language) => self.take(notice, language),
                Message::Status(status) => self.settle(&status),
            }
        }
    }

    fn take(&mut self, notice: Notice, language: Language) {
        if !self.throttle.lets_through(&notice, Instant::now()) {
            return;
        }
        let subject = subject(&notice);
        let replaced = self.shown.remove(&subject).map_or(0, |old| {
            old.task.abort();
            old.id.load(Ordering::Relaxed)
        });
        let content = Content::of(&notice, language);
        let id = Arc::new(AtomicU32::new(replaced));
        let (gone, is_gone) = oneshot::channel();
        let session = self.session.borrow().clone();
        let task = tokio::spawn(show(session, content, Arc::clone(&id), is_gone, Arc::clone(&self.commands)));
        self.shown.insert(subject, Shown { notice, id, gone, task });
    }

    fn settle(&mut self, status: &Status) {
        self.throttle.forget(|notice| is_over(notice, status));
        for (_, shown) in self.shown.extract_if(|_, shown| is_over(&shown.notice, status)) {
            let _ = shown.gone.send(());
        }
    }
}

async fn show(
    session: Session,
    content: Content,
    id: Arc<AtomicU32>,
    is_gone: oneshot::Receiver<()>,
    commands: Commands,
) {
    let Some(pressed) = platform::show(&session, &content, &id, is_gone).await else { return };
    if let Some(command) = content.command(&pressed) {
        commands(command);
    }
}
