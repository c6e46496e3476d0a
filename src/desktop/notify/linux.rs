//! Notifications over the session bus. Nothing here waits for ever: the service may be
//! absent, hang, crash, or never say that a notification was closed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use notify_rust::{Hint, Notification, NotificationResponse};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::content::{Content, DEFAULT};

/// For the service to take a notification, or to take it away.
const LIMIT: Duration = Duration::from_secs(2);
/// Nobody presses a button after this.
const ATTENTION: Duration = Duration::from_hours(1);

/// The key that was pressed; `None` when none was, and when it could not be shown.
pub async fn show(content: &Content, id: &AtomicU32, is_gone: oneshot::Receiver<()>) -> Option<String> {
    let notification = notification(content, id.load(Ordering::Relaxed));
    let handle = match timeout(LIMIT, notification.show_async()).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => {
            tracing::debug!("no notification was shown: {error}");
            return None;
        }
        Err(_) => {
            tracing::debug!("no notification was shown: the service does not answer");
            return None;
        }
    };
    id.store(handle.id(), Ordering::Relaxed);
    let mut pressed = None;
    let waiting = handle.wait_for_action_async(|response| pressed = key(response));
    tokio::select! {
        () = waiting => {}
        // Dropped is not sent: the agent ends, and leaves what it has said.
        Ok(()) = is_gone => {
            let _ = timeout(LIMIT, handle.close_async()).await;
        }
        () = tokio::time::sleep(ATTENTION) => {}
    }
    pressed
}

fn notification(content: &Content, replaces: u32) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("portcullis")
        .icon("portcullis")
        .hint(Hint::DesktopEntry("portcullis".to_owned()))
        .summary(&content.title)
        .body(&plain(&content.body));
    if replaces > 0 {
        notification.id(replaces);
    }
    for action in &content.actions {
        notification.action(action.key, &action.label);
    }
    notification.finalize()
}

/// A body may hold markup, and a provider's words are not ours.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn key(response: &NotificationResponse) -> Option<String> {
    match response {
        NotificationResponse::Default => Some(DEFAULT.to_owned()),
        NotificationResponse::Action(key) => Some(key.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_no_markup() {
        assert_eq!(plain("a <b> & c"), "a &lt;b&gt; &amp; c");
    }
}
