//! Each record as an OpenTelemetry span and as metrics, by the conventions for generative AI.
//! The exporter sends batches on its own threads: a collector that is slow or gone loses records
//! and delays no request. Spans hold no prompts, answers, error texts or keys.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use super::conventions::{attribute, metric};
use super::record::Record;
use crate::protocol::Operation;
use crate::upstream::client::ClientOptions;
use crate::upstream::{Client, Scrubber};

const SCOPE: &str = "portcullis";
/// The timeout of one batch.
const LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The timeout of the last batch, when the agent ends.
const LAST_EXPORT: Duration = Duration::from_secs(1);

/// The buckets that the conventions recommend.
const SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// An export to one collector; dropping it ends it.
pub struct Telemetry {
    pub endpoint: String,
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    tracer: SdkTracer,
    duration: Histogram<f64>,
    first_chunk: Histogram<f64>,
    tokens: Histogram<u64>,
}

impl Telemetry {
    /// Fails when the endpoint is not a URL.
    pub fn start(endpoint: &str, runtime: Handle) -> Result<Self, ExporterBuildError> {
        let client = Courier { http: Arc::new(Client::new(options(), Scrubber::default())), runtime };
        let base = endpoint.trim_end_matches('/');
        let spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(format!("{base}/v1/traces"))
            .build()?;
        let figures = MetricExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{base}/v1/metrics"))
            .build()?;
        let traces =
            SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(spans).build();
        let metrics =
            SdkMeterProvider::builder().with_resource(resource()).with_periodic_exporter(figures).build();
        let meter = metrics.meter(SCOPE);
        Ok(Self {
            endpoint: endpoint.to_owned(),
            tracer: traces.tracer(SCOPE),
            duration: seconds(&meter, metric::GEN_AI_CLIENT_OPERATION_DURATION),
            first_chunk: seconds(&meter, metric::GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK),
            tokens: meter
                .u64_histogram(metric::GEN_AI_CLIENT_TOKEN_USAGE)
                .with_unit("{token}")
                .with_boundaries(TOKENS.to_vec())
                .build(),
            traces,
            metrics,
        })
    }

    /// Adds a record to the next batch.
    pub fn export(&self, record: &Record) {
        let labels = labels(record);
        self.export_span(record, labels.clone());
        self.duration.record(record.duration_ms as f64 / 1e3, &labels);
        if let Some(first_byte) = record.first_byte_ms.filter(|_| record.streamed) {
            self.first_chunk.record(first_byte as f64 / 1e3, &labels);
        }
        if let Some(usage) = &record.usage {
            for (kind, count) in [("input", usage.input), ("output", usage.output)] {
                let kind = KeyValue::new(attribute::GEN_AI_TOKEN_TYPE, kind);
                self.tokens.record(count, &[labels.as_slice(), &[kind]].concat());
            }
        }
    }

    fn export_span(&self, record: &Record, mut labels: Vec<KeyValue>) {
        labels.extend(details(record));
        let name = match &record.model_asked {
            Some(model) => format!("{} {model}", operation_name(record)),
            None => operation_name(record).to_owned(),
        };
        let began = SystemTime::from(record.at);
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_start_time(began)
            .with_attributes(labels);
        let mut span = self.tracer.build(builder);
        if record.outcome.is_error() {
            // The error text is left out: it may quote the prompt.
            span.set_status(Status::error(record.error_kind.clone().unwrap_or_default()));
        }
        span.end_with_timestamp(began + Duration::from_millis(record.duration_ms));
    }

    /// Sends what is left. Blocks, at most for [`LAST_EXPORT`].
    pub fn finish(self) {
        let _ = self.traces.shutdown_with_timeout(LAST_EXPORT);
        let _ = self.metrics.shutdown_with_timeout(LAST_EXPORT);
    }
}

fn options() -> ClientOptions {
    ClientOptions { connect_timeout: CONNECT_LIMIT, ..ClientOptions::default() }
}

