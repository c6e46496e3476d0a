//! Notifications of macOS and Windows, where showing one blocks until it is dealt with:
//! a thread each. Neither lets us take one away again.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use notify_rust::{Notification, NotificationResponse};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::content::{Content, DEFAULT};

/// Nobody presses a button after this.
const ATTENTION: Duration = Duration::from_hours(1);

/// The key that was pressed; `None` when none was, and when it could not be shown.
pub async fn show(content: &Content, _: &AtomicU32, _is_gone: oneshot::Receiver<()>) -> Option<String> {
    let (pressed, answer) = oneshot::channel();
    let content = content.clone();
    let thread = std::thread::Builder::new().name("notification".to_owned());
    let started = thread.spawn(move || {
        let _ = pressed.send(wait(&content));
    });
    if let Err(error) = started {
        tracing::debug!("no notification was shown: {error}");
        return None;
    }
    timeout(ATTENTION, answer).await.ok()?.ok()?
}

fn wait(content: &Content) -> Option<String> {
    let mut notification = Notification::new();
    notification.appname("portcullis").summary(&content.title).body(&content.body);
    for action in content.actions.iter().filter(|action| action.key != DEFAULT) {
        notification.action(action.key, &action.label);
    }
    let handle = match notification.show() {
        Ok(handle) => handle,
        Err(error) => {
            tracing::debug!("no notification was shown: {error}");
            return None;
        }
    };
    let mut key = None;
    let _ = handle.wait_for_response(|response: &NotificationResponse| {
        key = match response {
            NotificationResponse::Default => Some(DEFAULT.to_owned()),
            NotificationResponse::Action(pressed) => Some(pressed.clone()),
            _ => None,
        };
    });
    key
}
