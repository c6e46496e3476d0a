//! The bus of a Linux desktop session, and whether a tray host and a notification service are on
//! it.

use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::connection::Builder;

use crate::control::Session;

/// A service that does not answer in this time counts as absent.
const LIMIT: Duration = Duration::from_secs(2);
pub const TRAY_HOST: &str = "org.kde.StatusNotifierWatcher";
pub const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
pub const NOTIFICATIONS_PATH: &str = "/org/freedesktop/Notifications";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desktop {
    pub has_tray_host: bool,
    /// What the notification service can do; `None` when there is none that answers.
    pub notifications: Option<Vec<String>>,
}

/// The address of a session's bus.
pub fn address(session: &Session) -> String {
    if let Some(address) = session.bus() {
        return address.to_owned();
    }
    match session.runtime_directory() {
        Some(directory) => format!("unix:path={directory}/bus"),
        None => format!("unix:path=/run/user/{}/bus", rustix::process::geteuid().as_raw()),
    }
}

/// A connection builder, to which more can be added before it is opened.
pub fn builder(session: &Session) -> Builder<'static> {
    Builder::address(address(session).as_str())
}

/// Fails when there is none; never returns when the bus hangs.
pub async fn connect(session: &Session) -> zbus::Result<Connection> {
    builder(session).build().await
}

/// `None`: there is no session bus.
pub async fn look(session: &Session) -> Option<Desktop> {
    let connection = timeout(LIMIT, connect(session)).await.ok()?.ok()?;
    let (has_tray_host, notifications) =
        tokio::join!(async { timeout(LIMIT, has_owner(&connection)).await.unwrap_or(false) }, async {
            timeout(LIMIT, capabilities(&connection)).await.ok()?
        },);
    Some(Desktop { has_tray_host, notifications })
}

async fn has_owner(connection: &Connection) -> bool {
    let (bus, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
    let reply = connection.call_method(Some(bus), path, Some(bus), "NameHasOwner", &(TRAY_HOST,)).await;
    reply.ok().and_then(|reply| reply.body().deserialize().ok()).unwrap_or(false)
}

/// Asking starts a service that starts on demand.
async fn capabilities(connection: &Connection) -> Option<Vec<String>> {
    let to = (Some(NOTIFICATIONS), NOTIFICATIONS_PATH, Some(NOTIFICATIONS));
    let reply = connection.call_method(to.0, to.1, to.2, "GetCapabilities", &()).await;
    reply.ok()?.body().deserialize().ok()
}