fn resource() -> Resource {
    Resource::builder_empty()
        .with_service_name("portcullis")
        .with_attribute(KeyValue::new(attribute::SERVICE_VERSION, env!("CARGO_PKG_VERSION")))
        .build()
}

fn seconds(meter: &Meter, name: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_boundaries(SECONDS.to_vec()).build()
}

/// The attributes of a request's span and of its metrics.
fn labels(record: &Record) -> Vec<KeyValue> {
    let mut labels = vec![
        KeyValue::new(attribute::GEN_AI_OPERATION_NAME, operation_name(record)),
        KeyValue::new(attribute::GEN_AI_PROVIDER_NAME, provider_name(record)),
    ];
    let mut add = |key, value: Option<String>| labels.extend(value.map(|value| KeyValue::new(key, value)));
    add(attribute::GEN_AI_REQUEST_MODEL, record.model_asked.as_ref().map(ToString::to_string));
    add(attribute::GEN_AI_RESPONSE_MODEL, record.model_used.as_ref().map(ToString::to_string));
    let is_error = record.outcome.is_error();
    add(attribute::ERROR_TYPE, record.error_kind.as_ref().filter(|_| is_error).map(ToString::to_string));
    labels
}

/// The further attributes of a span.
fn details(record: &Record) -> Vec<KeyValue> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut details = vec![
        KeyValue::new(attribute::REQUEST_ID, record.id.to_string()),
        KeyValue::new(attribute::GEN_AI_REQUEST_STREAM, record.streamed),
        KeyValue::new(attribute::HTTP_RESPONSE_STATUS_CODE, i64::from(record.status)),
        KeyValue::new(attribute::CLIENT_PROTOCOL, record.protocol.to_string()),
    ];
    details.extend(
        record.account.as_ref().map(|account| KeyValue::new(attribute::ACCOUNT, account.to_string())),
    );
    if let Some(usage) = &record.usage {
        details.extend([
            KeyValue::new(attribute::GEN_AI_USAGE_INPUT_TOKENS, count(usage.input)),
            KeyValue::new(attribute::GEN_AI_USAGE_OUTPUT_TOKENS, count(usage.output)),
            KeyValue::new(attribute::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, count(usage.cache_read)),
            KeyValue::new(attribute::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, count(usage.cache_write)),
            KeyValue::new(attribute::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, count(usage.reasoning)),
        ]);
    }
    let first_chunk = record.first_byte_ms.filter(|_| record.streamed).map(|ms| ms as f64 / 1e3);
    details.extend(first_chunk.map(|s| KeyValue::new(attribute::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, s)));
    details
}

/// The conventions' name of the operation.
fn operation_name(record: &Record) -> &'static str {
    const GENERATE: [Operation; 2] = [Operation::GenerateContent, Operation::StreamGenerateContent];
    const EMBED: [Operation; 3] =
        [Operation::Embeddings, Operation::EmbedContent, Operation::BatchEmbedContents];
    let operation = record.operation.as_deref().unwrap_or_default();
    let is_one_of = |operations: &[Operation]| operations.iter().any(|one| one.path() == operation);
    if is_one_of(&GENERATE) {
        "generate_content"
    } else if is_one_of(&EMBED) {
        "embeddings"
    } else if is_one_of(&[Operation::Completions]) {
        "text_completion"
    } else {
        "chat"
    }
}

/// The conventions' name of the provider.
fn provider_name(record: &Record) -> String {
    match record.provider.as_deref() {
        Some("gemini") => "gcp.gemini".to_owned(),
        Some("zai") => "z.ai".to_owned(),
        Some(provider) => provider.to_owned(),
        None => "unknown".to_owned(),
    }
}

/// Sends the exporters' batches with the program's own HTTP client.
#[derive(Clone)]
struct Courier {
    http: Arc<Client>,
    runtime: Handle,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let http = Arc::clone(&self.http);
        let sent = self.runtime.spawn(async move { http.deliver(request, LIMIT).await });
        Ok(sent.await??)
    }
}
