//! The processes under measurement. Each announces its address on stdout, and ends when its value is dropped.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{self, AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;
use tokio::time::{sleep, timeout};

use crate::dialect::Dialect;
use crate::usage::{self, CpuSample, Memory};
use crate::{bare_proxy, mock};

/// The key that clients show to portcullis, and the header that carries it.
pub const CLIENT_KEY: ClientKey =
    ClientKey { value: "sk-bench-0123456789", bearer: "Bearer sk-bench-0123456789" };

pub struct ClientKey {
    pub value: &'static str,
    pub bearer: &'static str,
}

/// Longest wait for a process to announce itself, or to end when asked to.
const PATIENCE: Duration = Duration::from_secs(15);

/// Settings of the caller's shell that would change what is measured.
const FOREIGN_SETTINGS: [&str; 8] = [
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "PORTCULLIS_HOME",
    "RUST_LOG",
    "all_proxy",
    "http_proxy",
    "https_proxy",
];

const CONFIG_FILE: &str = "config/config.toml";

/// A directory that portcullis calls home, and its config in one of its own: as in an installation, the record
/// of requests is not in the directory that is watched for config changes.
pub struct Home {
    directory: TempDir,
    upstream: SocketAddr,
    /// 0: any.
    port: u16,
}

impl Home {
    /// A home whose accounts are all the mock upstream. The key is asked for, because checking it is part of
    /// what a request costs.
    pub fn new(upstream: SocketAddr) -> Result<Arc<Self>> {
        Self::with(upstream, "")
    }

    /// The same with more in its config.
    pub fn with(upstream: SocketAddr, more: &str) -> Result<Arc<Self>> {
        Self::write(upstream, 0, more)
    }

    /// One whose port is known beforehand: the agent with its icon does not announce it.
    #[cfg(target_os = "linux")]
    pub fn with_known_port(upstream: SocketAddr) -> Result<Arc<Self>> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Self::write(upstream, port, "")
    }

    fn write(upstream: SocketAddr, port: u16, more: &str) -> Result<Arc<Self>> {
        let home = Self { directory: tempfile::tempdir()?, upstream, port };
        home.config().parent().map_or(Ok(()), fs::create_dir)?;
        home.configure(more)?;
        Ok(Arc::new(home))
    }

    /// Writes the config, with more at its end.
    fn configure(&self, more: &str) -> Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.config())?;
        let Self { upstream, port, .. } = self;
        let key = CLIENT_KEY.value;
        write!(
            file,
            r#"[proxy]
port = {port}
auth_mode = "all_except_health"
api_key = "{key}"

[pool]
strategy = "fill_first"

[[accounts]]
name = "bench"
provider = "openai-compatible"
base_url = "http://{upstream}/v1"
api_key = "sk-upstream-bench-key"
models = ["*"]

{more}
"#
        )?;
        // The other dialects, for scenarios that name one of them.
        for dialect in Dialect::ALL {
            let (name, provider, path) = (dialect.name(), dialect.provider(), dialect.base_path());
            write!(
                file,
                r#"
[[accounts]]
name = "{name}"
provider = "{provider}"
base_url = "http://{upstream}{path}"
api_key = "sk-upstream-bench-key-{name}"
models = ["*"]
priority = 1
"#
            )?;
        }
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.directory.path().join(CONFIG_FILE)
    }

    /// Its home.
    fn arguments(&self) -> [OsString; 4] {
        let home = self.directory.path();
        ["--home".into(), home.into(), "--config".into(), self.config().into()]
    }

    /// What portcullis writes to stderr, for the report of a failed start.
    fn complaints(&self) -> PathBuf {
        self.directory.path().join("bench-stderr.txt")
    }
}

/// A child process that listens.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    // Dropped after the child has ended.
    home: Option<Arc<Home>>,
}

impl Process {
    pub async fn mock() -> Result<Self> {
        Self::spawn(Command::new(env::current_exe()?).arg(mock::ROLE), None).await
    }

    pub async fn bare_proxy(upstream: SocketAddr) -> Result<Self> {
        let upstream = upstream.to_string();
        Self::spawn(Command::new(env::current_exe()?).args([bare_proxy::ROLE, &upstream]), None).await
    }

    pub async fn portcullis(home: Arc<Home>) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--port", "0"]).args(home.arguments());
        command.stderr(File::create(home.complaints())?);
        Self::spawn(&mut command, Some(home.clone())).await.with_context(|| {
            let text = fs::read_to_string(home.complaints()).unwrap_or_default();
            format!("portcullis did not start; it said: {}", text.trim())
        })
    }

    /// The same with its icon, on this session bus; returns when it takes connections.
    #[cfg(target_os = "linux")]
    pub async fn tray(home: Arc<Home>, bus: &str) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(home.arguments()).env("DBUS_SESSION_BUS_ADDRESS", bus);
        for name in FOREIGN_SETTINGS {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let address = SocketAddr::from(([127, 0, 0, 1], home.port));
        let process = Self { child: command.spawn()?, address, home: Some(home) };
        let answers = async {
            while tokio::net::TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_micros(200)).await;
            }
        };
        timeout(PATIENCE, answers).await.context("the agent with its icon takes no connection")?;
        Ok(process)
    }

    async fn spawn(command: &mut Command, home: Option<Arc<Home>>) -> Result<Self> {
        for name in FOREIGN_SETTINGS {
            command.env_remove(name);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        // Owned before anything can fail, so that every exit ends the child.
        let mut process = Self { child, address: SocketAddr::from(([0, 0, 0, 0], 0)), home };
        let stdout = process.child.stdout.take().context("no stdout to read")?;
        let announced = announced_address(ChildStdout::from_std(stdout)?);
        process.address = timeout(PATIENCE, announced).await.context("it announced no address")??;
        Ok(process)
    }

    /// Puts another config in force, while it serves.
    pub async fn reconfigure(&self, more: &str) -> Result<()> {
        let home = self.home.as_ref().context("a process without a config")?;
        home.configure(more)?;
        let mut reload = tokio::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = timeout(PATIENCE, reload.arg("reload").args(home.arguments()).output()).await??;
        ensure!(output.status.success(), "reload failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// The CPU time it has used so far.
    pub fn cpu(&self) -> Result<CpuSample> {
        CpuSample::of(self.child.id())
    }

    /// How often its threads have gone to sleep so far.
    #[cfg(target_os = "linux")]
    pub fn sleeps(&self) -> Result<u64> {
        usage::sleeps(self.child.id())
    }

    /// The memory it has now.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.child.id())
    }

    /// Ends the process the way a user would, and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        #[cfg(unix)]
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )?;
        let ended = async {
            while self.child.try_wait()?.is_none() {
                sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        };
        timeout(PATIENCE, ended).await.context("it did not end when asked to")?
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the child has ended already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first address in the output. What follows is read and thrown away, so that the writer never blocks.
async fn announced_address(stdout: ChildStdout) -> Result<SocketAddr> {
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let line = lines.next_line().await?.context("its output ended before an address was in it")?;
        if let Some(address) = address_in(&line) {
            let mut rest = lines.into_inner();
            tokio::spawn(async move { io::copy(&mut rest, &mut io::sink()).await });
            return Ok(address);
        }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter));
    rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', ':']).parse().ok()
}
