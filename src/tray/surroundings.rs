//! The entry that starts portcullis at login, and the tools that point at it. Other programs
//! may change both, so they are read again and again.

use std::sync::Arc;
use std::time::Duration;

use strum::VariantArray;
use tokio::sync::watch;

use super::view::{Surroundings, Tool, View};
use crate::connect::{self, Environment, tools_at};
use crate::desktop::autostart::{self, Login};

/// How often they are read: a handful of small files, for a menu that may open at any time.
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
        let is_new = view.surroundings != found;
        view.surroundings = found;
        is_new
    });
}

/// Corrects the login entry of a program that has moved since.
fn refresh(login: &Login) {
    match autostart::refresh(login) {
        Ok(true) => {
            tracing::info!("the entry that starts portcullis at login now starts this program");
        }
        Ok(false) => {}
        Err(error) => tracing::warn!("the entry that starts portcullis at login is out of date: {error}"),
    }
}

/// The surroundings before the first look, so that the menu has the same items as after it.
pub fn unknown() -> Surroundings {
    let tools = connect::Tool::VARIANTS.iter().map(|&tool| menu_tool((tool, false))).collect();
    Surroundings { starts_at_login: false, tools }
}

fn read(base_url: &str, login: &Login) -> Surroundings {
    let Ok(environment) = Environment::of_process() else { return unknown() };
    let tools = tools_at(base_url, &environment);
    Surroundings {
        starts_at_login: autostart::is_enabled(login),
        tools: tools.into_iter().map(menu_tool).collect(),
    }
}

fn menu_tool((tool, points_here): (connect::Tool, bool)) -> Tool {
    Tool { id: tool.id(), name: tool.name(), points_here }
}
