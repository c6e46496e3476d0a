//! Whether the browser that a Linux desktop would start can read a private file of ours.
//! A snap cannot read hidden directories of the home, and a Windows browser under WSL none of
//! these files. A flatpak is given the file by its own launcher.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::ended;
use crate::control::Session;
use crate::desktop::session;

/// These tools answer at once unless the desktop is broken.
const LIMIT: Duration = Duration::from_secs(1);
/// Where snaps are mounted; every entry of one names it.
const SNAPS: &str = "/snap/";

pub fn can_read_private_files(session: &Session) -> bool {
    if is_under_windows() || names_snap(&std::env::var("BROWSER").unwrap_or_default()) {
        return false;
    }
    let browser = asked(session, "xdg-settings", &["get", "default-web-browser"]);
    let of_pages = asked(session, "xdg-mime", &["query", "default", "text/html"]);
    let entry = browser.as_deref().and_then(|name| entry(session, name)).unwrap_or_default();
    can_be_given(browser.as_deref(), of_pages.as_deref(), &entry)
}

/// `browser` and `of_pages` are the entries that open web addresses and HTML files; `entry`
/// is the text of the first. Whatever is unknown is assumed to be as on most desktops.
fn can_be_given(browser: Option<&str>, of_pages: Option<&str>, entry: &str) -> bool {
    let Some(browser) = browser else { return true };
    let is_an_editors = of_pages.is_some_and(|of_pages| of_pages != browser);
    !is_an_editors && !is_snap_entry(browser) && !entry.lines().any(is_of_snap)
}

/// `firefox_firefox.desktop`: no snap has a `_` in its name, so it divides snap and program.
fn is_snap_entry(name: &str) -> bool {
    let name = name.strip_suffix(".desktop").unwrap_or(name);
    name.split_once('_').is_some_and(|(snap, _)| {
        !snap.is_empty()
            && snap.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}

fn is_of_snap(line: &str) -> bool {
    line.strip_prefix("Exec=").is_some_and(names_snap)
}

fn names_snap(command: &str) -> bool {
    command.contains(SNAPS) || command.starts_with("snap run ")
}

fn is_under_windows() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.to_ascii_lowercase().contains("microsoft")
}

/// The text of a desktop entry, from the first directory that has it.
fn entry(session: &Session, name: &str) -> Option<String> {
    if name.contains('/') {
        return None;
    }
    let mut paths =
        directories(session).into_iter().map(|directory| directory.join("applications").join(name));
    paths.find_map(|path| std::fs::read_to_string(path).ok())
}

fn directories(session: &Session) -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_DATA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let own = own.or_else(|| Some(std::env::home_dir()?.join(".local/share")));
    let shared = session.get("XDG_DATA_DIRS").filter(|directories| !directories.is_empty());
    let shared: Vec<PathBuf> =
        std::env::split_paths(shared.unwrap_or("/usr/local/share:/usr/share")).collect();
    let snaps = Path::new("/var/lib/snapd/desktop").to_owned();
    own.into_iter().chain(shared).chain([snaps]).collect()
}

/// The first line of what a tool prints; `None` if the tool is missing or fails.
fn asked(session: &Session, tool: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(tool);
    session::enter(session, &mut command);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let (status, mut child) = ended(command.spawn().ok()?, LIMIT).ok()??;
    let mut answer = String::new();
    child.stdout.take()?.take(1024).read_to_string(&mut answer).ok()?;
    let line = answer.lines().next().unwrap_or_default().trim();
    (status.success() && !line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_in_a_snap_cannot_read_our_files() {
        let snap = "[Desktop Entry]\nExec=env BAMF_DESKTOP_FILE_HINT=/var/lib/x /snap/bin/firefox %u\n";
        let flatpak =
            "[Desktop Entry]\nExec=/usr/bin/flatpak run --file-forwarding org.mozilla.firefox @@u %u @@\n";
        let cases = [
            (None, None, "", true),
            (Some("firefox_firefox.desktop"), None, "", false),
            (Some("firefox_firefox.desktop"), Some("firefox_firefox.desktop"), snap, false),
            (Some("userapp-Firefox-X1Y2.desktop"), None, snap, false),
            (Some("firefox-esr.desktop"), Some("firefox-esr.desktop"), "Exec=firefox-esr %u\n", true),
            (Some("org.mozilla.firefox.desktop"), Some("org.mozilla.firefox.desktop"), flatpak, true),
            (Some("google-chrome.desktop"), Some("code.desktop"), "Exec=chrome %U\n", false),
            (Some("Some_Thing.desktop"), None, "", true),
        ];
        for (browser, of_pages, entry, expected) in cases {
            assert_eq!(can_be_given(browser, of_pages, entry), expected, "{browser:?} {of_pages:?}");
        }
        assert!(names_snap("/snap/bin/chromium") && !names_snap("firefox"));
    }
}
