//! A panel without a screen: it owns the watcher's name, and items register with it.

use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::message::Header;
use zbus::{Connection, interface};

use super::{PrivateBus, TrayItem};
use crate::support::proxy::LIMIT;

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";

pub struct TrayHost {
    connection: Connection,
    registrations: mpsc::UnboundedReceiver<Registration>,
}

struct Registration {
    service: String,
    sender: String,
}

impl TrayHost {
    pub async fn start(bus: &PrivateBus) -> Self {
        Self::with(bus, false).await
    }

    /// Takes registrations and never answers them.
    pub async fn hanging(bus: &PrivateBus) -> Self {
        Self::with(bus, true).await
    }

    async fn with(bus: &PrivateBus, hangs: bool) -> Self {
        let (registered, registrations) = mpsc::unbounded_channel();
        let watcher = Watcher { registered, hangs };
        let connection = bus.builder().serve_at(PATH, watcher).name(NAME).build().await.expect("a host");
        Self { connection, registrations }
    }

    /// The next item that registers.
    pub async fn item(&mut self) -> TrayItem {
        let Registration { service, sender } = self.registration().await;
        assert!(service.starts_with("org.kde.StatusNotifierItem-"), "{service}");
        TrayItem::follow(&self.connection, sender).await
    }

    /// The next registration, and nothing more.
    pub async fn is_asked(&mut self) {
        self.registration().await;
    }

    async fn registration(&mut self) -> Registration {
        let next = timeout(LIMIT, self.registrations.recv()).await;
        next.expect("an icon registers in time").expect("the host runs")
    }

    /// Leaves the bus, as a panel that is closed does.
    pub async fn stop(self) {
        self.connection.close().await.expect("closed");
    }
}

struct Watcher {
    registered: mpsc::UnboundedSender<Registration>,
    hangs: bool,
}

#[expect(clippy::unused_self, reason = "the interface's getters have one")]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(&self, service: String, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().expect("a sender").to_string();
        let _ = self.registered.send(Registration { service, sender });
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
