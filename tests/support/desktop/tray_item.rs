//! A registered icon, followed as a real panel does it: everything is read once, and
//! after that only what a signal names. A change that is not signalled is never seen.

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::names::MemberName;
use zbus::wire::{OwnedVariant, Variant};
use zbus::{Connection, MatchRule, Message, MessageStream, Proxy};

use super::menu::{Layout, Node, Removed, Updated};
use crate::support::proxy::LIMIT;

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub menu: Node,
    pub icon: Pixmap,
    pub tooltip: Tooltip,
    /// The bus has lost it.
    pub gone: bool,
}

/// Width, height, and pixels in ARGB.
pub type Pixmap = (i32, i32, Vec<u8>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tooltip {
    pub title: String,
    pub text: String,
}

pub struct TrayItem {
    connection: Connection,
    owner: String,
    seen: watch::Receiver<Seen>,
    follower: JoinHandle<()>,
}

impl TrayItem {
    pub async fn follow(connection: &Connection, owner: String) -> Self {
        let remote = Remote { connection: connection.clone(), owner: owner.clone() };
        let rule =
            MatchRule::builder().msg_type(Type::Signal).sender(owner.as_str()).build().expect("a rule");
        let signals = MessageStream::for_match_rule(rule, connection, None).await.expect("signals");
        let leaving = MatchRule::builder()
            .msg_type(Type::Signal)
            .member("NameOwnerChanged")
            .add_arg(owner.as_str())
            .build()
            .expect("a rule");
        let leaving = MessageStream::for_match_rule(leaving, connection, None).await.expect("signals");
        let seen = Seen {
            menu: remote.menu().await.expect("a menu"),
            icon: remote.icon().await.expect("an icon"),
            tooltip: remote.tooltip().await.expect("a tooltip"),
            gone: false,
        };
        let (sender, receiver) = watch::channel(seen);
        let follower = tokio::spawn(follow(remote, signals, leaving, sender));
        Self { connection: connection.clone(), owner, seen: receiver, follower }
    }

    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// The menu as text, as [`Node`] writes it.
    pub fn menu(&self) -> String {
        self.seen.borrow().menu.to_string()
    }

    pub async fn wait_for(&self, what: &str, condition: impl FnMut(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let waited = timeout(LIMIT, seen.wait_for(condition)).await.map(|seen| seen.map(|seen| seen.clone()));
        match waited {
            Ok(Ok(seen)) => seen,
            _ => panic!("the tray never showed {what}; it shows\n{}", self.menu()),
        }
    }

    /// Waits until the menu has this line, whatever its indentation.
    pub async fn wait_for_line(&self, line: &str) -> Seen {
        let has = |seen: &Seen| seen.menu.to_string().lines().any(|shown| shown.trim_start() == line);
        self.wait_for(line, has).await
    }

    /// Waits until the bus has lost it.
    pub async fn wait_until_gone(&self) {
        self.wait_for("its end", |seen| seen.gone).await;
    }

    /// Clicks the item at the end of these labels; each may be the beginning of one. Where the menu
    /// has changed under the pointer, the click goes to what stands there then.
    pub async fn click(&self, path: &[&str]) {
        loop {
            let menu = self.seen().menu;
            let item = menu.find(path).unwrap_or_else(|| panic!("no {path:?} in\n{menu}"));
            assert!(item.enabled && !item.submenu, "{path:?} cannot be clicked in\n{menu}");
            let arguments = (item.id, "clicked", Variant::I32(0), 0_u32);
            match self.call("/MenuBar", MENU, "Event", &arguments).await {
                Ok(()) => return,
                Err(error) if error.to_string().contains("id not found") => {
                    let moved = |seen: &Seen| seen.menu.find(path).is_none_or(|now| now.id != item.id);
                    self.wait_for("the menu as it is by now", moved).await;
                }
                Err(error) => panic!("{path:?} was not clicked: {error}"),
            }
        }
    }

    /// Whether a left click opens the menu.
    pub async fn is_menu(&self) -> bool {
        let remote = Remote { connection: self.connection.clone(), owner: self.owner.clone() };
        remote.property("ItemIsMenu").await.expect("a property").try_into().expect("a switch")
    }

    async fn call(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &(impl serde::Serialize + zbus::wire::Type + Sync),
    ) -> zbus::Result<()> {
        let proxy =
            Proxy::new(&self.connection, self.owner.as_str(), path, interface).await.expect("a proxy");
        let answered = timeout(LIMIT, proxy.call_method(method, arguments)).await;
        answered.expect("an answer in time").map(drop)
    }
}

impl Drop for TrayItem {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

struct Remote {
    connection: Connection,
    owner: String,
}

impl Remote {
    async fn menu(&self) -> zbus::Result<Node> {
        let proxy = Proxy::new(&self.connection, self.owner.as_str(), "/MenuBar", MENU).await?;
        let none: &[&str] = &[];
        let (_, layout): (u32, Layout) = proxy.call("GetLayout", &(0_i32, -1_i32, none)).await?;
        Ok(Node::of(layout))
    }

    /// The largest of its pixmaps.
    async fn icon(&self) -> zbus::Result<Pixmap> {
        let pixmaps: Vec<Pixmap> = self.property("IconPixmap").await?.try_into()?;
        Ok(pixmaps.into_iter().max().unwrap_or_default())
    }

    async fn tooltip(&self) -> zbus::Result<Tooltip> {
        let (_, _, title, text): (String, Vec<Pixmap>, String, String) =
            self.property("ToolTip").await?.try_into()?;
        Ok(Tooltip { title, text })
    }

    async fn property(&self, name: &str) -> zbus::Result<OwnedVariant> {
        let path = "/StatusNotifierItem";
        let interface = "org.freedesktop.DBus.Properties";
        let proxy = Proxy::new(&self.connection, self.owner.as_str(), path, interface).await?;
        proxy.call("Get", &(ITEM, name)).await
    }

    /// What a signal reports, or asks to be read again.
    async fn take(&self, signal: &Message, seen: &mut Seen) -> zbus::Result<()> {
        let header = signal.header();
        match header.member().map(MemberName::as_str) {
            Some("ItemsPropertiesUpdated") => {
                let body = signal.body();
                let (updated, removed): (Vec<Updated>, Vec<Removed>) = body.deserialize()?;
                seen.menu.apply(&updated, &removed);
            }
            Some("LayoutUpdated") => seen.menu = self.menu().await?,
            Some("NewIcon") => seen.icon = self.icon().await?,
            Some("NewToolTip") => seen.tooltip = self.tooltip().await?,
            _ => {}
        }
        Ok(())
    }
}

async fn follow(
    remote: Remote,
    mut signals: MessageStream,
    mut leaving: MessageStream,
    sender: watch::Sender<Seen>,
) {
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            _ = leaving.next() => None,
        };
        let Some(Ok(signal)) = signal else { break };
        let mut seen = sender.borrow().clone();
        // Its owner may end between the signal and the answer.
        if remote.take(&signal, &mut seen).await.is_ok() {
            let _ = sender.send(seen);
        }
    }
    sender.send_modify(|seen| seen.gone = true);
}
