//! The rate limiter: a sliding window per class and client, kept in the table so that it holds across instances.
//!
//! Time is cut into windows of a class's length. A client's use is the present window's count plus the previous
//! one's, weighted by how much of it the last full length of time still covers. Every request counts before it
//! does anything, in one write that overlaps with its first read; classes in which only failures count give the
//! request back when it succeeds. A client that goes on while it is refused stays refused.

use std::net::IpAddr;

use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::config::pairs;
use crate::http::error::{ApiError, ErrorCode};
use crate::store::rates::{Counted, Slot};
use crate::store::{Store, StoreError};

/// A limit class: one counter, shared by its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Everything.
    Global,
    /// Failed logins and registrations.
    Auth,
    /// Failed one-time codes.
    Otp,
    /// Password resets asked for.
    Reset,
    /// Verification mails asked for.
    Verify,
    /// Uploads begun.
    Upload,
    /// Failed logins of one account from strange addresses: no route's class, see [`super::login_guard`].
    Login,
    /// Login codes mailed to one account from known addresses: likewise.
    Code,
}

impl Class {
    const ALL: [Self; 8] =
        [Self::Global, Self::Auth, Self::Otp, Self::Reset, Self::Verify, Self::Upload, Self::Login, Self::Code];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Auth => "auth",
            Self::Otp => "otp",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Upload => "upload",
            Self::Login => "login",
            Self::Code => "code",
        }
    }

    /// Whether a request that succeeds does not count.
    fn counts_failures_only(self) -> bool {
        matches!(self, Self::Auth | Self::Otp)
    }
}

/// How many requests in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Requests.
    pub requests: u32,
    /// Seconds.
    pub window: i64,
}

/// The limits of all classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([Limit; Class::ALL.len()]);

/// The text does not give every class a limit.
#[derive(Debug, thiserror::Error)]
#[error("must be class=requests/seconds, between commas, for every class; bad or missing: {0}")]
pub struct UnknownLimits(&'static str);

impl Limits {
    /// Reads `global=100/900,auth=5/900,…`: requests per seconds, every class once.
    ///
    /// # Errors
    /// [`UnknownLimits`] names the first class that is missing or bad.
    pub fn parse(text: &str) -> Result<Self, UnknownLimits> {
        let pairs = pairs(text);
        let read = |class: Class| {
            let (requests, window) = pairs.get(class.name())?.split_once('/')?;
            let limit = Limit { requests: requests.parse().ok()?, window: window.parse().ok()? };
            (limit.requests > 0 && limit.window > 0).then_some(limit)
        };
        let mut limits = [Limit { requests: 1, window: 1 }; Class::ALL.len()];
        for (class, limit) in Class::ALL.into_iter().zip(&mut limits) {
            *limit = read(class).ok_or(UnknownLimits(class.name()))?;
        }
        Ok(Self(limits))
    }

    /// The limit of a class.
    pub fn of(&self, class: Class) -> Limit {
        Class::ALL
            .into_iter()
            .zip(self.0)
            .find(|(known, _)| *known == class)
            .map_or(Limit { requests: 1, window: 1 }, |(_, limit)| limit)
    }
}

impl Limits {
    /// Seconds of the longest window: a client's row must outlive it by another.
    fn longest_window(&self) -> i64 {
        self.0.iter().map(|limit| limit.window).max().unwrap_or_default()
    }
}

/// What stands in the table for a client: its address under a key, so that the table holds no addresses. An
/// IPv6 client is its /64, since it can take any address in there.
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

/// How a client stands in the class that has least left, as the answer's headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    limit: Limit,
    remaining: u32,
    /// Seconds until the present window ends.
    reset: i64,
    /// Seconds until a request may pass; `None` when this one did.
    pub(super) retry_after: Option<i64>,
}

impl Standing {
    /// 429 in the original's words.
    pub(super) fn refusal(&self) -> ApiError {
        let minutes = (self.limit.window + 59) / 60;
        ApiError::new(ErrorCode::TooManyRequests)
            .saying(format!("Too many requests. Try again after {minutes} minutes."))
    }

