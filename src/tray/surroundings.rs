//! What other programs hold of us: the entry that starts us at login, and the clients
//! that point here. They may change it behind our back, so it is looked at again.

use std::sync::Arc;
use std::time::Duration;

use strum::VariantArray;
use tokio::sync::watch;

use super::view::{Surroundings, Tool, View};
use crate::connect::{self, Environment, tools_at};
use crate::desktop::autostart::{self, Login};

/// A handful of small files; somebody who looks at the menu has just opened it.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub async fn follow(views: Arc<watch::Sender<View>>, login: Arc<Login>) {
    let entry = Arc::clone(&login);
    let _ = tokio::task::spawn_blocking(move || refresh(&entry)).await;
    loop {
        look(&views, &login).await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

pub async fn look(views: &watch::Sender<View>, login: &Arc<Login>) {
    let (base_url, login) = (views.borrow().status.base_url.clone(), Arc::clone(login));
    let Ok(found) = tokio::task::spawn_blocking(move || read(&base_url, &login)).await else { return };
    views.send_if_modified(|view| {
        let is_news = view.surroundings != found;
        view.surroundings = found;
        is_news
    });
}

/// The program has moved since it was told to start at login.
fn refresh(login: &Login) {
    match autostart::refresh(login) {
        Ok(true) => {
            tracing::info!("the entry that starts portcullis at login was made to start this program");
        }
        Ok(false) => {}
        Err(error) => tracing::warn!("the entry that starts portcullis at login is out of date: {error}"),
    }
}

/// Before the first look; so the menu has the same items before and after.
pub fn unknown() -> Surroundings {
    let tools = connect::Tool::VARIANTS.iter().map(|&tool| shown((tool, false))).collect();
    Surroundings { starts_at_login: false, tools }
}

fn read(base_url: &str, login: &Login) -> Surroundings {
    let Ok(environment) = Environment::of_process() else { return unknown() };
    let tools = tools_at(base_url, &environment);
    Surroundings {
        starts_at_login: autostart::is_enabled(login),
        tools: tools.into_iter().map(shown).collect(),
    }
}

fn shown((tool, points_here): (connect::Tool, bool)) -> Tool {
    Tool { id: tool.id(), name: tool.name(), points_here }
}
