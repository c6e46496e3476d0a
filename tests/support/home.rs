//! A directory that holds everything one agent reads and writes.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use tokio::time::timeout;

use super::proxy::LIMIT;

pub const CLIENT_KEY: &str = "sk-client-q7Jd0aVwPzK4tLx2";

pub struct Home {
    directory: TempDir,
}

impl Home {
    /// With a config file of this text.
    pub fn with_config(config: &str) -> Self {
        let home = Self::empty();
        home.write_config(config);
        home
    }

    pub fn empty() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.file("config.toml")
    }

    /// Replaces the config file as most editors do: a new file, renamed over it.
    pub fn write_config(&self, text: &str) {
        let next = self.file("config.toml.next");
        std::fs::write(&next, text).expect("written");
        #[cfg(unix)]
        std::fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("private");
        std::fs::rename(next, self.config()).expect("renamed");
    }

    /// A `portcullis` command in this home, with an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .arg("--home")
            .arg(self.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// The same, while the test's own tasks go on: for commands that need an upstream.
    pub async fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::from(self.command(arguments));
        timeout(LIMIT, command.output()).await.expect("it ends").expect("the binary runs")
    }

    /// Runs a command with something on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write;
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        // A command that refuses its arguments reads nothing.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("ends")
    }
}

/// The text a command printed to stdout.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
