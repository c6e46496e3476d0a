//! The tray agent in a session of its own: a private bus, a scripted panel on it, and
//! the real binary.

mod harness;
mod login;
mod menu;
mod notifications;
mod session;
mod settings;

use crate::support::desktop::{PrivateBus, TrayHost, TrayItem};
use crate::support::proxy::proxy_section;
use crate::support::{Home, TestProxy};

/// Any port, one account, and a comment that every change must leave alone.
fn config(more: &str) -> String {
    let demo = "\n# The only one.\n[[accounts]]\nname = \"demo_1\"\nprovider = \"demo\"\n";
    format!("language = \"en\" # mine\n{}{demo}{more}", proxy_section("port = 0"))
}

/// An agent whose icon stands in a panel.
struct Desktop {
    bus: PrivateBus,
    host: TrayHost,
    item: TrayItem,
    agent: TestProxy,
}

impl Desktop {
    async fn with(config: &str) -> Self {
        Self::start(Home::with_config(config), |_| {}).await
    }

    /// `prepare`: what the agent's command needs besides.
    async fn start(home: Home, prepare: impl FnOnce(&mut std::process::Command)) -> Self {
        let bus = PrivateBus::start().await;
        let mut host = TrayHost::start(&bus).await;
        let mut command = bus.command(&home, &[]);
        prepare(&mut command);
        let agent = TestProxy::spawn_stopped(home, command).await;
        let item = host.item().await;
        Self { bus, host, item, agent }
    }

    /// Waits until the proxy runs and the menu says so.
    async fn running(mut self) -> Self {
        self.agent.address = self.wait_until_running().await;
        self
    }

    async fn wait_until_running(&self) -> std::net::SocketAddr {
        let status = self.agent.wait_for_status("running", |status| status["state"] == "running").await;
        let address = status["address"].as_str().expect("an address").parse().expect("an address");
        self.item.wait_for_line(&format!("Running on {address} (off)")).await;
        address
    }

    async fn is_bound(&self) -> bool {
        tokio::net::TcpStream::connect(self.agent.address).await.is_ok()
    }
}

/// A stand-in for what opens pages and files on a desktop.
struct Opener {
    directory: std::path::PathBuf,
}

fn fake_opener(home: &Home) -> Opener {
    let directory = home.file("opener");
    std::fs::create_dir(&directory).expect("created");
    let script = directory.join("xdg-open");
    let opened = directory.join("opened");
    // Renamed into its place, so that it is never read half-written.
    let text = format!("#!/bin/sh\nprintf %s \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n", opened.display());
    std::fs::write(&script, text).expect("written");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
    Opener { directory }
}

impl Opener {
    fn install(&self, command: &mut std::process::Command) {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.directory.display()));
    }

    /// What was opened, once it was.
    async fn opened(&self) -> String {
        let opened = self.directory.join("opened");
        crate::support::wait::until("something is opened", async || std::fs::read_to_string(&opened).ok())
            .await
    }
}
