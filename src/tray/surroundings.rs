//! What other programs hold of us: the entry that starts us at login, and the clients
//! that point here. They may change it behind our back, so it is looked at again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::view::{Surroundings, Tool, View};
use crate::connect::{self, Environment, tools_at};
use crate::desktop::autostart;

/// A handful of small files; somebody who looks at the menu has just opened it.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub async fn follow(views: Arc<watch::Sender<View>>) {
    let _ = tokio::task::spawn_blocking(refresh).await;
    loop {
        look(&views).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

pub async fn look(views: &watch::Sender<View>) {
    let base_url = views.borrow().status.base_url.clone();
    let Ok(found) = tokio::task::spawn_blocking(move || read(&base_url)).await else { return };
    views.send_if_modified(|view| {
        let is_news = view.surroundings != found;
        view.surroundings = found;
        is_news
    });
}

/// The program has moved since it was told to start at login.
fn refresh() {
    match autostart::refresh() {
        Ok(true) => {
            tracing::info!("the entry that starts portcullis at login was made to start this program");
        }
        Ok(false) => {}
        Err(error) => tracing::warn!("the entry that starts portcullis at login is out of date: {error}"),
    }
}

fn read(base_url: &str) -> Surroundings {
    let tools = Environment::of_process().map(|environment| tools_at(base_url, &environment));
    let tool =
        |(tool, points_here): (connect::Tool, bool)| Tool { id: tool.id(), name: tool.name(), points_here };
    Surroundings {
        starts_at_login: autostart::is_enabled(),
        tools: tools.unwrap_or_default().into_iter().map(tool).collect(),
    }
}
