//! `GET /metrics`: what is counted, in the text format of Prometheus (OpenMetrics).
//!
//! A scraper proves itself like everybody else on the control plane, with the token in
//! `x-portcullis-token`. Token and port change with each launch; `control.json` in the
//! state directory has both, and so has what `portcullis open --print` prints.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

use super::Control;
use crate::control::{ProxyState, Status};
use crate::monitor::RecorderHealth;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

pub fn router(control: &Arc<Control>) -> Router {
    Router::with_path("metrics").get(Metrics(Arc::clone(control)))
}

struct Metrics(Arc<Control>);

#[async_trait]
impl Handler for Metrics {
    async fn handle(&self, _: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let Control { agent, recorder, .. } = &*self.0;
        // What has ended by now counts.
        recorder.settle().await;
        let mut text = String::new();
        recorder.metrics().encode(&mut text);
        present(&agent.status(), &recorder.health(), &mut text);
        response.status_code(StatusCode::OK);
        response.headers_mut().insert(CONTENT_TYPE, OPENMETRICS);
        response.body(ResBody::Once(text.into()));
    }
}

/// What is so at this moment, and the last line.
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
