//! Notifications of macOS and Windows, where showing one blocks until the user has dealt with it,
//! so each has a thread. Neither system lets us withdraw one.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use notify_rust::{Notification, NotificationResponse};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::content::{Content, DEFAULT};
use crate::control::Session;
use crate::desktop::PROGRAM_ID;

/// After this time a button press is not expected any more.
const ATTENTION: Duration = Duration::from_hours(1);
/// The most that may wait at once: a desktop that never answers must not collect threads.
const MOST_WAITING: usize = 16;

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The key that was pressed; `None` when none was, or when it could not be shown.
pub async fn show(
    _: &Session,
    content: &Content,
    _: &AtomicU32,
    _is_gone: oneshot::Receiver<()>,
) -> Option<String> {
    let Some(place) = Place::take() else {
        tracing::info!("no notification was shown: too many wait for an answer");
        return None;
    };
    let (pressed, answer) = oneshot::channel();
    let content = content.clone();
    let thread = std::thread::Builder::new().name("notification".to_owned());
    let started = thread.spawn(move || {
        let _place = place;
        introduce();
        let _ = pressed.send(wait(&content));
    });
    if let Err(error) = started {
        tracing::info!("no notification was shown: {error}");
        return None;
    }
    timeout(ATTENTION, answer).await.ok()?.ok()?
}

/// Counts a waiting notification until it is dropped.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let is_free = |waiting: usize| (waiting < MOST_WAITING).then_some(waiting + 1);
        WAITING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_free).is_ok().then_some(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The program these notifications belong to. Without it Windows takes them for PowerShell's, and
/// macOS may ask the user to look for the program, or hang.
fn introduce() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Err(error) = register() {
            tracing::debug!("the system does not know whose notifications these are: {error}");
        }
    });
}

#[cfg(target_os = "macos")]
fn register() -> Result<(), impl std::fmt::Display> {
    notify_rust::set_application(PROGRAM_ID)
}

#[cfg(windows)]
fn register() -> Result<(), impl std::fmt::Display> {
    let key = format!(r"Software\Classes\AppUserModelId\{PROGRAM_ID}");
    windows_registry::CURRENT_USER.create(key).and_then(|key| key.set_string("DisplayName", "portcullis"))
}

fn wait(content: &Content) -> Option<String> {
    let mut notification = Notification::new();
    notification.appname("portcullis").summary(&content.title).body(&content.body);
    #[cfg(windows)]
    notification.app_id(PROGRAM_ID);
    for action in content.actions.iter().filter(|action| action.key != DEFAULT) {
        notification.action(action.key, &action.label);
    }
    let handle = match notification.show() {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!("no notification was shown: {error}");
            return None;
        }
    };
    let mut key = None;
    let waited = handle.wait_for_response(|response: &NotificationResponse| {
        key = match response {
            NotificationResponse::Default => Some(DEFAULT.to_owned()),
            NotificationResponse::Action(pressed) => Some(pressed.clone()),
            _ => None,
        };
    });
    if let Err(error) = waited {
        tracing::info!("no notification was shown: {error}");
    }
    key
}
