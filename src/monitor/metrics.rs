//! Counters and histograms for Prometheus. The writer counts them, so no request waits. They
//! begin at zero when the agent starts.

use std::collections::HashMap;
use std::fmt::Write;

use parking_lot::Mutex;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::record::Record;
use crate::chat::Usage;
use crate::language::printable;

type Labels = Vec<(&'static str, String)>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// The most combinations of labels. Beyond it, other models are counted as one: their names may
/// come from clients.
const MAX_SERIES: usize = 1000;
const OTHER: &str = "other";

/// From a cached answer to a long stream.
const SECONDS: [f64; 16] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0];

/// The metrics of all requests.
pub struct Metrics {
    registry: Registry,
    families: Families,
    cache: Mutex<SeriesCache>,
}

/// The series by all their labels in a row, so that a record finds its own with one lookup.
#[derive(Default)]
struct SeriesCache {
    series: HashMap<String, Series>,
    /// A buffer for the labels of a record.
    key: String,
}

#[derive(Clone)]
struct Families {
    requests: Family<Labels, Counter>,
    errors: Family<Labels, Counter>,
    tokens: Family<Labels, Counter>,
    cost: Family<Labels, Counter<f64, std::sync::atomic::AtomicU64>>,
    duration: Histograms,
    first_token: Histograms,
}

/// The counts of all requests with the same labels.
struct Series {
    requests: Counter,
    errors: Option<Counter>,
    input: Counter,
    output: Counter,
    cached: Counter,
    cache_write: Counter,
    reasoning: Counter,
    cost: Counter<f64, std::sync::atomic::AtomicU64>,
    duration: Histogram,
    first_token: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let families = Families {
            requests: Family::default(),
            errors: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            duration: histograms(),
            first_token: histograms(),
        };
        let mut registry = Registry::with_prefix("portcullis");
        registry.register("requests", "Requests by outcome and status", families.requests.clone());
        registry.register("errors", "Requests that failed or were cut, by kind", families.errors.clone());
        registry.register(
            "tokens",
            "Tokens by type; input includes cached and cache_write, output includes reasoning",
            families.tokens.clone(),
        );
        registry.register("estimated_cost_usd", "Estimated cost of the tokens", families.cost.clone());
        let help = "Time from the request to the end of its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, families.duration.clone());
        let help = "Time from the request to the first bytes of its answer";
        registry.register_with_unit("first_token", help, Unit::Seconds, families.first_token.clone());
        Self { registry, families, cache: Mutex::default() }
    }
}

impl Metrics {
    /// Counts a record.
    pub fn count(&self, record: &Record) {
        let mut cache = self.cache.lock();
        let SeriesCache { series, key } = &mut *cache;
        key.clear();
        write_key(key, record);
        if let Some(series) = series.get(key) {
            return series.count(record);
        }
        let is_full = series.len() >= MAX_SERIES;
        let of_record = self.families.series(record, is_full);
        of_record.count(record);
        if !is_full {
            series.insert(key.clone(), of_record);
        }
    }

    /// Appends the metrics in OpenMetrics text, without its last line.
    pub fn encode(&self, into: &mut String) {
        let _ = text::encode_registry(into, &self.registry);
    }
}

impl Series {
    fn count(&self, record: &Record) {
        self.requests.inc();
        if let Some(errors) = &self.errors {
            errors.inc();
        }
        if let Some(Usage { input, cache_read, cache_write, output, reasoning }) = record.usage {
            self.input.inc_by(input);
            self.output.inc_by(output);
            self.cached.inc_by(cache_read);
            self.cache_write.inc_by(cache_write);
            self.reasoning.inc_by(reasoning);
        }
        if let Some(cost) = record.cost {
            self.cost.inc_by(cost.dollars());
        }
        let seconds = |ms: u64| ms as f64 / 1e3;
        self.duration.observe(seconds(record.duration_ms));
        if let Some(first_byte) = record.first_byte_ms {
            self.first_token.observe(seconds(first_byte));
        }
    }
}

