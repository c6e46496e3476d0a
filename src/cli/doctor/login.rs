//! The program that the session would start at login.

use super::{Finding, Patient};
use crate::desktop::autostart::{self, State};
use crate::text;

pub fn check(patient: &Patient) -> Option<Finding> {
    let language = patient.language;
    Some(match autostart::state(&patient.context.login) {
        Ok(State::On) => Finding::ok("login", text!(language, "autostart-on")),
        Ok(State::Off) => Finding::ok("login", text!(language, "autostart-off")),
        Ok(State::Stale(command)) => {
            let text = text!(language, "doctor-login-stale", command = command);
            Finding::warning("login", text, text!(language, "doctor-login-stale-fix"))
        }
        Err(_) => return None,
    })
}
