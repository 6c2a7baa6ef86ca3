//! The rate limiter: a sliding window per class and client, kept in the table so that it holds across instances.
//!
//! Time is divided into windows of a class's length. A client's use is the count of the current window plus that of
//! the previous one, weighted by how much of the previous one the last full length of time still covers. Every
//! request is counted first, in one write that overlaps with its first read; classes that count failures only give a
//! request back when it succeeds. A client that continues while it is rejected stays rejected.

use std::net::IpAddr;

use super::error::{ApiError, ErrorCode};
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::limits::{Limit, Limits, RateLimitClass};
use crate::store::rates::{RequestCount, Slot};
use crate::store::{Permit, Store, StoreError};

/// A keyed hash of a client's address, which stands for the client in the table. An IPv6 client is its /64 network,
/// since it can use any address in it.
pub fn client_key(keyring: &Keyring, address: &str) -> String {
    const LENGTH: usize = 16;
    const NETWORK: usize = 8;
    let bytes: Vec<u8> = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.octets().to_vec(),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.octets().to_vec(),
            None => address.octets().into_iter().take(NETWORK).collect(),
        },
        Err(_) => address.as_bytes().to_vec(),
    };
    hex(&keyring.lasting_tag(Purpose::ClientAddress, &bytes)).chars().take(LENGTH * 2).collect()
}

/// A client's use of the class that is closest to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    limit: Limit,
    remaining: u32,
    /// Seconds until the current window ends.
    reset: i64,
    /// Seconds until a request may pass; `None` if this one did.
    pub(super) retry_after: Option<i64>,
}

impl RateLimitStatus {
    /// The status after a request was counted, or was not because the class is at its cap. `now` in epoch seconds.
    pub(super) fn of(limit: Limit, count: RequestCount, now: i64) -> Self {
        let (current, previous) = (i64::from(count.current), i64::from(count.previous));
        let (allowed, window) = (i64::from(limit.requests), limit.window);
        let left = window - now.rem_euclid(window);
        // In units of requests × seconds, so that nothing is rounded.
        let used = previous * left + current * window;
        let over = !count.was_counted && current >= allowed || used > allowed * window;
        Self {
            limit,
            remaining: u32::try_from((allowed * window - used).max(0) / window).unwrap_or_default(),
            reset: left,
            retry_after: over.then(|| wait(limit, current, previous, left)),
        }
    }

    /// 429 in the original's words.
    pub(super) fn rejection(&self) -> ApiError {
        let minutes = (self.limit.window + 59) / 60;
        ApiError::new(ErrorCode::TooManyRequests)
            .with_message(format!("Too many requests. Try again after {minutes} minutes."))
    }

    /// `RateLimit-*`, and `Retry-After` when the request is rejected.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("ratelimit-limit", self.limit.requests.to_string()),
            ("ratelimit-remaining", self.remaining.to_string()),
            ("ratelimit-reset", self.reset.to_string()),
            ("ratelimit-policy", format!("{};w={}", self.limit.requests, self.limit.window)),
        ];
        headers.extend(self.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        headers
    }
}

/// Seconds until one request more fits, if none is made until then.
fn wait(limit: Limit, current: i64, previous: i64, left: i64) -> i64 {
    let (most, window) = (i64::from(limit.requests), limit.window);
    let room = |count: i64| (most - 1 - count) * window;
    // The least time after which `count` requests, fading over `fading` seconds, fit into `room`.
    let fade = |count: i64, fading: i64, room: i64| {
        if count == 0 { 0 } else { (fading - room.div_euclid(count)).clamp(0, fading) }
    };
    if room(current) >= 0 {
        let within = fade(previous, left, room(current));
        if within < left {
            return within.max(1);
        }
    }
    left + fade(current, window, room(0))
}

/// The rate limiter's decision on one request. Only it gives a request its [`Permit`].
#[derive(Debug)]
pub struct RateLimitDecision {
    verdict: Result<(), ErrorCode>,
    status: Option<RateLimitStatus>,
    /// The request's slot in a class that counts failures only, to be given back on success.
    reserved: Option<(String, Slot)>,
    limiter_unavailable: bool,
}

impl RateLimitDecision {
    /// The decision for a route that is not rate limited.
    pub(super) fn unlimited() -> Self {
        Self { verdict: Ok(()), status: None, reserved: None, limiter_unavailable: false }
    }

    /// The decision without keys: the client cannot even be named.
    pub(super) fn without_keys() -> Self {
        Self { verdict: Err(ErrorCode::Unavailable), status: None, reserved: None, limiter_unavailable: true }
    }

    /// Without its counter a request passes, unless its class exists to stop guessing.
    fn without_counter(error: &StoreError, class: Option<RateLimitClass>) -> Self {
        tracing::error!(%error, "limiter.unavailable");
        let verdict = match (error, class) {
            (StoreError::Throttled { .. }, _) => Err(ErrorCode::TooManyRequests),
            (_, Some(_)) => Err(ErrorCode::Unavailable),
            (_, None) => Ok(()),
        };
        Self { verdict, status: None, reserved: None, limiter_unavailable: true }
    }

    /// Whether the counter could not be read.
    pub fn limiter_unavailable(&self) -> bool {
        self.limiter_unavailable
    }

    /// Whether the request may pass.
    ///
    /// # Errors
    /// 429, or 503 where the counter is unavailable and the class rejects unknown clients.
    pub fn check(&self) -> Result<(), ApiError> {
        self.verdict.map_err(|code| match (code, &self.status) {
            (ErrorCode::TooManyRequests, Some(status)) => status.rejection(),
            _ => ApiError::new(code),
        })
    }

