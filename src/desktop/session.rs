//! The session this process was started in, and programs that are started in another one.

use std::process::Command;

use crate::control::Session;

/// What this process was started with.
#[cfg(target_os = "linux")]
pub fn of_process() -> Session {
    let text = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
    Session::of(crate::control::session::VARIABLES.into_iter().filter_map(text))
}

/// Only on Linux does the environment define the session.
#[cfg(not(target_os = "linux"))]
pub fn of_process() -> Session {
    Session::default()
}

/// Puts a program that is about to be started into that session.
#[cfg(target_os = "linux")]
pub fn enter(session: &Session, command: &mut Command) {
    for name in crate::control::session::VARIABLES {
        match session.get(name) {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

#[cfg(not(target_os = "linux"))]
pub const fn enter(_: &Session, _: &mut Command) {}