    /// `RateLimit-*`, and `Retry-After` when the request is refused.
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

/// How a client stands after this request was counted, or was not because the class is at its cap.
pub(super) fn standing(limit: Limit, counted: Counted, now: i64) -> Standing {
    let (current, previous) = (i64::from(counted.current), i64::from(counted.previous));
    let (most, window) = (i64::from(limit.requests), limit.window);
    let left = window - now.rem_euclid(window);
    // In units of requests × seconds, so that nothing is rounded.
    let used = previous * left + current * window;
    let over = !counted.counted && current >= most || used > most * window;
    Standing {
        limit,
        remaining: u32::try_from((most * window - used).max(0) / window).unwrap_or_default(),
        reset: left,
        retry_after: over.then(|| wait(limit, current, previous, left)),
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

/// The limiter's answer.
#[derive(Debug)]
pub struct Admission {
    verdict: Result<(), ErrorCode>,
    standing: Option<Standing>,
    give_back: Option<(String, Slot)>,
    /// The counter could not be reached.
    pub is_blind: bool,
}

impl Admission {
    /// For a route that does not count.
    pub fn unlimited() -> Self {
        Self { verdict: Ok(()), standing: None, give_back: None, is_blind: false }
    }

    /// For a request whose client cannot even be named.
    pub fn broken() -> Self {
        Self { verdict: Err(ErrorCode::Unavailable), standing: None, give_back: None, is_blind: true }
    }

    /// Whether the request may pass.
    ///
    /// # Errors
    /// 429, or 503 where the counter cannot be reached and the class does not let unknown clients pass.
    pub fn check(&self) -> Result<(), ApiError> {
        self.verdict.map_err(|code| match (code, &self.standing) {
            (ErrorCode::TooManyRequests, Some(standing)) => standing.refusal(),
            _ => ApiError::new(code),
        })
    }

    /// The headers that tell the client how it stands.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match (&self.standing, self.verdict) {
            (Some(standing), _) => standing.headers(),
            (None, Err(ErrorCode::TooManyRequests)) => vec![("retry-after", FLOOD_RETRY_SECONDS.to_string())],
            (None, _) => Vec::new(),
        }
    }

    /// Takes the request back out of a class in which only failures count.
    pub async fn succeeded(&self, store: &Store) {
        if let Some((client, slot)) = &self.give_back
            && let Err(error) = store.give_back(client, slot).await
        {
            tracing::warn!(%error, "limiter.give_back_failed");
        }
    }
}

/// What a client is told whose counter is throttled.
pub(super) const FLOOD_RETRY_SECONDS: i64 = 60;

/// Counts a request of the client at `address` in `global` and in `class`.
pub async fn admit(
    store: &Store,
    keyring: &Keyring,
    limits: &Limits,
    class: Option<Class>,
    address: &str,
    now: Timestamp,
) -> Admission {
    let client = client_key(keyring, address);
    let classes: Vec<Class> = std::iter::once(Class::Global).chain(class).collect();
    let slot = |class: &Class| {
        let limit = limits.of(*class);
        let window = now.as_second().div_euclid(limit.window);
        Slot { class: class.name(), window, cap: limit.requests }
    };
    let slots: Vec<Slot> = classes.iter().map(slot).collect();
    let expires_at = now.as_second() + 2 * limits.longest_window();
    let counted = match store.count_request(&client, &slots, expires_at).await {
        Ok(counted) => counted,
        Err(error) => return blind(&error, class),
    };
    let standings =
        classes.iter().zip(counted).map(|(class, counted)| standing(limits.of(*class), counted, now.as_second()));
    let tightest = standings.min_by_key(|standing| (standing.retry_after.is_none(), standing.remaining));
    let refused = tightest.is_some_and(|standing| standing.retry_after.is_some());
    let give_back = class.zip(slots.last().cloned()).filter(|(class, _)| !refused && class.counts_failures_only());
    Admission {
        verdict: if refused { Err(ErrorCode::TooManyRequests) } else { Ok(()) },
        standing: tightest,
        give_back: give_back.map(|(_, slot)| (client, slot)),
        is_blind: false,
    }
}

/// Without its counter a request passes, unless its class is there to stop guessing.
fn blind(error: &StoreError, class: Option<Class>) -> Admission {
    tracing::error!(%error, "limiter.unavailable");
    let verdict = match (error, class) {
        (StoreError::Throttled { .. }, _) => Err(ErrorCode::TooManyRequests),
        (_, Some(_)) => Err(ErrorCode::Unavailable),
        (_, None) => Ok(()),
    };
    Admission { verdict, standing: None, give_back: None, is_blind: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE: Limit = Limit { requests: 5, window: 900 };

    fn at(current: u32, previous: u32, counted: bool, now: i64) -> Standing {
        standing(FIVE, Counted { current, previous, counted }, now)
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
    fn limits_are_read_for_every_class_or_not_at_all() {
        let all =
            "global=100/900,auth=5/900,otp=5/900,reset=3/3600,verify=5/3600,upload=10/3600,login=10/3600,code=10/3600";
        assert_eq!(Limits::parse(all).unwrap().of(Class::Reset), Limit { requests: 3, window: 3600 });
        assert!(Limits::parse("global=100/900").is_err());
        assert!(Limits::parse(&all.replace("5/900", "0/900")).is_err());
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
            let refused = standing(FIVE, Counted { current, previous, counted: current < 5 }, now);
            if let Some(wait) = refused.retry_after {
                let then = now + wait;
                let counts = match then.div_euclid(900) {
                    0 => (current + 1, previous),
                    1 => (1, current),
                    _ => (1, 0),
                };
                let later = standing(FIVE, Counted { current: counts.0, previous: counts.1, counted: true }, then);
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
                if standing(FIVE, Counted { current, previous, counted }, now).retry_after.is_none() {
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
