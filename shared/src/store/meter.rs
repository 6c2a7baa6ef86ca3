//! Counts what calls to the table consume, for the log line and for the tests of the budgets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Units are kept in halves: the smallest that DynamoDB charges is half a read unit.
const HALVES: f64 = 2.0;

/// What was consumed since the last reset. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    read_halves: AtomicU64,
    write_halves: AtomicU64,
}

/// A reading of the meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consumption {
    /// Calls to the table.
    pub calls: u64,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

impl Meter {
    /// Reads the meter and sets it to zero.
    pub fn take(&self) -> Consumption {
        Consumption {
            calls: self.0.calls.swap(0, Ordering::Relaxed),
            read_units: halves(self.0.read_halves.swap(0, Ordering::Relaxed)),
            write_units: halves(self.0.write_halves.swap(0, Ordering::Relaxed)),
        }
    }

    /// Reads the meter.
    pub fn reading(&self) -> Consumption {
        Consumption {
            calls: self.0.calls.load(Ordering::Relaxed),
            read_units: halves(self.0.read_halves.load(Ordering::Relaxed)),
            write_units: halves(self.0.write_halves.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn read<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.count(&self.0.read_halves, capacity);
    }

    pub(crate) fn write<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.count(&self.0.write_halves, capacity);
    }

    fn count<'a>(&self, halves: &AtomicU64, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = capacity.into_iter().filter_map(|c| c.capacity_units).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small and positive")]
        halves.fetch_add((units * HALVES).round() as u64, Ordering::Relaxed);
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }
}

fn halves(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a request consumes far fewer than 2^52 units")]
    let count = count as f64;
    count / HALVES
}
