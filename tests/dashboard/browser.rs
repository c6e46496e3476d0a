//! A headless Chromium, driven through its `chromedriver`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::{ParseError, Url};

use crate::support::{TestProxy, until};

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1000",
];

/// The browser's session; it ends with the test.
pub struct Browser {
    client: Client,
    session: String,
    port: u16,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// `None` without a browser: `tests/run` installs Debian's `chromium-driver`.
    pub async fn open() -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut driver) = driver else {
            let _ = writeln!(std::io::stderr(), "skipped: there is no chromedriver");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("readable").expect("chromedriver says its port");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port");
            }
        };
        let profile = tempfile::tempdir().expect("a directory");
        let data = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([data.as_str()]).collect();
        let Value::Object(capabilities) = json!({
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session");
        let session = client.session_id().await.expect("a session").expect("its id");
        Some(Self { client, session, port, _driver: driver, _profile: profile })
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("it loads");
    }

    /// The dashboard, as `portcullis open` would open it.
    pub async fn open_dashboard(&self, proxy: &TestProxy) {
        self.goto(&proxy.way_in().await).await;
        self.shows("#title", "Running on").await;
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("reloaded");
    }

    pub async fn back(&self) {
        self.client.back().await.expect("went back");
    }

    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").to_string()
    }

    pub async fn source(&self) -> String {
        self.client.source().await.expect("a page")
    }

    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script that calls its last argument when it is done.
    pub async fn run_async(&self, script: &str) -> Value {
        self.client
            .execute_async(script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script returns true.
    pub async fn until(&self, script: &str) {
        until(script, async || {
            (self.run(&format!("return !!({script})")).await == json!(true)).then_some(())
        })
        .await;
    }

    /// Waits until the text of an element contains this.
    pub async fn shows(&self, css: &str, text: &str) {
        self.until(&format!("document.querySelector({})?.textContent.includes({})", json!(css), json!(text)))
            .await;
    }

    pub async fn text(&self, css: &str) -> String {
        let script = format!("return document.querySelector({})?.textContent ?? ''", json!(css));
        self.run(&script).await.as_str().expect("text").to_owned()
    }

    pub async fn count(&self, css: &str) -> u64 {
        let script = format!("return document.querySelectorAll({}).length", json!(css));
        self.run(&script).await.as_u64().expect("a number")
    }

    /// Clicks an element as soon as it can be clicked; a live part may replace it meanwhile.
    pub async fn click(&self, css: &str) {
        until(css, async || self.find(css).await?.click().await.ok()).await;
    }

    /// Replaces the text of a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = until(css, async || self.find(css).await).await;
        field.clear().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    pub async fn choose(&self, css: &str, value: &str) {
        let field = until(css, async || self.find(css).await).await;
        field.select_by_value(value).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Presses a key several times in a row.
    pub async fn press(&self, key: Key, times: usize) {
        let value = char::from(key);
        let keys = (0..times).fold(KeyActions::new("keyboard".to_owned()), |keys, _| {
            keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(keys).await.expect("the keyboard works");
    }

    /// Types into the focused field.
    pub async fn type_text(&self, text: &str) {
        let keys = text.chars().fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
            keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(keys).await.expect("the keyboard works");
    }

    /// `light` or `dark`.
    pub async fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub async fn width(&self, width: u32) {
        let size = json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// A command of Chromium's own protocol.
    pub async fn cdp(&self, command: &'static str, parameters: Value) -> Value {
        let command = Cdp { command, parameters };
        self.client.issue_cmd(command).await.expect("the command works")
    }

    async fn find(&self, css: &str) -> Option<Element> {
        self.client.find(Locator::Css(css)).await.ok()
    }

    /// The console's messages since the last call, except for refused calls and advice about
    /// forms.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.expect("a log");
        let entries = log.as_array().expect("a list").iter();
        let real =
            entries.filter(|entry| entry["source"] != "network" && entry["source"] != "recommendation");
        real.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Chromium does not end with chromedriver, only with its session.
impl Drop for Browser {
    fn drop(&mut self) {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return };
        let head = format!("DELETE /session/{} HTTP/1.1\r\nhost: localhost\r\n", self.session);
        let _ = stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes());
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[derive(Debug)]
struct Cdp {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}

/// A command of Chromium's own: the console's messages, from pages and from the browser.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
