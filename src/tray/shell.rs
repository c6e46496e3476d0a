//! The agent's side of the tray. It only passes values on: views go out, clicks come in, and
//! nothing here waits for the desktop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::surroundings;
use super::view::View;
use crate::control::{AgentHandle, Command, CommandError, Notice, Session, Shell, Status};
use crate::desktop::autostart::Login;
use crate::desktop::notify::Notifier;
use crate::language::Language;

/// How long the menu shows why a click was refused.
const REFUSAL_STAYS: Duration = Duration::from_mins(1);

pub struct TrayShell {
    views: Arc<watch::Sender<View>>,
    notices: Notices,
    login: Arc<Login>,
}

/// The tray's side: it shows the views and sends the clicks.
pub struct Seat {
    pub views: watch::Receiver<View>,
    pub clicks: mpsc::UnboundedSender<Command>,
    pub agent: AgentHandle,
}

impl TrayShell {
    /// Must be called on the runtime.
    pub fn new(agent: &AgentHandle, login: Login) -> (Self, Seat) {
        let login = Arc::new(login);
        let (views, seen) = watch::channel(View::of(agent.status(), surroundings::unknown()));
        let views = Arc::new(views);
        let (clicks, clicked) = mpsc::unbounded_channel();
        let notices = Notices::new(agent.session(), clicks.clone());
        tokio::spawn(carry_out(
            agent.clone(),
            clicked,
            Arc::clone(&views),
            notices.clone(),
            Arc::clone(&login),
        ));
        tokio::spawn(surroundings::follow(Arc::clone(&views), Arc::clone(&login)));
        let seat = Seat { views: seen, clicks, agent: agent.clone() };
        (Self { views, notices, login }, seat)
    }
}

impl Shell for TrayShell {
    fn show(&mut self, status: &Status) {
        self.notices.notifier.show(status);
        self.views.send_modify(|view| view.status.clone_from(status));
    }

    fn notify(&mut self, notice: &Notice) {
        self.notices.show(notice, self.views.borrow().status.language);
    }

    fn look_around(&mut self) {
        let (views, login) = (Arc::clone(&self.views), Arc::clone(&self.login));
        tokio::spawn(async move { surroundings::look(&views, &login).await });
    }

    fn has_icon(&self) -> bool {
        true
    }
}

/// The desktop's notifications. A pressed button is a click like any other.
#[derive(Clone)]
struct Notices {
    notifier: Notifier,
    shown: Arc<AtomicUsize>,
}

impl Notices {
    fn new(session: watch::Receiver<Session>, clicks: mpsc::UnboundedSender<Command>) -> Self {
        let notifier = Notifier::new(session, move |command| {
            let _ = clicks.send(command);
        });
        Self { notifier, shown: Arc::default() }
    }

    fn show(&self, notice: &Notice, language: Language) {
        self.shown.fetch_add(1, Ordering::Relaxed);
        self.notifier.notify(notice, language);
    }

    fn count(&self) -> usize {
        self.shown.load(Ordering::Relaxed)
    }
}

/// Carries out clicks one after another. A refused click ends in a line of the menu and a
/// notice, unless its cause has brought a notice of its own.
async fn carry_out(
    agent: AgentHandle,
    mut clicked: mpsc::UnboundedReceiver<Command>,
    views: Arc<watch::Sender<View>>,
    notices: Notices,
    login: Arc<Login>,
) {
    while let Some(command) = next(&mut clicked, &views).await {
        let noticed = notices.count();
        let opens_browser = command == Command::OpenDashboard;
        let refusal = match agent.ask(command).await {
            Ok(_) => None,
            Err(CommandError::Gone) => return,
            Err(CommandError::Failed(reason)) => Some(reason),
        };
        if let Some(reason) = &refusal {
            tracing::warn!("a click could not be carried out: {reason}");
            let (wanted, language) = {
                let status = &views.borrow().status;
                (status.notifications, status.language)
            };
            if wanted && notices.count() == noticed {
                let reason = reason.clone();
                let notice =
                    if opens_browser { Notice::NoBrowser { reason } } else { Notice::Refused { reason } };
                notices.show(&notice, language);
            }
        }
        views.send_modify(|view| {
            view.has_no_browser = opens_browser && refusal.is_some();
            view.refusal = refusal;
        });
        surroundings::look(&views, &login).await;
    }
}

/// The next click. A refusal leaves the menu after a while even without one.
async fn next(
    clicked: &mut mpsc::UnboundedReceiver<Command>,
    views: &watch::Sender<View>,
) -> Option<Command> {
    if views.borrow().refusal.is_none() {
        return clicked.recv().await;
    }
    if let Ok(command) = timeout(REFUSAL_STAYS, clicked.recv()).await {
        return command;
    }
    views.send_modify(|view| {
        view.has_no_browser = false;
        view.refusal = None;
    });
    clicked.recv().await
}