impl Families {
    fn series(&self, record: &Record, is_full: bool) -> Series {
        let text = |text: Option<&str>| printable(text.unwrap_or_default()).into_owned();
        let protocol = ("protocol", record.protocol.to_string());
        let model = if is_full { OTHER.to_owned() } else { text(record.model_used.as_deref()) };
        let account: Labels = vec![
            ("provider", text(record.provider.as_deref())),
            ("account", text(record.account.as_deref())),
            ("model", model),
        ];
        let with = |more: &[(&'static str, String)]| [account.as_slice(), more].concat();
        let tokens = |kind: &str| self.tokens.get_or_create_owned(&with(&[("type", kind.to_owned())]));
        let outcome = [
            protocol.clone(),
            ("outcome", record.outcome.name().to_owned()),
            ("status", record.status.to_string()),
        ];
        let kind = [protocol.clone(), ("kind", text(record.error_kind.as_deref()))];
        let timed = with(&[protocol, ("streamed", record.streamed.to_string())]);
        Series {
            requests: self.requests.get_or_create_owned(&with(&outcome)),
            errors: record.outcome.is_error().then(|| self.errors.get_or_create_owned(&with(&kind))),
            input: tokens("input"),
            output: tokens("output"),
            cached: tokens("cached"),
            cache_write: tokens("cache_write"),
            reasoning: tokens("reasoning"),
            cost: self.cost.get_or_create_owned(&account),
            duration: self.duration.get_or_create_owned(&timed),
            first_token: self.first_token.get_or_create_owned(&timed),
        }
    }
}

/// Writes every text that [`Families::series`] makes a label of.
fn write_key(key: &mut String, record: &Record) {
    let texts = [&record.provider, &record.error_kind].map(|word| word.as_deref());
    let names = [&record.account, &record.model_used].map(|name| name.as_deref());
    for part in texts.into_iter().chain(names) {
        key.push_str(part.unwrap_or_default());
        key.push('\0');
    }
    let (protocol, outcome) = (&record.protocol, record.outcome.name());
    let _ = write!(key, "{protocol}\0{outcome}\0{}\0{}", record.status, record.streamed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::printable::is_unprintable;
    use crate::monitor::Outcome;

    fn record(model: &str, outcome: Outcome) -> Record {
        Record {
            model_used: Some(model.into()),
            account: Some("work".into()),
            outcome,
            status: 200,
            usage: Some(Usage { input: 10, cache_read: 4, cache_write: 2, output: 5, reasoning: 1 }),
            duration_ms: 1500,
            first_byte_ms: Some(20),
            ..Record::new("id", "anthropic", "/v1/messages")
        }
    }

    fn encoded(metrics: &Metrics) -> String {
        let mut text = String::new();
        metrics.encode(&mut text);
        text
    }

    #[test]
    fn counts_requests_tokens_and_times_by_their_labels() {
        let metrics = Metrics::default();
        metrics.count(&record("a", Outcome::Done));
        metrics.count(&record("a", Outcome::Done));
        metrics.count(&Record { error_kind: Some("cut".into()), ..record("a", Outcome::Cut) });
        let text = encoded(&metrics);
        let of = "provider=\"\",account=\"work\",model=\"a\"";
        for line in [
            format!(
                "portcullis_requests_total{{{of},protocol=\"anthropic\",outcome=\"done\",status=\"200\"}} 2"
            ),
            format!("portcullis_errors_total{{{of},protocol=\"anthropic\",kind=\"cut\"}} 1"),
            format!("portcullis_tokens_total{{{of},type=\"cached\"}} 12"),
            format!("portcullis_tokens_total{{{of},type=\"cache_write\"}} 6"),
            format!(
                "portcullis_request_duration_seconds_count{{{of},protocol=\"anthropic\",streamed=\"false\"}} 3"
            ),
            format!(
                "portcullis_first_token_seconds_bucket{{le=\"0.025\",{of},protocol=\"anthropic\",streamed=\"false\"}} 3"
            ),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }

    #[test]
    fn hostile_names_neither_break_a_line_nor_fill_the_memory() {
        let metrics = Metrics::default();
        metrics.count(&record("a\"} 1\nevil_total 7\n\\", Outcome::Done));
        assert!(!encoded(&metrics).lines().any(|line| line.starts_with("evil")), "{}", encoded(&metrics));
        metrics.count(&record("a\u{1b}[2J\u{9b}\u{202e}b\r\u{200b}", Outcome::Done));
        let text = encoded(&metrics);
        assert!(text.lines().all(|line| !line.contains(is_unprintable)), "{text:?}");
        (0..2 * MAX_SERIES).for_each(|number| metrics.count(&record(&format!("m{number}"), Outcome::Done)));
        let text = encoded(&metrics);
        let lines = text.lines().filter(|line| line.starts_with("portcullis_requests_total")).count();
        assert_eq!(lines, MAX_SERIES + 1);
        assert!(text.contains("model=\"other\""));
    }
}
