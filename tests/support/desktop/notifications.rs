//! A notification daemon that shows nothing and remembers everything.

use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, interface};

use super::PrivateBus;
use super::menu::Properties;
use crate::support::proxy::LIMIT;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// How it treats a program that notifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    Proper,
    /// It shows no buttons.
    WithoutActions,
    /// It takes a notification and never answers.
    Hangs,
    /// It leaves the bus as soon as it is asked.
    Crashes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: u32,
    /// 0: a new one.
    pub replaces: u32,
    pub summary: String,
    pub body: String,
    /// Key and label of each button.
    pub actions: Vec<(String, String)>,
    /// Milliseconds; -1: as the daemon likes, 0: until it is closed.
    pub timeout: i32,
}

pub struct NotificationDaemon {
    connection: Connection,
    shown: mpsc::UnboundedReceiver<Shown>,
    closed: mpsc::UnboundedReceiver<u32>,
}

impl NotificationDaemon {
    pub async fn start(bus: &PrivateBus) -> Self {
        Self::with(bus, Manners::Proper).await
    }

    pub async fn with(bus: &PrivateBus, manners: Manners) -> Self {
        let (shown_sender, shown) = mpsc::unbounded_channel();
        let (closed_sender, closed) = mpsc::unbounded_channel();
        let service = Service { manners, last: 0, shown: shown_sender, closed: closed_sender };
        let connection = bus.builder().serve_at(PATH, service).name(NAME).build().await.expect("a daemon");
        Self { connection, shown, closed }
    }

    /// The next notification.
    pub async fn next(&mut self) -> Shown {
        let shown = timeout(LIMIT, self.shown.recv()).await;
        shown.expect("a notification in time").expect("the daemon runs")
    }

    /// Notifications that arrived and were not looked at yet.
    pub fn waiting(&mut self) -> Vec<Shown> {
        std::iter::from_fn(|| self.shown.try_recv().ok()).collect()
    }

    /// The next notification that its sender withdraws.
    pub async fn next_closed(&mut self) -> u32 {
        timeout(LIMIT, self.closed.recv()).await.expect("closed in time").expect("the daemon runs")
    }

    /// The user presses a button.
    pub async fn press(&self, id: u32, action: &str) {
        let emitter = self.emitter();
        Service::action_invoked(&emitter, id, action).await.expect("sent");
        Service::notification_closed(&emitter, id, 2).await.expect("sent");
    }

    /// The user dismisses it.
    pub async fn dismiss(&self, id: u32) {
        Service::notification_closed(&self.emitter(), id, 2).await.expect("sent");
    }

    fn emitter(&self) -> SignalEmitter<'static> {
        SignalEmitter::new(&self.connection, PATH).expect("a path")
    }

    pub async fn stop(self) {
        self.connection.close().await.expect("closed");
    }
}

struct Service {
    manners: Manners,
    last: u32,
    shown: mpsc::UnboundedSender<Shown>,
    closed: mpsc::UnboundedSender<u32>,
}

#[expect(clippy::unused_self, reason = "the interface's methods have one")]
#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    async fn notify(
        &mut self,
        #[expect(unused)] app_name: String,
        replaces: u32,
        #[expect(unused)] icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        #[expect(unused)] hints: Properties,
        timeout: i32,
        #[zbus(connection)] connection: &Connection,
    ) -> u32 {
        let id = if replaces == 0 { self.last + 1 } else { replaces };
        self.last = self.last.max(id);
        let actions = actions.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let _ = self.shown.send(Shown { id, replaces, summary, body, actions, timeout });
        match self.manners {
            Manners::Hangs => std::future::pending().await,
            Manners::Crashes => {
                let _ = connection.clone().close().await;
            }
            Manners::Proper | Manners::WithoutActions => {}
        }
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        let _ = self.closed.send(id);
        let _ = Self::notification_closed(&emitter, id, 3).await;
    }

    fn get_capabilities(&self) -> Vec<String> {
        let actions = (self.manners != Manners::WithoutActions).then(|| "actions".to_owned());
        actions.into_iter().chain(["body".to_owned()]).collect()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let words = ["recorder", "tests", "1", "1.2"];
        words.map(str::to_owned).into()
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}
