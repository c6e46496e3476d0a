//! A stand-in for what opens pages and files on a desktop, and for the tools that say what
//! that desktop is like.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Home, until};

pub struct Opener {
    directory: PathBuf,
}

impl Opener {
    /// Remembers what it is asked to open.
    pub fn new(home: &Home) -> Self {
        let opener = Self { directory: home.file("opener") };
        fs::create_dir(&opener.directory).expect("created");
        let opened = opener.directory.join("opened");
        // Renamed into its place, so that it is never read half-written.
        let text = format!("printf %s \"$1\" > '{0}.new' && mv '{0}.new' '{0}'", opened.display());
        opener.script("xdg-open", &text);
        for tool in ["xdg-settings", "xdg-mime"] {
            opener.script(tool, "exit 1");
        }
        opener
    }

    /// Opens nothing and exits with this code.
    pub fn failing(home: &Home, status: u8) -> Self {
        let opener = Self::new(home);
        opener.script("xdg-open", &format!("exit {status}"));
        opener
    }

    /// A desktop tool that answers every call with this.
    pub fn answer(&self, tool: &str, answer: &str) {
        self.script(tool, &format!("echo '{answer}'"));
    }

    fn script(&self, name: &str, text: &str) {
        let script = self.directory.join(name);
        fs::write(&script, format!("#!/bin/sh\n{text}\n")).expect("written");
        fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).expect("set");
    }

    /// In front of everything that the system has.
    pub fn install(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.directory.display()));
    }

    /// Instead of everything that the system has, except the shell's own tools.
    pub fn install_alone(&self, command: &mut Command) {
        for tool in ["mv", "sh"] {
            let found =
                ["/bin", "/usr/bin"].iter().map(|bin| Path::new(bin).join(tool)).find(|tool| tool.exists());
            let _ = std::os::unix::fs::symlink(found.expect("a tool"), self.directory.join(tool));
        }
        command.env("PATH", &self.directory);
    }

    /// What was opened, once something was.
    pub async fn opened(&self) -> String {
        let opened = self.directory.join("opened");
        until("something is opened", async || fs::read_to_string(&opened).ok()).await
    }

    /// The private page that a browser was started with.
    pub async fn page(&self) -> PathBuf {
        let opened = self.opened().await;
        let page = opened.strip_prefix("file://").unwrap_or_else(|| panic!("no file: {opened}"));
        page.into()
    }

    /// The address that page leads to.
    pub async fn leads_to(&self) -> String {
        let page = fs::read_to_string(self.page().await).expect("readable");
        let address = page.split('"').find(|text| text.starts_with("http://"));
        address.unwrap_or_else(|| panic!("no address: {page}")).to_owned()
    }
}

/// The ticket in an address of the dashboard.
pub fn ticket(address: &str) -> &str {
    let ticket = address.trim().rsplit('#').next().expect("a fragment");
    assert!(ticket.len() == 64 && ticket.bytes().all(|byte| byte.is_ascii_hexdigit()), "{address}");
    ticket
}
