//! `GET /metrics`: the counters and gauges in the text format of Prometheus (OpenMetrics).
//!
//! A scraper needs the token in `x-portcullis-token`, as every caller of the control plane does.
//! Token and port change with each launch; `control.json` in the state directory holds both.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::answer::{Answer, CallResult};
use super::call::Call;
use super::plane::Control;
use crate::control::{ProxyState, Status};
use crate::monitor::RecorderHealth;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub async fn metrics(call: Call) -> CallResult {
    let Control { agent, recorder, .. } = &*call.control;
    // Exchanges that have ended by now are counted.
    recorder.settle().await;
    let mut text = String::new();
    recorder.metrics().encode(&mut text);
    present(&agent.status(), &recorder.health(), &mut text);
    Ok(Answer::text(OPENMETRICS, text))
}

/// Writes the values of this moment, and the last line.
fn present(status: &Status, health: &RecorderHealth, into: &mut String) {
    let mut registry = Registry::with_prefix("portcullis");
    let version = Info::new(vec![("version", status.version.clone())]);
    registry.register("build", "Which portcullis this is", version);
    let up = ConstGauge::new(i64::from(status.state == ProxyState::Running));
    registry.register("up", "Whether the proxy is running", up);
    registry.register("accounts", "Accounts by their state", accounts(status));
    let help = "Requests that were not recorded because the disk or the queue was full";
    registry.register("records_dropped", help, ConstCounter::new(health.dropped));
    let size = ConstGauge::new(health.size as f64);
    registry.register_with_unit("record_size", "The record of requests on disk", Unit::Bytes, size);
    let _ = text::encode_registry(into, &registry).and_then(|()| text::encode_eof(into));
}

type Accounts = Family<Vec<(&'static str, String)>, Gauge<u64, AtomicU64>>;

fn accounts(status: &Status) -> Accounts {
    let accounts = Accounts::default();
    for account in &status.accounts {
        let labels = vec![("provider", account.provider.clone()), ("state", account.state.to_string())];
        accounts.get_or_create(&labels).inc();
    }
    accounts
}
