//! The tray of Linux desktops: a `StatusNotifierItem` on the session bus, as one task of
//! the agent's runtime. Hosts and buses that hang, die or come late hold up this task
//! and nothing else; when the bus goes, the icon is made anew on the next one.
//!
//! This is `ksni`, the backend `tray-icon` has here, without `tray-icon` around it: with
//! it the menu's reference counts are changed from two threads at once, a host that does
//! not answer blocks the thread that asks, and there is one picture for all panel sizes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{MenuItem, OfflineReason, ToolTip, TrayMethods};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;
use zbus::Connection;

use super::icon::{Icon, Pixels};
use super::menu::{self, Headline, Item};
use super::shell::{Seat, TrayShell};
use super::view::View;
use crate::control::{AgentHandle, Command};

/// How often a bus that is gone is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A bus that accepts and does not answer is no better than none.
const BUS_LIMIT: Duration = Duration::from_secs(5);
/// What is still to be done when the agent has ended may take so long.
const END_LIMIT: Duration = Duration::from_millis(500);

/// Whether there is a desktop session to show an icon in, if perhaps one that hangs.
pub fn is_possible(runtime: &Runtime) -> bool {
    let connected = runtime.block_on(async { timeout(BUS_LIMIT, Connection::session()).await });
    !matches!(connected, Ok(Err(_)))
}

/// Runs the agent, and the tray beside it, until the agent ends. The bounds are those of the
/// other systems, where the agent needs another thread than the tray: so it fits there, too.
pub fn run<F>(
    runtime: Runtime,
    agent: impl FnOnce(Box<dyn FnOnce(&AgentHandle) -> TrayShell + Send>) -> F,
) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shell = |agent: &AgentHandle| {
        let (shell, seat) = TrayShell::new(agent);
        tokio::spawn(show(seat));
        shell
    };
    let ended = runtime.block_on(agent(Box::new(shell)));
    runtime.shutdown_timeout(END_LIMIT);
    ended
}

async fn show(mut seat: Seat) {
    let hosts = Arc::new(Hosts::default());
    loop {
        if let Ok(Ok(bus)) = timeout(BUS_LIMIT, Connection::session()).await {
            tokio::select! {
                () = bus.closed() => tracing::warn!("the session bus is gone; the icon comes back with it"),
                () = icon(&mut seat, &hosts) => {}
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One icon on the bus as it is now. Returns when that cannot be had.
async fn icon(seat: &mut Seat, hosts: &Arc<Hosts>) {
    let shown = Shown::of(&seat.views.borrow_and_update());
    let tray = Tray { shown: shown.clone(), clicks: seat.clicks.clone(), hosts: Arc::clone(hosts) };
    // Waits for a host that does not answer, for as long as that host is there.
    let icon = match tray.assume_sni_available(true).spawn().await {
        Ok(handle) => OnBus(handle),
        Err(error) => return tracing::debug!("no icon yet: {error}"),
    };
    let mut shown = shown;
    while seat.views.changed().await.is_ok() {
        let next = Shown::of(&seat.views.borrow_and_update());
        if next != shown {
            shown = next.clone();
            icon.0.update(|tray| tray.shown = next).await;
        }
    }
}

/// Takes the icon off the bus when it is dropped. Without that its task would panic.
struct OnBus(ksni::Handle<Tray>);

impl Drop for OnBus {
    fn drop(&mut self) {
        tokio::spawn(self.0.shutdown());
    }
}

/// Everything a host can see.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    icon: Icon,
    headline: Headline,
    menu: Vec<Item>,
}

impl Shown {
    fn of(view: &View) -> Self {
        Self {
            icon: Icon::of(view.status.state),
            headline: menu::headline(&view.status),
            menu: menu::menu(view, &TimeZone::system()),
        }
    }
}

/// Whether somebody shows the icon, which is said once.
#[derive(Default)]
struct Hosts {
    missed: AtomicBool,
}

struct Tray {
    shown: Shown,
    clicks: UnboundedSender<Command>,
    hosts: Arc<Hosts>,
}

impl ksni::Tray for Tray {
    /// A left click opens the menu.
    const MENU_ON_ACTIVATE: bool = true;

    fn id(&self) -> String {
        "portcullis".to_owned()
    }

    fn title(&self) -> String {
        "portcullis".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.shown.icon.in_all_sizes().into_iter().map(pixmap).collect()
    }

    fn tool_tip(&self) -> ToolTip {
        let Headline { state, accounts } = self.shown.headline.clone();
        ToolTip { title: state, description: accounts, ..ToolTip::default() }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        items(&self.shown.menu)
    }

    fn watcher_offline(&self, _: OfflineReason) -> bool {
        if !self.hosts.missed.swap(true, Ordering::Relaxed) {
            tracing::info!("no tray host shows the icon; it appears when there is one");
        }
        true
    }
}

impl Tray {
    fn click(&self, command: &Command) {
        let _ = self.clicks.send(command.clone());
    }
}

fn items(items: &[Item]) -> Vec<MenuItem<Tray>> {
    items.iter().map(item).collect()
}

fn item(item: &Item) -> MenuItem<Tray> {
    match item.clone() {
        Item::Separator => MenuItem::Separator,
        Item::Line(label) => {
            StandardItem { label: plain(&label), enabled: false, ..StandardItem::default() }.into()
        }
        Item::Action { label, enabled, command } => StandardItem {
            label: plain(&label),
            enabled,
            activate: Box::new(move |tray: &mut Tray| tray.click(&command)),
            ..StandardItem::default()
        }
        .into(),
        Item::Check { label, checked, command } => CheckmarkItem {
            label: plain(&label),
            checked,
            activate: Box::new(move |tray: &mut Tray| tray.click(&command)),
            ..CheckmarkItem::default()
        }
        .into(),
        Item::Submenu { label, items: inner } => {
            SubMenu { label: plain(&label), submenu: items(&inner), ..SubMenu::default() }.into()
        }
    }
}

/// A single underline would mark the letter behind it.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

/// ARGB in network byte order.
fn pixmap(Pixels { width, height, mut rgba }: Pixels) -> ksni::Icon {
    for pixel in rgba.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    ksni::Icon { width: width.cast_signed(), height: height.cast_signed(), data: rgba }
}
