//! What an input may cost.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Maximum cost of one input, in a debug build.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// CPU time of the thread.
    pub time: Duration,
    /// Bytes on Rust's heap above what was there before. C allocates for the encoder of WebP alone, whose pictures are small.
    pub memory: usize,
}

/// For what reads a part of a request: nothing that an input of some kilobytes makes it do takes long.
pub(crate) const REQUEST_BOUNDS: Bounds = Bounds { time: Duration::from_millis(500), memory: 4 * 1024 * 1024 };

/// What an input cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU time of the thread.
    pub time: Duration,
    /// Bytes on Rust's heap.
    pub memory: usize,
}

/// Runs `work`, and panics if it costs more than `bounds`.
pub(crate) fn within(bounds: Bounds, work: impl FnOnce()) -> Cost {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let started = ThreadTime::now();
    work();
    let cost = Cost { time: started.elapsed(), memory: ALLOCATOR.peak_usage().saturating_sub(before) };
    assert!(cost.time <= bounds.time, "{:?} of CPU time, more than {:?}", cost.time, bounds.time);
    assert!(cost.memory <= bounds.memory, "{} bytes of memory, more than {}", cost.memory, bounds.memory);
    cost
}
