//! `portcullis open`: the address that a browser is started with, and what is printed without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::home::{stderr, stdout};
use crate::support::opener::{Opener, ticket};
use crate::support::{FakeUpstream, Reply, TestProxy, request};

async fn agent() -> TestProxy {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    TestProxy::with_upstream("openai", &upstream).await
}

async fn run(command: Command) -> Output {
    tokio::process::Command::from(command).output().await.expect("it runs")
}

/// `portcullis open` on a desktop with this opener.
async fn open(proxy: &TestProxy, opener: &Opener) -> Output {
    let mut command = proxy.home.command(&["open"]);
    opener.install(&mut command);
    run(command).await
}

async fn exchange(proxy: &TestProxy, address: &str) -> u16 {
    let headers = [("x-portcullis-token", ticket(address))];
    request(proxy.control().0, "POST", "/api/session", &headers, "{}").await.status.as_u16()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

/// Whether another user of this computer can read a file.
fn is_readable_to_others(path: &Path) -> bool {
    let spy = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "cat"])
        .arg(path)
        .output()
        .expect("setpriv runs (util-linux)");
    assert!(spy.status.success() || !stderr(&spy).contains("setpriv"), "run this as root: {}", stderr(&spy));
    spy.status.success()
}

#[tokio::test]
async fn a_browser_is_led_in_by_a_private_file_that_goes_again() {
    let proxy = agent().await;
    let (address, launch) = proxy.control();
    let opener = Opener::new(&proxy.home);
    // The home is open to others, as a plain `mkdir` makes it.
    fs::set_permissions(proxy.home.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    let output = open(&proxy, &opener).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = format!("Opened http://{address} in your browser; `--print` prints the address instead.\n");
    assert_eq!((stdout(&output), stderr(&output)), (printed, String::new()));

    let started_with = opener.opened().await;
    let page = opener.page().await;
    let way_in = opener.leads_to().await;
    assert!(way_in.starts_with(&format!("http://{address}/#")), "{way_in}");
    for secret in [ticket(&way_in), &launch] {
        assert!(!started_with.contains(secret), "{started_with}");
    }
    assert_eq!((mode(&page), mode(page.parent().expect("a directory"))), (0o600, 0o700));
    assert!(is_readable_to_others(Path::new("/proc/self/status")) && !is_readable_to_others(&page));
    assert_eq!(exchange(&proxy, &way_in).await, 200);
    assert!(!page.exists(), "it has done its work");
    assert_eq!(exchange(&proxy, &way_in).await, 401);
}

#[tokio::test]
async fn a_page_that_was_never_opened_is_removed_after_a_kill() {
    let proxy = agent().await;
    let page = async |proxy: &TestProxy| {
        let answer = proxy.control_call("POST", "/api/ticket", r#"{"page": true}"#).await.json();
        PathBuf::from(answer["page"].as_str().expect("a page"))
    };
    let left = page(&proxy).await;
    assert!(left.exists());
    let mut proxy = proxy.killed_and_restarted().await;
    assert!(!left.exists(), "the next start takes it away");
    let left = page(&proxy).await;
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    assert!(!left.exists(), "and so does the end");
}

#[tokio::test]
async fn a_browser_that_cannot_read_the_file_gets_an_address_that_is_good_once() {
    let cases =
        [("firefox_firefox.desktop", "firefox_firefox.desktop"), ("browser.desktop", "editor.desktop")];
    for (browser, of_pages) in cases {
        let proxy = agent().await;
        let opener = Opener::new(&proxy.home);
        opener.answer("xdg-settings", browser);
        opener.answer("xdg-mime", of_pages);
        assert_eq!(open(&proxy, &opener).await.status.code(), Some(0));
        let way_in = opener.opened().await;
        let (address, launch) = proxy.control();
        assert!(way_in.starts_with(&format!("http://{address}/#")) && ticket(&way_in) != launch, "{way_in}");
        assert_eq!(
            [exchange(&proxy, &way_in).await, exchange(&proxy, &way_in).await],
            [200, 401],
            "{browser}"
        );
    }
}

#[tokio::test]
async fn a_browser_that_is_known_and_reads_files_gets_the_file() {
    let proxy = agent().await;
    let opener = Opener::new(&proxy.home);
    for tool in ["xdg-settings", "xdg-mime"] {
        opener.answer(tool, "org.mozilla.firefox.desktop");
    }
    assert_eq!(open(&proxy, &opener).await.status.code(), Some(0));
    assert_eq!(exchange(&proxy, &opener.leads_to().await).await, 200);
}

#[tokio::test]
async fn a_printed_address_is_good_once_and_holds_no_launch_token() {
    let proxy = agent().await;
    let (address, launch) = proxy.control();
    let printed = stdout(&proxy.run(&["open", "--print"]).await);
    assert!(printed.starts_with(&format!("http://{address}/#")) && printed.ends_with('\n'), "{printed}");
    assert_ne!(ticket(&printed), launch);
    assert_eq!([exchange(&proxy, &printed).await, exchange(&proxy, &printed).await], [200, 401]);
    let json = stdout(&proxy.run(&["--json", "open", "--print"]).await);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(exchange(&proxy, json["dashboard_url"].as_str().expect("an address")).await, 200);
}

#[tokio::test]
async fn a_browser_that_cannot_be_opened_is_reported_without_an_address() {
    let cases: [(Option<u8>, &str); 2] = [(Some(4), "xdg-open: exit 4"), (None, "xdg-open: not found")];
    for (status, reason) in cases {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let account = crate::support::proxy::account("work", "openai", &upstream, "");
        let home = crate::support::Home::with_config(&account);
        let opener = Opener::failing(&home, status.unwrap_or_default());
        if status.is_none() {
            fs::remove_file(home.file("opener/xdg-open")).expect("there");
        }
        let mut command = home.command(&["serve", "--port", "0"]);
        opener.install_alone(&mut command);
        let proxy = TestProxy::spawn(home, command).await;
        let printed = format!("No browser could be opened ({reason}).");

        let mut command = proxy.home.command(&["open"]);
        opener.install_alone(&mut command);
        let output = run(command).await;
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
        assert_eq!(
            stderr(&output),
            format!("error: {printed} `portcullis open --print` prints the dashboard's address.\n")
        );

        let answer = proxy.control_call("POST", "/api/open", "").await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (409, Some(printed.as_str())));
        let log = fs::read_to_string(proxy.home.file("portcullis.log")).unwrap_or_default();
        assert!(!log.contains("8046/#") && !log.contains("file://"), "{log}");
    }
}
