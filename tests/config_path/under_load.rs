//! No request fails because of a reload.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tokio::task::JoinSet;

use super::{naming, wait_until_in_force};
use crate::support::client::{chat, try_open};
use crate::support::{FakeUpstream, Reply, TestProxy};

const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n";

/// Workers that send one request after another until they are stopped, each on a connection of
/// its own; every second worker requests streams.
pub struct Load {
    workers: JoinSet<Vec<String>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
}

impl Load {
    pub fn on(address: SocketAddr, workers: usize) -> Self {
        let mut load = Self { workers: JoinSet::new(), stop: Arc::default(), sent: Arc::default() };
        for _ in 0..workers {
            load.workers.spawn(work(address, Arc::clone(&load.stop), Arc::clone(&load.sent)));
        }
        load
    }

    /// Ends the workers, and returns the number of requests they sent and their failures.
    pub async fn ended(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self.workers.join_all().await.concat();
        (self.sent.load(Ordering::Relaxed), failed)
    }
}

/// Returns the failures.
async fn work(address: SocketAddr, stop: Arc<AtomicBool>, sent: Arc<AtomicUsize>) -> Vec<String> {
    let mut failed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let streams = number.is_multiple_of(2);
        let body = chat("gpt-5", streams).to_string();
        let json = [("content-type", "application/json")];
        match try_open(address, "POST", "/v1/chat/completions", &json, body).await {
            Ok(mut stream) => {
                let status = stream.status;
                let (text, cut) = stream.rest().await;
                let is_right = if streams { text == STREAM } else { is_whole(&text) };
                if status != 200 || cut || !is_right {
                    failed.push(format!("{status}, cut: {cut}: {text}"));
                }
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    failed
}

/// The upstream streams whatever it is asked; a client that asked for a whole answer gets one.
fn is_whole(text: &str) -> bool {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    answer["choices"][0]["message"]["content"] == "hi"
}

pub async fn streaming_upstream() -> FakeUpstream {
    FakeUpstream::always(Reply::sse(STREAM)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reloads_while_eight_workers_send_and_stream_fail_nothing() {
    let upstream = streaming_upstream().await;
    let proxy = TestProxy::serve(&naming("account-0", &upstream)).await;
    let load = Load::on(proxy.address, 8);
    for number in 1..=100 {
        let name = format!("account-{number}");
        proxy.home.write_config(&naming(&name, &upstream));
        wait_until_in_force(&proxy, &name).await;
    }
    let (sent, failed) = load.ended().await;
    assert!(failed.is_empty(), "{} of {sent} failed: {:?}", failed.len(), failed.first());
    assert_eq!(upstream.seen().len(), sent, "nothing is sent twice");
    assert!(sent > 100, "the load was one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_by_command_in_a_storm_of_saves_fail_nothing() {
    let upstream = streaming_upstream().await;
    let proxy = TestProxy::serve(&naming("account-0", &upstream)).await;
    let load = Load::on(proxy.address, 4);
    for number in 1..=100 {
        let name = format!("account-{number}");
        proxy.home.write_config(&naming(&name, &upstream));
        let status = proxy.control_call("POST", "/api/reload", "").await.json();
        assert_eq!(super::names(&status), [name], "in force when the command returns");
    }
    let (sent, failed) = load.ended().await;
    assert!(failed.is_empty(), "{} of {sent} failed: {:?}", failed.len(), failed.first());
    assert_eq!(upstream.seen().len(), sent, "nothing is sent twice");
}
