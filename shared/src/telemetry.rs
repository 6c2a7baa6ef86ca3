//! Logs and metrics, as one JSON object a line on standard output, where Lambda collects them.
//!
//! Identifiers, units in the field's name (`duration_ms`), never an e-mail address, a whole IP address, a token,
//! a code or a body.

use std::io::Write;

use serde_json::{Map, Value, json};
use tracing_subscriber::filter::LevelFilter;

use crate::clock::Clock;
use crate::domain::delivery::Delivery;

/// The namespace of the product's own metrics.
const NAMESPACE: &str = "Spacedly";

/// Starts logging at `LOG_LEVEL` (default `info`). A second call does nothing.
pub fn init() {
    let level = crate::config::optional("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
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

/// A metric's unit, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Thousandths of a second.
    Milliseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// Tells how long after its time a reminder reached its user, by `mail` or `push`: one metric for both. `of` names the
/// mail or the reminder. Says nothing of a receipt without a lateness.
pub fn reminder_lateness(stage: &str, by: &str, receipt: &Delivery, of: (&str, Value)) {
    let Some(late) = receipt.lateness_ms else { return };
    let (name, id) = of;
    let line = Map::from_iter([
        (name.to_owned(), id),
        ("by".to_owned(), json!(by)),
        ("attempts".to_owned(), json!(receipt.attempts)),
    ]);
    // No reminder is late by more than 2^53 ms, some 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let metrics = [("ReminderLateness", Unit::Milliseconds, late as f64)];
    emit("reminder.lateness", "INFO", stage, &metrics, line);
}

/// Writes one line that is both a log line and, in CloudWatch's embedded metric format, metrics.
/// The stage is the only dimension: every further one costs, so the rest are searchable properties.
pub fn emit(event: &str, level: &str, stage: &str, metrics: &[(&str, Unit, f64)], properties: Map<String, Value>) {
    #[expect(clippy::disallowed_methods, reason = "a log line carries the time at which it is written")]
    let now = Clock::system().now();
    let mut line = properties;
    line.insert("timestamp".to_owned(), json!(now));
    line.insert("level".to_owned(), json!(level));
    line.insert("message".to_owned(), json!(event));
    line.insert("stage".to_owned(), json!(stage));
    if !metrics.is_empty() {
        let names: Vec<Value> =
            metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()})).collect();
        let directive = json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": names}],
        });
        line.insert("_aws".to_owned(), directive);
        for (name, _, value) in metrics {
            line.insert((*name).to_owned(), json!(value));
        }
    }
    let mut text = Value::Object(line).to_string();
    text.push('\n');
    // A log line that cannot be written is no reason to fail a request.
    drop(std::io::stdout().lock().write_all(text.as_bytes()));
}
