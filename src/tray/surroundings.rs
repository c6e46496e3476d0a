//! What other programs hold of us: the entry that starts us at login, and the clients
//! that point here. They may change it behind our back, so it is looked at again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::view::{Surroundings, View};

/// A handful of small files; somebody who looks at the menu has just opened it.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub async fn follow(views: Arc<watch::Sender<View>>) {
    loop {
        look(&views).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

pub async fn look(views: &watch::Sender<View>) {
    let Ok(found) = tokio::task::spawn_blocking(read).await else { return };
    views.send_if_modified(|view| {
        let is_news = view.surroundings != found;
        view.surroundings = found;
        is_news
    });
}

fn read() -> Surroundings {
    Surroundings::default()
}
