//! The bus of a Linux desktop session, and what is there on it: somebody who shows icons,
//! and somebody who shows notifications.

use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::connection::Builder;

use crate::control::Session;

/// Whoever does not answer in this time is as good as not there.
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

/// Where a session's bus is.
pub fn address(session: &Session) -> String {
    if let Some(address) = session.bus() {
        return address.to_owned();
    }
    match session.runtime_directory() {
        Some(directory) => format!("unix:path={directory}/bus"),
        None => format!("unix:path=/run/user/{}/bus", rustix::process::geteuid().as_raw()),
    }
}

/// A way to it, on which more can be put before it is opened.
pub fn builder(session: &Session) -> Builder<'static> {
    Builder::address(address(session).as_str())
}

/// Fails where there is none; may take for ever where one hangs.
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
