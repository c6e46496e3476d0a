//! The real binary, serving on a port of its own.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::Child;
use tokio::time::timeout;

use super::client::{self, Answer, request};
use super::home::{CLIENT_KEY, Home};
use super::upstream::FakeUpstream;
use super::wait::until;

/// Longer than anything a test waits for.
pub const LIMIT: Duration = Duration::from_secs(30);

pub struct TestProxy {
    pub home: Home,
    pub address: SocketAddr,
    child: Child,
    lines: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
}

impl TestProxy {
    /// Serves this config on a free port. `[proxy]` is the caller's to write, or not.
    pub async fn serve(config: &str) -> Self {
        Self::serve_home(Home::with_config(config), &["serve", "--port", "0"]).await
    }

    /// One account of this provider, pointed at a scripted upstream.
    pub async fn with_upstream(provider: &str, upstream: &FakeUpstream) -> Self {
        Self::serve(&account("work", provider, upstream, "")).await
    }

    /// Runs a serving command in a home and waits until it answers.
    pub async fn serve_home(home: Home, arguments: &[&str]) -> Self {
        let command = home.command(arguments);
        Self::spawn(home, command).await
    }

    pub async fn spawn(home: Home, command: std::process::Command) -> Self {
        let mut child = tokio::process::Command::from(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        let mut proxy = Self::of(home, child, Box::new(stdout));
        proxy.address = proxy.wait_until_running().await;
        proxy
    }

    /// Starts a command whose output the caller has sent elsewhere, and waits until its
    /// control plane is announced. Its status says where it runs, if it does.
    pub async fn spawn_unheard(home: Home, command: std::process::Command) -> Self {
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
        let proxy = Self::of(home, child.expect("the binary starts"), Box::new(tokio::io::empty()));
        proxy.wait_until_announced().await
    }

    /// A serving command that need not run: the proxy may be stopped.
    pub async fn spawn_stopped(home: Home, mut command: std::process::Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
        let mut child = child.expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        Self::of(home, child, Box::new(stdout)).wait_until_announced().await
    }

    fn of(home: Home, child: Child, stdout: Box<dyn AsyncRead + Send + Unpin>) -> Self {
        Self { home, address: ([127, 0, 0, 1], 0).into(), child, lines: BufReader::new(stdout).lines() }
    }

    /// Polls, because no event announces that a file was created.
    async fn wait_until_announced(self) -> Self {
        let announced = async {
            while !self.home.file("control.json").exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, announced).await.expect("it announces its control plane");
        self
    }

    /// Kills it as a power cut would, and returns the home it leaves.
    pub async fn killed(mut self) -> Home {
        self.child.kill().await.expect("killed");
        self.home
    }

    /// The next address at which it says it runs.
    pub async fn wait_until_running(&mut self) -> SocketAddr {
        const RUNNING: [&str; 3] = ["Running on http://", " で実行中", "正在 http://"];
        let line = self.wait_for("that it runs", |line| RUNNING.iter().any(|text| line.contains(text))).await;
        let address = line.split("http://").nth(1).expect("an address");
        address.split([' ', '/']).next().expect("an address").parse().expect("an address")
    }

    /// The next line of its standard output that matches.
    async fn wait_for(&mut self, text: &str, is_meant: impl Fn(&str) -> bool) -> String {
        let wait = async {
            while let Some(line) = self.lines.next_line().await.expect("readable") {
                if is_meant(&line) {
                    return line;
                }
            }
            panic!("it ended before it said {text:?}: {}", self.log().await)
        };
        match timeout(LIMIT, wait).await {
            Ok(line) => line,
            Err(elapsed) => panic!("it never said {text:?}: {elapsed}"),
        }
    }

    /// Everything it writes to standard output until it ends.
    pub async fn remaining_stdout(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = timeout(LIMIT, self.lines.next_line()).await.expect("it ends").expect("text") {
            text = text + &line + "\n";
        }
        text
    }

    /// What it has logged, once it has ended.
    async fn log(&mut self) -> String {
        let mut log = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut log).await;
        }
        log
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("still running")
    }

    /// The most memory it has used, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("running");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("sent");
    }

    /// Waits for its end: exit code and log.
    pub async fn ended(&mut self) -> (Option<i32>, String) {
        let status = timeout(LIMIT, self.child.wait()).await.expect("it ends").expect("its status");
        (status.code(), self.log().await)
    }

    /// A request of any kind to the proxy.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        request(self.address, method, path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], &body.to_string()).await
    }

    /// A minimal chat completion for a model.
    pub async fn chat(&self, model: &str) -> Answer {
        self.post("/v1/chat/completions", &client::chat(model, false)).await
    }

    /// The agent's control plane: address and token.
    pub fn control(&self) -> (SocketAddr, String) {
        let text = std::fs::read_to_string(self.home.file("control.json")).expect("announced");
        let control: Value = serde_json::from_str(&text).expect("JSON");
        let address = control["address"].as_str().expect("an address").parse().expect("an address");
        (address, control["token"].as_str().expect("a token").to_owned())
    }

    /// A call of the control API.
    pub async fn control_call(&self, method: &str, path: &str, body: &str) -> Answer {
        let (address, token) = self.control();
        request(address, method, path, &[("x-portcullis-token", &token)], body).await
    }

    /// An address that opens the dashboard once, as `portcullis open --print` prints it.
    pub async fn way_in(&self) -> String {
        let answer = self.control_call("POST", "/api/ticket", "{}").await.json();
        answer["dashboard_url"].as_str().expect("an address").to_owned()
    }

    /// The session of a page that was let in.
    pub async fn session(&self) -> String {
        let way_in = self.way_in().await;
        let ticket = way_in.rsplit('#').next().expect("a ticket");
        let (address, _) = self.control();
        let headers = [("x-portcullis-token", ticket)];
        let answer = request(address, "POST", "/api/session", &headers, "{}").await;
        answer.json()["token"].as_str().expect("a session").to_owned()
    }

    pub async fn status(&self) -> Value {
        self.control_call("GET", "/api/status", "").await.json()
    }

    /// A `portcullis` command in the same home, run to its end.
    pub async fn run(&self, arguments: &[&str]) -> std::process::Output {
        self.home.ask(arguments).await
    }

    /// Follows the status stream until one satisfies the condition.
    pub async fn wait_for_status(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let (address, token) = self.control();
        let mut events = client::events(address, "/api/events", &[("x-portcullis-token", &token)]).await;
        let wait = async {
            loop {
                let status = events.next().await.expect("the stream goes on");
                let status: Value = serde_json::from_str(&status).expect("JSON");
                if condition(&status) {
                    return status;
                }
            }
        };
        match timeout(LIMIT, wait).await {
            Ok(status) => status,
            Err(elapsed) => {
                panic!("the status never said {what}: {elapsed}; it says {}", self.status().await)
            }
        }
    }

    /// The records once there are this many, newest first. An exchange is filed just after
    /// its last byte has left, and nothing announces it.
    pub async fn wait_for_records(&self, count: usize) -> Vec<Value> {
        until("this many exchanges are filed", async || {
            Some(self.records().await).filter(|records| records.len() >= count)
        })
        .await
    }

    /// Stops it cleanly and starts another in the same home.
    #[cfg(unix)]
    pub async fn restarted(mut self) -> Self {
        self.signal(rustix::process::Signal::TERM);
        self.ended().await;
        Self::serve_home(self.home, &["serve", "--port", "0"]).await
    }

    /// Kills it as a power cut would and starts another in the same home.
    pub async fn killed_and_restarted(mut self) -> Self {
        self.child.kill().await.expect("killed");
        Self::serve_home(self.home, &["serve", "--port", "0"]).await
    }

    /// What the status reports for one account.
    pub async fn account(&self, name: &str) -> Value {
        account_in(&self.status().await, name)
    }

    /// The latest records of exchanges, newest first.
    pub async fn records(&self) -> Vec<Value> {
        let records = self.control_call("GET", "/api/records", "").await.json();
        records.as_array().expect("a list").clone()
    }
}

/// A port that was free a moment ago, for configs that must name one.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The text of one account. `more`: further lines of its section.
pub fn account(name: &str, provider: &str, upstream: &FakeUpstream, more: &str) -> String {
    let base_url = match provider {
        "openai" | "openai-compatible" => format!("{}/v1", upstream.url()),
        _ => upstream.url(),
    };
    let models =
        if provider == "openai-compatible" && !more.contains("models") { "models = [\"*\"]\n" } else { "" };
    format!(
        "\n[[accounts]]\nname = \"{name}\"\nprovider = \"{provider}\"\napi_key = \"up-{name}-secret-key\"\n\
         base_url = \"{base_url}\"\n{models}{more}\n"
    )
}

/// A `[proxy]` section with the test's client key.
pub fn proxy_section(more: &str) -> String {
    format!("[proxy]\napi_key = \"{CLIENT_KEY}\"\n{more}\n")
}

/// What a status reports for one account.
pub fn account_in(status: &Value, name: &str) -> Value {
    let accounts = status["accounts"].as_array().expect("a list");
    accounts.iter().find(|account| account["name"] == name).expect("an account of this name").clone()
}
