//! The agent with its icon: on a session bus of its own, before a panel that only counts registrations.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::{Connection, interface};

use crate::load::check_health;
use crate::process::{Home, Process};
use crate::report::{Figure, Goal};
use crate::rig::Rig;
use crate::rounds::{Values, percentile};

const STARTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);
/// After its start, and after the panel has asked for everything.
const REST: Duration = Duration::from_secs(2);

/// What one agent showed.
struct Shown {
    registered: Duration,
    healthy: Duration,
}

pub async fn tray(rig: &Rig) -> Result<Vec<Figure>> {
    let bus = Bus::start().await?;
    let mut panel = Panel::start(&bus).await?;
    let home = Home::with_known_port(rig.upstream())?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (agent, shown) = start(&home, &bus, &mut panel).await?;
        agent.stop().await?;
        starts.push(shown);
    }
    let (agent, _) = start(&home, &bus, &mut panel).await?;
    sleep(REST).await;
    let memory = agent.memory()?;
    let (cpu, sleeps) = (agent.cpu()?, agent.sleeps()?);
    sleep(rig.plan.idle_window).await;
    let idle = cpu.spent_until(agent.cpu()?);
    let wakeups = (agent.sleeps()? - sleeps) as f64 / rig.plan.idle_window.as_secs_f64();
    agent.stop().await?;
    let median = |time: fn(&Shown) -> Duration| {
        percentile(starts.iter().map(|shown| time(shown).as_secs_f64() * 1e3).collect(), 0.5)
    };
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_portcullis"))?.len();
    let figure =
        |name, unit, value| Figure::new(name, unit, Values { portcullis: value, ..Values::default() });
    let at_most = |limit| Goal::AtMost { limit, stretch: None };
    Ok(vec![
        figure("exec to the icon registered, median of 8", "ms", median(|shown| shown.registered)),
        figure("exec to the first 200, median of 8", "ms", median(|shown| shown.healthy)).goal(at_most(10.0)),
        figure("RSS, fresh", "MB", Some(memory.rss as f64 / 1e6)).goal(at_most(16.0)),
        figure("PSS, fresh", "MB", Some(memory.pss as f64 / 1e6)),
        figure("CPU ticks while idle", "ticks", Some(f64::from(idle.ticks))).goal(at_most(0.0)),
        figure("wakeups while idle", "1/s", Some(wakeups)),
        figure("the program", "MB", Some(binary as f64 / 1e6)),
    ])
}

/// One agent from exec to where both the panel and a client have it.
async fn start(home: &std::sync::Arc<Home>, bus: &Bus, panel: &mut Panel) -> Result<(Process, Shown)> {
    let begun = Instant::now();
    let answering = async {
        let agent = Process::tray(home.clone(), &bus.address()).await?;
        check_health(agent.address).await?;
        Ok::<_, anyhow::Error>((agent, begun.elapsed()))
    };
    let registered = async {
        panel.next().await?;
        Ok::<_, anyhow::Error>(begun.elapsed())
    };
    let ((agent, healthy), registered) = tokio::try_join!(answering, registered)?;
    Ok((agent, Shown { registered, healthy }))
}

/// A session bus that ends when this is dropped.
struct Bus {
    directory: TempDir,
    daemon: Child,
}

impl Bus {
    async fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--address=unix:path={}", directory.path().join("bus").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon does not run (Debian: apt-get install dbus)")?;
        let stdout = daemon.stdout.take().context("no stdout to read")?;
        let bus = Self { directory, daemon };
        let mut lines = BufReader::new(ChildStdout::from_std(stdout)?).lines();
        let ready = timeout(PATIENCE, lines.next_line()).await.context("dbus-daemon did not start")??;
        ensure!(ready.is_some(), "dbus-daemon ended at once");
        Ok(bus)
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("bus")
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Reports each program that registers an icon.
struct Panel {
    _connection: Connection,
    registrations: mpsc::UnboundedReceiver<String>,
}

impl Panel {
    async fn start(bus: &Bus) -> Result<Self> {
        let (registered, registrations) = mpsc::unbounded_channel();
        let connection = Builder::address(bus.address().as_str())
            .serve_at("/StatusNotifierWatcher", Watcher { registered })
            .name("org.kde.StatusNotifierWatcher")
            .build()
            .await?;
        Ok(Self { _connection: connection, registrations })
    }

    /// The next program that registers.
    async fn next(&mut self) -> Result<String> {
        timeout(PATIENCE, self.registrations.recv())
            .await
            .context("no icon was registered")?
            .context("no panel")
    }
}

struct Watcher {
    registered: mpsc::UnboundedSender<String>,
}

#[expect(clippy::unused_self, reason = "the interface's getters have one")]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str) {
        let _ = self.registered.send(service.to_owned());
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
