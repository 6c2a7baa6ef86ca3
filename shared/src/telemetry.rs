//! Logs and metrics, as one JSON object a line on standard output, where Lambda collects them.
//!
//! Identifiers, units in the field's name (`duration_ms`), never an e-mail address, a whole IP address, a token,
//! a code or a body.

use std::io::Write;

use serde_json::{Map, Value, json};
use tracing_subscriber::filter::LevelFilter;

use crate::clock::Clock;
use crate::config::{Variable, optional};

/// The namespace of the product's own metrics.
pub const NAMESPACE: &str = "Spacedly";
/// Their only dimension: each further one costs, so the rest are searchable properties.
pub const DIMENSION: &str = "stage";

/// Starts logging at `LOG_LEVEL` (default `info`). A second call does nothing.
pub fn init() {
    let level = optional(Variable::LogLevel).and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level)
        .with_writer(std::io::stdout)
        .try_init();
    // Tests start it more than once in a process.
    drop(started);
}

macro_rules! metrics {
    ($($metric:ident: $unit:literal,)+) => {
        /// A metric of the product; its name in CloudWatch is the variant's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Metric {
            $($metric,)+
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Self] = &[$(Self::$metric),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$metric => stringify!($metric)),+ }
            }

            /// Its unit, as CloudWatch names it.
            fn unit(self) -> &'static str {
                match self { $(Self::$metric => $unit),+ }
            }
        }
    };
}

metrics! {
    AttachmentReady: "Count",
    AttachmentRejected: "Count",
    DigestLateness: "Milliseconds",
    DigestMissed: "Count",
    EventFailed: "Count",
    LimiterUnavailable: "Count",
    OptimizeDuration: "Milliseconds",
    ReminderLateness: "Milliseconds",
    RequestDuration: "Milliseconds",
    RequestFailed: "Count",
}

/// Writes one line that is both a log line and, in CloudWatch's embedded metric format, metrics.
pub fn emit(event: &str, level: &str, stage: &str, metrics: &[(Metric, f64)], properties: Map<String, Value>) {
    #[expect(clippy::disallowed_methods, reason = "a log line carries the time at which it is written")]
    let now = Clock::system().now();
    let mut line = properties;
    line.insert("timestamp".to_owned(), json!(now));
    line.insert("level".to_owned(), json!(level));
    line.insert("message".to_owned(), json!(event));
    line.insert(DIMENSION.to_owned(), json!(stage));
    if !metrics.is_empty() {
        let names: Vec<Value> =
            metrics.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
        let directive = json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": names}],
        });
        line.insert("_aws".to_owned(), directive);
        for (metric, value) in metrics {
            line.insert(metric.name().to_owned(), json!(value));
        }
    }
    let mut text = Value::Object(line).to_string();
    text.push('\n');
    // A log line that cannot be written is no reason to fail a request.
    drop(std::io::stdout().lock().write_all(text.as_bytes()));
}