    /// The permit to write of a request that may pass; the session is the caller's.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn permit(&self, session: Option<(UserId, SessionId)>) -> Result<Permit, ApiError> {
        self.check()?;
        Ok(Permit::of_request(session))
    }

    /// The headers that describe the client's status.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match (&self.status, self.verdict) {
            (Some(status), _) => status.headers(),
            (None, Err(ErrorCode::TooManyRequests)) => vec![("retry-after", FLOOD_RETRY_SECONDS.to_string())],
            (None, _) => Vec::new(),
        }
    }

    /// Gives the request back to a class that counts failures only.
    pub(super) async fn give_back(&self, store: &Store) {
        if let Some((client, slot)) = &self.reserved
            && let Err(error) = store.give_back(client, slot).await
        {
            tracing::warn!(%error, "limiter.give_back_failed");
        }
    }
}

/// `Retry-After` of a client whose counter is throttled.
pub(super) const FLOOD_RETRY_SECONDS: i64 = 60;

/// Counts a request of the client at `address` in `global` and in `class`, and decides on it. 1 call.
pub async fn decide(
    store: &Store,
    keyring: &Keyring,
    limits: &Limits,
    class: Option<RateLimitClass>,
    (address, now): (&str, Timestamp),
) -> RateLimitDecision {
    let client = client_key(keyring, address);
    let classes: Vec<RateLimitClass> = std::iter::once(RateLimitClass::Global).chain(class).collect();
    let slot = |class: &RateLimitClass| {
        let limit = limits.of(*class);
        let window = now.as_second().div_euclid(limit.window);
        Slot { class: class.name(), window, cap: limit.requests }
    };
    let slots: Vec<Slot> = classes.iter().map(slot).collect();
    let expires_at = now.as_second() + 2 * limits.longest_window();
    let counts = match store.count_request(&client, &slots, expires_at).await {
        Ok(counts) => counts,
        Err(error) => return RateLimitDecision::without_counter(&error, class),
    };
    let statuses =
        classes.iter().zip(counts).map(|(class, count)| RateLimitStatus::of(limits.of(*class), count, now.as_second()));
    let tightest = statuses.min_by_key(|status| (status.retry_after.is_none(), status.remaining));
    let rejected = tightest.is_some_and(|status| status.retry_after.is_some());
    let reserved = class.zip(slots.last().cloned()).filter(|(class, _)| !rejected && class.counts_failures_only());
    RateLimitDecision {
        verdict: if rejected { Err(ErrorCode::TooManyRequests) } else { Ok(()) },
        status: tightest,
        reserved: reserved.map(|(_, slot)| (client, slot)),
        limiter_unavailable: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE: Limit = Limit { requests: 5, window: 900 };

    fn at(current: u32, previous: u32, counted: bool, now: i64) -> RateLimitStatus {
        RateLimitStatus::of(FIVE, RequestCount { current, previous, was_counted: counted }, now)
    }

    #[test]
    fn the_limit_th_request_passes_and_the_next_does_not() {
        assert_eq!(at(5, 0, true, 0).retry_after, None);
        assert_eq!(at(5, 0, true, 0).remaining, 0);
        assert!(at(5, 0, false, 0).retry_after.is_some());
    }

    #[test]
    fn the_previous_window_still_weighs_at_the_edge() {
        assert!(at(1, 5, true, 0).retry_after.is_some(), "no double burst");
        assert_eq!(at(1, 5, true, 180).retry_after, None, "a fifth of the window later one fits");
    }

    #[test]
    fn an_ipv6_client_is_its_network_and_a_mapped_one_its_ipv4_address() {
        let keys = crate::http::testing::keyring();
        let key = |address| client_key(&keys, address);
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert!(!key("192.0.2.1").contains("192"));
    }

    proptest! {
        /// After the wait that a refused client was told, one request passes.
        #[test]
        fn waiting_as_told_is_enough(current in 0u32..=5, previous in 0u32..=5, now in 0i64..900) {
            let rejected = RateLimitStatus::of(FIVE, RequestCount { current, previous, was_counted: current < 5 }, now);
            if let Some(wait) = rejected.retry_after {
                let then = now + wait;
                let counts = match then.div_euclid(900) {
                    0 => (current + 1, previous),
                    1 => (1, current),
                    _ => (1, 0),
                };
                let later = RateLimitStatus::of(FIVE, RequestCount { current: counts.0, previous: counts.1, was_counted: true }, then);
                prop_assert_eq!(later.retry_after, None, "waited {} from {}", wait, now);
            }
        }

        /// In no span of a window's length do more requests pass than the limit, plus the rounding of the weight.
        #[test]
        fn a_steady_flood_passes_about_the_limit_per_window(seed in any::<u64>()) {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut window, mut current, mut previous, mut passed) = (0i64, 0u32, 0u32, Vec::new());
            let mut now = 0i64;
            while now < 9000 {
                now += rng.i64(0..60);
                let this = now.div_euclid(900);
                if this != window {
                    previous = if this == window + 1 { current } else { 0 };
                    current = 0;
                    window = this;
                }
                let counted = current < 5;
                current += u32::from(counted);
                if RateLimitStatus::of(FIVE, RequestCount { current, previous, was_counted: counted }, now).retry_after.is_none() {
                    passed.push(now);
                }
            }
            for (at, start) in passed.iter().enumerate() {
                let in_window = passed.iter().skip(at).take_while(|then| **then < start + 900).count();
                prop_assert!(in_window <= 10, "{in_window} passed from {start}");
            }
        }
    }
}
