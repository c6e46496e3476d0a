//! The program that shows icons on a bus: our icon is registered with it when it is there,
//! and again when another takes its place.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream};

use super::report::Report;
use crate::control::IconState;
use crate::desktop::session_bus::TRAY_HOST;

const PATH: &str = "/StatusNotifierWatcher";

pub struct Host {
    pub bus: Connection,
    /// The name of the icon on the bus.
    pub name: String,
}

impl Host {
    /// Registers the icon with each host. Returns when the bus no longer reports its owners.
    /// `missed`: whether it was logged that there is no host.
    pub async fn follow(&self, missed: &AtomicBool, report: &Report) {
        let Ok(mut owners) = self.owners().await else { return };
        loop {
            // Waits for a host that does not answer, for as long as that host is there.
            match self.register().await {
                Ok(_) => report.send(IconState::Shown).await,
                Err(error) => {
                    tracing::debug!("no host took the icon: {error}");
                    if !missed.swap(true, Ordering::Relaxed) {
                        tracing::info!("no tray host shows the icon; it appears when there is one");
                    }
                    report.send(IconState::NoHost).await;
                }
            }
            loop {
                match owners.next().await {
                    Some(Ok(change)) if has_owner(&change) => break,
                    Some(Ok(_)) => report.send(IconState::NoHost).await,
                    Some(Err(_)) | None => return,
                }
            }
        }
    }

    async fn register(&self) -> zbus::Result<zbus::Message> {
        let method = "RegisterStatusNotifierItem";
        self.bus.call_method(Some(TRAY_HOST), PATH, Some(TRAY_HOST), method, &(self.name.as_str(),)).await
    }

    /// The changes of the host's name: hosts come and go.
    async fn owners(&self) -> zbus::Result<MessageStream> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .add_arg(TRAY_HOST)
            .build()?;
        MessageStream::for_match_rule(rule, &self.bus, None).await
    }
}

/// Whether the name has an owner after this change.
fn has_owner(change: &zbus::Message) -> bool {
    let names = change.body().deserialize::<(String, String, String)>();
    names.is_ok_and(|(_, _, new)| !new.is_empty())
}
