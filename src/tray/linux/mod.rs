//! The tray of Linux desktops: a `StatusNotifierItem` on a session's bus, as one task of the
//! agent's runtime. Hosts and buses that hang, die or come late hold up this task and
//! nothing else; when the bus goes, the icon is made anew on the next one, and when another
//! session asks for it, there.
//!
//! `item` is what a host sees of the icon, `dbus_menu` what it sees of the menu, `host`
//! whether there is one. The crates for this take the bus from the environment of the
//! process, which names the session it was started in, and is not to be changed.

mod dbus_menu;
mod host;
mod item;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use zbus::Connection;

use self::dbus_menu::DbusMenu;
use self::host::Host;
use self::item::Item;
use super::icon::Icon;
use super::menu::{self, Headline};
use super::shell::{Seat, TrayShell};
use super::view::View;
use crate::control::{AgentHandle, Command, IconState, IconStatus, Session};
use crate::desktop::autostart::Login;
use crate::desktop::{session, session_bus};

/// How often a bus that is gone is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A bus that accepts and does not answer is no better than none.
const BUS_LIMIT: Duration = Duration::from_secs(5);
/// What is still to be done when the agent has ended may take so long.
const END_LIMIT: Duration = Duration::from_millis(500);

/// Whether there is a desktop session to show an icon in, if perhaps one that hangs.
pub fn is_possible(runtime: &Runtime) -> bool {
    let own = session::of_process();
    let connected = runtime.block_on(async { timeout(BUS_LIMIT, session_bus::connect(&own)).await });
    !matches!(connected, Ok(Err(_)))
}

/// Runs the agent, and the tray beside it, until the agent ends. The bounds are those of the
/// other systems, where the agent needs another thread than the tray: so it fits there, too.
pub fn run<F>(
    runtime: Runtime,
    login: Login,
    agent: impl FnOnce(Box<dyn FnOnce(&AgentHandle) -> TrayShell + Send>) -> F,
) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shell = |agent: &AgentHandle| {
        let (shell, seat) = TrayShell::new(agent, login);
        tokio::spawn(show(seat));
        shell
    };
    let ended = runtime.block_on(agent(Box::new(shell)));
    runtime.shutdown_timeout(END_LIMIT);
    ended
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
        Report::of(&seat.agent, &here).tell(IconState::NoBus).await;
        tokio::select! {
            _ = session.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// One icon in this session, for as long as its bus is there. It is taken off when this ends.
/// `missed`: it was said that there is no host.
async fn show_in(here: &Session, seat: &mut Seat, missed: &AtomicBool) {
    let shown = Shown::of(&seat.views.borrow_and_update());
    let item = Item::new(shown.clone());
    let menu = DbusMenu::new(&shown.menu, seat.clicks.clone());
    let icon = match timeout(BUS_LIMIT, Icons::open(here, item.clone(), menu.clone())).await {
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

/// What is to be seen changes, and the hosts are told.
async fn follow_views(
    views: &mut tokio::sync::watch::Receiver<View>,
    mut shown: Shown,
    bus: &Connection,
    item: &Item,
    menu: &DbusMenu,
) -> zbus::Result<()> {
    while views.changed().await.is_ok() {
        let next = Shown::of(&views.borrow_and_update());
        if next != shown {
            item.show(bus, &next).await?;
            menu.show(bus, &next.menu).await?;
            shown = next;
        }
    }
    Ok(())
}

/// Says what becomes of the icon.
struct Report {
    agent: AgentHandle,
    bus: String,
}

impl Report {
    fn of(agent: &AgentHandle, here: &Session) -> Self {
        Self { agent: agent.clone(), bus: session_bus::address(here) }
    }

    async fn tell(&self, state: IconState) {
        let icon = IconStatus { state, bus: self.bus.clone() };
        let _ = self.agent.ask(Command::IconIs(icon)).await;
    }
}

/// An icon and its menu on a bus. Dropping it takes them off.
struct Icons {
    bus: Connection,
    name: String,
}

impl Icons {
    async fn open(session: &Session, item: Item, menu: DbusMenu) -> zbus::Result<Self> {
        /// A process may have one after another, each under a name of its own.
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

impl Drop for Icons {
    fn drop(&mut self) {
        tokio::spawn(timeout(BUS_LIMIT, self.bus.clone().close()));
    }
}

/// Everything a host can see.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    icon: Icon,
    headline: Headline,
    menu: Arc<Vec<menu::Item>>,
}

impl Shown {
    fn of(view: &View) -> Self {
        Self {
            icon: Icon::of(view.status.state),
            headline: menu::headline(&view.status),
            menu: Arc::new(menu::menu(view, &TimeZone::system())),
        }
    }
}
