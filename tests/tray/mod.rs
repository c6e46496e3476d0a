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

/// An agent with its icon in a panel.
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

    /// `prepare`: further changes to the agent's command.
    async fn start(home: Home, prepare: impl FnOnce(&mut std::process::Command)) -> Self {
        let bus = PrivateBus::start().await;
        let mut host = TrayHost::start(&bus).await;
        let mut command = bus.command(&home, &[]);
        prepare(&mut command);
        let agent = TestProxy::spawn_stopped(home, command).await;
        let item = host.item().await;
        Self { bus, host, item, agent }
    }

    /// Waits until the proxy runs and the menu shows it.
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
