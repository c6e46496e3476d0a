//! The tray of Linux desktops: a `StatusNotifierItem` on a session's bus, as one task of the
//! agent's runtime. A host or a bus that hangs, dies or comes late holds up this task and
//! nothing else. When the bus is gone, the icon is made anew on the next one; when the agent
//! moves to another session, it is made anew there.
//!
//! `item` is the icon as a host sees it, `dbus_menu` the menu, `host` the search for a host.
//! The crates for this take the bus from the environment of the process, which names the
//! session it was started in and must not be changed.

mod appearance;
mod dbus_menu;
mod host;
mod item;
mod report;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;
use zbus::Connection;

use self::appearance::Appearance;
use self::dbus_menu::DbusMenu;
use self::host::Host;
use self::item::Item;
use self::report::Report;
use super::shell::{Seat, TrayShell};
use super::view::View;
use crate::control::{AgentHandle, IconState, Session};
use crate::desktop::autostart::Login;
use crate::desktop::{session, session_bus};

/// How often a missing bus is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A bus that accepts a connection and does not answer in this time counts as missing.
const BUS_LIMIT: Duration = Duration::from_secs(5);
/// How long background work may take after the agent has ended.
const END_LIMIT: Duration = Duration::from_millis(500);

/// Whether there is a desktop session to show an icon in. One that hangs counts.
pub fn is_possible(runtime: &Runtime) -> bool {
    let own = session::of_process();
    let connected = runtime.block_on(async { timeout(BUS_LIMIT, session_bus::connect(&own)).await });
    !matches!(connected, Ok(Err(_)))
}

/// Makes the shell that shows the agent in the tray.
pub struct ShellMaker {
    login: Login,
}

impl ShellMaker {
    /// Must be called on the runtime.
    pub fn shell(self, agent: &AgentHandle) -> TrayShell {
        let (shell, seat) = TrayShell::new(agent, self.login);
        tokio::spawn(show(seat));
        shell
    }
}

/// Runs the agent, and the tray beside it, until the agent ends. The bounds are those of the
/// other systems, where the agent runs on another thread than the tray.
pub fn run<F>(runtime: Runtime, login: Login, agent: impl FnOnce(ShellMaker) -> F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let outcome = runtime.block_on(agent(ShellMaker { login }));
    runtime.shutdown_timeout(END_LIMIT);
    outcome
}

async fn show(mut seat: Seat) {
    let mut session = seat.agent.session();
    let missed = AtomicBool::default();
    loop {
        let here = session.borrow_and_update().clone();
        tokio::select! {
            () = show_in(&here, &mut seat, &missed) => {}
            moved = session.changed() => match moved {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        Report::of(&seat.agent, &here).send(IconState::NoBus).await;
        tokio::select! {
            _ = session.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Shows one icon in this session, until its bus is gone. `missed`: whether it was logged
/// that there is no host.
async fn show_in(here: &Session, seat: &mut Seat, missed: &AtomicBool) {
    let shown = Appearance::of(&seat.views.borrow_and_update());
    let item = Item::new(shown.clone());
    let menu = DbusMenu::new(&shown.menu, seat.clicks.clone());
    let icon = match timeout(BUS_LIMIT, BusIcon::open(here, item.clone(), menu.clone())).await {
        Ok(Ok(icon)) => icon,
        Ok(Err(error)) => return tracing::debug!("no icon yet: {error}"),
        Err(_) => return tracing::debug!("no icon yet: the session bus does not answer"),
    };
    let host = Host { bus: icon.bus.clone(), name: icon.name.clone() };
    let report = Report::of(&seat.agent, here);
    tokio::select! {
        () = icon.bus.closed() => tracing::warn!("the session bus is gone; the icon comes back with it"),
        () = host.follow(missed, &report) => {}
        _ = follow_views(&mut seat.views, shown, &icon.bus, &item, &menu) => {}
    }
}

/// Shows each new view, and signals the changes to the hosts.
async fn follow_views(
    views: &mut tokio::sync::watch::Receiver<View>,
    mut shown: Appearance,
    bus: &Connection,
    item: &Item,
    menu: &DbusMenu,
) -> zbus::Result<()> {
    while views.changed().await.is_ok() {
        let next = Appearance::of(&views.borrow_and_update());
        if next != shown {
            item.show(bus, &next).await?;
            menu.show(bus, &next.menu).await?;
            shown = next;
        }
    }
    Ok(())
}

/// An icon and its menu on a bus; removed when this is dropped.
struct BusIcon {
    bus: Connection,
    name: String,
}

impl BusIcon {
    async fn open(session: &Session, item: Item, menu: DbusMenu) -> zbus::Result<Self> {
        /// A process may have several icons in succession, each with its own name.
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("org.kde.StatusNotifierItem-{}-{number}", std::process::id());
        let bus = session_bus::builder(session)
            .serve_at(item::PATH, item)
            .serve_at(dbus_menu::PATH, menu)
            .name(name.clone())
            .build()
            .await?;
        Ok(Self { bus, name })
    }
}

impl Drop for BusIcon {
    fn drop(&mut self) {
        tokio::spawn(timeout(BUS_LIMIT, self.bus.clone().close()));
    }
}
