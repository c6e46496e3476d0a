//! A private session bus: only what a test starts is on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;
use zbus::Connection;
use zbus::connection::Builder;

use crate::support::Home;
use crate::support::proxy::{LIMIT, TestProxy};

pub struct PrivateBus {
    directory: TempDir,
    daemon: Child,
}

impl PrivateBus {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("bus.conf"), configuration(directory.path())).expect("written");
        let daemon = daemon(directory.path()).await;
        Self { directory, daemon }
    }

    pub fn address(&self) -> String {
        address(self.directory.path())
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> Connection {
        self.builder().build().await.expect("the bus answers")
    }

    pub fn builder(&self) -> Builder<'static> {
        Builder::address(self.address().as_str())
    }

    /// A `portcullis` command in a home, in this session.
    pub fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.command(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        command
    }

    /// The tray agent with this config, in this session. Its proxy need not run.
    pub async fn agent(&self, config: &str) -> TestProxy {
        self.agent_in(Home::with_config(config)).await
    }

    pub async fn agent_in(&self, home: Home) -> TestProxy {
        let command = self.command(&home, &[]);
        TestProxy::spawn_stopped(home, command).await
    }

    /// Ends the session while programs are connected to it.
    pub async fn kill(&mut self) {
        self.daemon.kill().await.expect("killed");
    }

    /// Starts the session again, at the same address.
    pub async fn revive(&mut self) {
        let _ = std::fs::remove_file(socket(self.directory.path()));
        self.daemon = daemon(self.directory.path()).await;
    }

    /// A bus that accepts connections and never answers.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self.daemon.id().expect("it runs").cast_signed();
        kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("sent");
    }
}

/// Starts a daemon and waits until it takes connections.
async fn daemon(directory: &Path) -> Child {
    let mut daemon = tokio::process::Command::new("dbus-daemon")
        .arg(format!("--config-file={}", directory.join("bus.conf").display()))
        .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("dbus-daemon runs (apt-get install dbus)");
    let mut lines = BufReader::new(daemon.stdout.take().expect("piped")).lines();
    let line = timeout(LIMIT, lines.next_line()).await.expect("it starts in time").expect("text");
    assert!(line.is_some(), "dbus-daemon ended at once");
    daemon
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("bus")
}

fn address(directory: &Path) -> String {
    format!("unix:path={}", socket(directory).display())
}

/// No service directory: nothing is started on demand, so that what is absent is absent.
fn configuration(directory: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        address(directory)
    )
}
