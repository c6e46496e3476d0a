//! What the tray and the notifications need from the desktop. The proxy works without it, so
//! nothing here is a problem.

use super::{Finding, Patient};

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_async, reason = "on Linux it asks the session bus")]
pub async fn check(_: &Patient<'_>) -> Vec<Finding> {
    Vec::new()
}

#[cfg(target_os = "linux")]
pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    use crate::desktop::session;
    use crate::desktop::session_bus::{Desktop, look};
    use crate::text;

    let language = patient.language;
    let warning = |text, fix| Finding::warning("desktop", text, fix);
    let Some(Desktop { has_tray_host, notifications }) = look(&session::of_process()).await else {
        return vec![warning(
            text!(language, "doctor-bus-missing"),
            text!(language, "doctor-bus-missing-fix"),
        )];
    };
    let tray = if has_tray_host {
        Finding::ok("desktop", text!(language, "doctor-tray-ok"))
    } else {
        warning(text!(language, "doctor-tray-missing"), text!(language, "doctor-tray-missing-fix"))
    };
    let notifications = match notifications {
        Some(capabilities) if capabilities.iter().any(|capability| capability == "actions") => {
            Finding::ok("desktop", text!(language, "doctor-notifications-ok"))
        }
        Some(_) => warning(
            text!(language, "doctor-notifications-plain"),
            text!(language, "doctor-notifications-plain-fix"),
        ),
        None => warning(
            text!(language, "doctor-notifications-missing"),
            text!(language, "doctor-notifications-missing-fix"),
        ),
    };
    [tray, notifications].into_iter().chain(icon(patient)).collect()
}

/// Where the running agent's icon is, if elsewhere.
#[cfg(target_os = "linux")]
fn icon(patient: &Patient<'_>) -> Option<Finding> {
    use crate::desktop::{session, session_bus};
    use crate::text;

    let (status, language) = (patient.status.as_ref()?, patient.language);
    let Some(icon) = &status.icon else {
        return Some(Finding::ok("icon", text!(language, "doctor-icon-none")));
    };
    let is_elsewhere = icon.bus != session_bus::address(&session::of_process());
    is_elsewhere.then(|| {
        let text = text!(language, "doctor-icon-elsewhere");
        Finding::warning("icon", text, text!(language, "doctor-icon-elsewhere-fix"))
    })
}
