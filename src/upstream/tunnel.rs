//! Why a proxy opened no tunnel. The HTTP client reports only that it did not, so the proxy
//! is asked once more, after a failure only.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::language::printable::shortened;

/// How long a failing request waits for the proxy's reason.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes read of the answer, enough for its first line.
const LONGEST_LINE: usize = 256;

/// The status and reason of the proxy's refusal, such as `403 Forbidden`; `None` if the proxy
/// does not answer with a refusal.
pub async fn refusal(proxy: &Url, host: &str, port: u16) -> Option<String> {
    if proxy.scheme() != "http" {
        return None;
    }
    timeout(PATIENCE, ask(proxy, host, port)).await.ok()?
}

async fn ask(proxy: &Url, host: &str, port: u16) -> Option<String> {
    let own_host = proxy.host_str()?.trim_start_matches('[').trim_end_matches(']');
    let mut stream = TcpStream::connect((own_host, proxy.port_or_known_default()?)).await.ok()?;
    let request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{}\r\n", authorization(proxy));
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut line = Vec::new();
    while line.len() < LONGEST_LINE && !line.ends_with(b"\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    status_in(&String::from_utf8_lossy(&line))
}

fn authorization(proxy: &Url) -> String {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let Some(password) = proxy.password() else { return String::new() };
    let pair = format!("{}:{}", decoded(proxy.username()), decoded(password));
    format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair))
}

fn status_in(line: &str) -> Option<String> {
    let (_, status) = line.trim_end().split_once(' ').filter(|(version, _)| version.starts_with("HTTP/"))?;
    let is_refusal = status.starts_with(['3', '4', '5']);
    is_refusal.then(|| shortened(status, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_status_line_of_a_refusal_is_read() {
        assert_eq!(status_in("HTTP/1.1 403 Forbidden\r\n").as_deref(), Some("403 Forbidden"));
        assert_eq!(status_in("HTTP/1.0 503\n").as_deref(), Some("503"));
        for other in ["HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH 9\r\n", "", "403 Forbidden"] {
            assert_eq!(status_in(other), None, "{other}");
        }
    }

    #[test]
    fn a_percent_encoded_password_is_sent_decoded() {
        let proxy = Url::parse("http://me:a%40b@proxy.test:3128").expect("a URL");
        let expected = format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode("me:a@b"));
        assert_eq!(authorization(&proxy), expected);
    }
}
