//! Notifications over a session's bus. Every wait here is bounded: the service may be
//! absent, hang, crash, or never say that a notification was closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, Variant};

use super::content::Content;
use crate::control::Session;
use crate::desktop::session_bus::{self, NOTIFICATIONS, NOTIFICATIONS_PATH};

/// How long the service may take to show or withdraw a notification.
const LIMIT: Duration = Duration::from_secs(2);
/// After this time a button press is not expected any more.
const ATTENTION: Duration = Duration::from_hours(1);
/// The desktop decides how long it is shown.
const AS_THE_DESKTOP_LIKES: i32 = -1;

/// The key that was pressed; `None` when none was, or when it could not be shown.
pub async fn show(
    session: &Session,
    content: &Content,
    id: &AtomicU32,
    is_gone: oneshot::Receiver<()>,
) -> Option<String> {
    let mut shown = match timeout(LIMIT, Shown::on(session, content, id.load(Ordering::Relaxed))).await {
        Ok(Ok(shown)) => shown,
        Ok(Err(error)) => {
            tracing::debug!("no notification was shown: {error}");
            return None;
        }
        Err(_) => {
            tracing::debug!("no notification was shown: the service does not answer");
            return None;
        }
    };
    id.store(shown.id, Ordering::Relaxed);
    let bus = shown.bus.clone();
    tokio::select! {
        pressed = shown.pressed() => pressed,
        // Dropped without being sent: the agent ends and leaves its notifications.
        Ok(()) = is_gone => {
            let _ = timeout(LIMIT, call(&bus, "CloseNotification", &shown.id)).await;
            None
        }
        () = tokio::time::sleep(ATTENTION) => None,
    }
}

/// A notification that the desktop shows.
struct Shown {
    bus: Connection,
    signals: MessageStream,
    id: u32,
}

impl Shown {
    /// `replaces`: the desktop's id of the one it replaces, or 0.
    async fn on(session: &Session, content: &Content, replaces: u32) -> zbus::Result<Self> {
        let bus = session_bus::connect(session).await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(NOTIFICATIONS).build()?;
        // Subscribed first: a press may arrive before the answer.
        let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
        let body = plain(&content.body);
        let actions: Vec<&str> =
            content.actions.iter().flat_map(|action| [action.key, action.label.as_str()]).collect();
        let hints = HashMap::from([("desktop-entry", Variant::from("portcullis"))]);
        let name = "portcullis";
        let notification = (
            name,
            replaces,
            name,
            content.title.as_str(),
            body.as_str(),
            actions,
            hints,
            AS_THE_DESKTOP_LIKES,
        );
        let id = call(&bus, "Notify", &notification).await?.body().deserialize()?;
        Ok(Self { bus, signals, id })
    }

    /// Waits for a button; `None` when it is closed without one.
    async fn pressed(&mut self) -> Option<String> {
        while let Some(Ok(signal)) = self.signals.next().await {
            let (header, body) = (signal.header(), signal.body());
            match header.member().map(|member| member.as_str().to_owned()).as_deref() {
                Some("ActionInvoked") => match body.deserialize::<(u32, String)>() {
                    Ok((id, key)) if id == self.id => return Some(key),
                    _ => {}
                },
                Some("NotificationClosed") => match body.deserialize::<(u32, u32)>() {
                    Ok((id, _)) if id == self.id => return None,
                    _ => {}
                },
                _ => {}
            }
        }
        None
    }
}

async fn call(
    bus: &Connection,
    method: &str,
    arguments: &(impl serde::Serialize + zbus::DynamicType + Sync),
) -> zbus::Result<zbus::Message> {
    bus.call_method(Some(NOTIFICATIONS), NOTIFICATIONS_PATH, Some(NOTIFICATIONS), method, arguments).await
}

/// A body may contain markup, and a provider's text is untrusted.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_no_markup() {
        assert_eq!(plain("a <b> & c"), "a &lt;b&gt; &amp; c");
    }
}
