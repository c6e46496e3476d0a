//! Another user of this computer, who runs programs of their own.

use std::net::SocketAddr;
use std::process::Stdio;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::process::Command;
use tokio::time::timeout;

use super::client::Answer;
use super::proxy::LIMIT;

/// A user and a group without any file of their own.
pub const USER: u32 = 65_534;

/// A program run as that user. Only root can do that, so the tests that need it are root's.
pub fn command(program: &str) -> Command {
    let mut command = Command::from(command_as(USER, program));
    command.kill_on_drop(true);
    command
}

/// The same for any user by number.
pub fn command_as(user: u32, program: &str) -> std::process::Command {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test needs a second user of the computer: run it as root, as CI does"
    );
    let user = user.to_string();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--", program]);
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// The status that a user is answered with.
pub async fn status_as(user: u32, address: SocketAddr, path: &str) -> u16 {
    let url = format!("http://{address}{path}");
    let mut curl = Command::from(command_as(user, "curl"));
    curl.args(["--silent", "--noproxy", "*", "--max-time", "20", "--output", "/dev/null"]);
    curl.args(["--write-out", "%{http_code}", &url]).kill_on_drop(true);
    let output = timeout(LIMIT, curl.output()).await.expect("it ends").expect("setpriv and curl are there");
    String::from_utf8_lossy(&output.stdout).parse().expect("a status")
}

/// What the stranger is answered.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    ask_with(&[], address, method, path, headers, body).await
}

/// The same with further arguments to `curl`.
pub async fn ask_with(
    arguments: &[&str],
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut curl = command("curl");
    curl.args(["--silent", "--show-error", "--include", "--globoff", "--noproxy", "*", "--max-time", "20"]);
    curl.args(["--request", method]).args(arguments);
    for (name, value) in headers {
        curl.args(["--header", &format!("{name}: {value}")]);
    }
    if method == "HEAD" {
        curl.arg("--head");
    } else if !body.is_empty() {
        curl.args(["--data-binary", body]);
    }
    curl.arg(format!("http://{address}{path}"));
    let output = timeout(LIMIT, curl.output()).await.expect("it ends").expect("setpriv and curl are there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    read(&said).unwrap_or_else(|| panic!("no answer: {said:?} {}", String::from_utf8_lossy(&output.stderr)))
}

/// Sends bytes and is gone before anybody can answer.
pub async fn shout(address: SocketAddr, bytes: &str) {
    let (ip, port) = (address.ip(), address.port());
    let script = format!("exec 3<>/dev/tcp/{ip}/{port}; printf %s \"$1\" >&3");
    let mut bash = command("bash");
    bash.args(["-c", &script, "bash", bytes]);
    let status = timeout(LIMIT, bash.status()).await.expect("it ends").expect("setpriv and bash are there");
    assert!(status.success(), "it connects");
}

fn read(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    Some(Answer {
        status: StatusCode::from_u16(status).ok()?,
        headers: lines.filter_map(header).collect::<HeaderMap>(),
        body: body.to_owned().into(),
        cut: false,
    })
}
