//! The rate limiter: a sliding window per class and party, kept in the table so that it holds across instances.
//!
//! A [`Party`] is who a request is counted for: the account that its tokens name, or the client's address. Time is
//! divided into windows of a class's length. A party's use is the count of the current window plus that of the previous
//! one, weighted by how much of the previous one the last full length of time still covers. Every request is counted
//! first, in one write that overlaps with its first read. What it turns out not to count in is given back when it ends,
//! so parallel guesses cannot overshoot. A party that continues while it is rejected stays rejected.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{ApiError, ErrorCode};
use super::reply::Reply;
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::limits::{Limit, Limits, RateLimitClass};
use crate::store::rates::{RequestCount, Slot};
use crate::store::{Permit, Store, StoreError};

/// Bytes of a keyed hash in a row's key.
const HASH_LENGTH: usize = 16;

fn keyed_hash(keyring: &Keyring, purpose: Purpose, bytes: &[u8]) -> String {
    hex(&keyring.lasting_tag(purpose, bytes)).chars().take(HASH_LENGTH * 2).collect()
}

/// A keyed hash of a client's address, which stands for the client in the table. An IPv6 client is its /64 network,
/// since it can use any address in it.
pub fn client_key(keyring: &Keyring, address: &str) -> String {
    const NETWORK: usize = 8;
    let bytes: Vec<u8> = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.octets().to_vec(),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.octets().to_vec(),
            None => address.octets().into_iter().take(NETWORK).collect(),
        },
        Err(_) => address.as_bytes().to_vec(),
    };
    keyed_hash(keyring, Purpose::ClientAddress, &bytes)
}

/// Who a request is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Party(String);

/// The classes that a request is counted in, and for whom.
#[derive(Clone, Debug)]
pub struct Counting {
    party: Party,
    /// Every request's class first, then the classes of the route.
    classes: Vec<RateLimitClass>,
}

impl Counting {
    /// Counts for the client at `address`.
    pub fn of_address(keyring: &Keyring, address: &str) -> Self {
        Self { party: Party(client_key(keyring, address)), classes: vec![RateLimitClass::Global] }
    }

    /// Counts for a signed-in account.
    pub fn of_account(keyring: &Keyring, account: UserId) -> Self {
        let party = Party(keyed_hash(keyring, Purpose::RateLimitedAccount, account.to_string().as_bytes()));
        Self { party, classes: vec![RateLimitClass::Account] }
    }

    /// Counts for a session that has ended.
    pub fn of_ended_session(keyring: &Keyring, session: SessionId) -> Self {
        let text = format!("session {session}");
        let party = Party(keyed_hash(keyring, Purpose::RateLimitedAccount, text.as_bytes()));
        Self { party, classes: vec![RateLimitClass::Account] }
    }

    /// Counts a request that a page of another site makes the client at `address` send.
    pub fn of_another_site(keyring: &Keyring, address: &str) -> Self {
        Self { party: Party(client_key(keyring, address)), classes: vec![RateLimitClass::Foreign] }
    }

    /// The same in further classes.
    #[must_use]
    pub fn with(mut self, classes: impl IntoIterator<Item = RateLimitClass>) -> Self {
        self.classes.extend(classes);
        self
    }

    /// Who it counts for.
    pub fn party(&self) -> &Party {
        &self.party
    }
}

/// Whether a request with this result counts in a class of its route.
pub(super) fn counts_in(class: RateLimitClass, result: &Result<Reply, ApiError>) -> bool {
    match result {
        Ok(reply) => reply.head.counted_in == Some(class),
        Err(error) => class.counts_refusals() && error.refuses_proof(),
    }
}

/// The parties that this instance rejected, and until when they stay rejected. Their requests read nothing before the
/// decision, so that a flood costs its counting only.
#[derive(Clone, Debug, Default)]
pub struct RejectedParties(Arc<Mutex<HashMap<Party, i64>>>);

impl RejectedParties {
    /// An instance forgets all of them when there are more.
    const MAX: usize = 1000;

    pub(super) fn contains(&self, party: &Party, now: Timestamp) -> bool {
        let parties = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parties.get(party).is_some_and(|until| now.as_second() < *until)
    }

    pub(super) fn note(&self, party: &Party, decision: &RateLimitDecision, now: Timestamp) {
        let Some(wait) = decision.retry_after() else { return };
        let mut parties = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parties.len() >= Self::MAX {
            parties.clear();
        }
        parties.insert(party.clone(), now.as_second() + wait);
    }
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

/// 429 in the original's words.
#[track_caller]
pub(super) fn too_many_requests(limit: Limit) -> ApiError {
    let minutes = (limit.window + 59) / 60;
    ApiError::new(ErrorCode::TooManyRequests)
        .with_message(format!("Too many requests. Try again after {minutes} minutes."))
}

impl RateLimitStatus {
    /// The status after a request was counted, or was not because the class is at its cap. `now` in epoch seconds.
    pub(super) fn of(limit: Limit, count: RequestCount, now: i64) -> Self {
        let (current, previous) = (i64::from(count.current), i64::from(count.previous));
        let (allowed, window) = (i64::from(limit.requests), limit.window);
        let left = limit.left(now);
        // In units of requests × seconds, so that nothing is rounded.
        let used = previous * left + current * window;
        let over = !count.was_counted && current >= allowed || used > allowed * window;
        Self {
            limit,
            remaining: u32::try_from((allowed * window - used).max(0) / window).unwrap_or_default(),
            reset: left,
            retry_after: over.then(|| limit.wait(count.current, count.previous, left)),
        }
    }

    pub(super) fn rejection(&self) -> ApiError {
        too_many_requests(self.limit)
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

/// The rate limiter's decision on one request. Only it gives a request its [`Permit`].
#[derive(Debug)]
pub struct RateLimitDecision {
    verdict: Result<(), ErrorCode>,
    status: Option<RateLimitStatus>,
    reserved: Option<Reserved>,
    limiter_unavailable: bool,
}

/// What a request was counted in besides the class of every request, until its result is known.
#[derive(Debug)]
struct Reserved {
    party: Party,
    slots: Vec<(RateLimitClass, Slot)>,
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

    /// Without its counter a request passes, unless its route has a class, which exists to stop guessing. A counter that
    /// is throttled is flooded, so it counts as exceeded.
    fn without_counter(error: &StoreError, counting: &Counting) -> Self {
        tracing::error!(%error, "limiter.unavailable");
        let verdict = match (error, counting.classes.len()) {
            (StoreError::Throttled { .. }, _) => Err(ErrorCode::TooManyRequests),
            (_, 0 | 1) => Ok(()),
            _ => Err(ErrorCode::Unavailable),
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

    /// Seconds until a request of the rejected party may pass; `None` if this one did.
    fn retry_after(&self) -> Option<i64> {
        match (&self.status, self.verdict) {
            (Some(status), _) => status.retry_after,
            (None, Err(ErrorCode::TooManyRequests)) => Some(FLOOD_RETRY_SECONDS),
            (None, _) => None,
        }
    }

    /// The headers that describe the client's status.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match &self.status {
            Some(status) => status.headers(),
            None => self.retry_after().map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect(),
        }
    }

    /// Gives the request back to the classes that it does not count in; a rejected one counts in the classes that reject
    /// it. At most 1 call.
    pub(super) async fn settle(&self, store: &Store, counts_in: impl Fn(RateLimitClass) -> bool) {
        let Some(Reserved { party, slots }) = &self.reserved else { return };
        let given_back = slots.iter().filter(|(class, _)| self.verdict.is_err() || !counts_in(*class));
        let given_back: Vec<&Slot> = given_back.map(|(_, slot)| slot).collect();
        if !given_back.is_empty() {
            give_back(store, &party.0, &given_back).await;
        }
    }
}

/// Counts a request for another party than the one that was decided on. 1 call.
pub(super) async fn count(store: &Store, limits: &Limits, counting: &Counting, now: Timestamp) {
    let slots: Vec<Slot> = counting.classes.iter().map(|class| slot(limits, *class, now)).collect();
    if let Err(error) = store.count_request(&counting.party.0, &slots, expiry(limits, now)).await {
        tracing::warn!(%error, "limiter.count_failed");
    }
}

/// `Retry-After` of a client whose counter is throttled.
pub(super) const FLOOD_RETRY_SECONDS: i64 = 60;

/// The counter of a class in the window of `now`.
pub(super) fn slot(limits: &Limits, class: RateLimitClass, now: Timestamp) -> Slot {
    let limit = limits.of(class);
    Slot { class: class.name(), window: now.as_second().div_euclid(limit.window), cap: limit.requests }
}

/// When the counters that are written at `now` count for nothing any more, in epoch seconds.
pub(super) fn expiry(limits: &Limits, now: Timestamp) -> i64 {
    now.as_second() + 2 * limits.longest_window()
}

/// Counts one attempt of a client in a class apart from its request's own. 1 call.
///
/// # Errors
/// 429 when it would be one too many, 503 when the counter cannot be reached.
pub(super) async fn reserve(
    store: &Store,
    (client, slot): (&str, &Slot),
    limit: Limit,
    expires_at: i64,
    now: Timestamp,
) -> Result<(), ApiError> {
    let counts = store.count_request(client, std::slice::from_ref(slot), expires_at).await.map_err(unavailable)?;
    let status = counts.first().map(|count| RateLimitStatus::of(limit, *count, now.as_second()));
    match status.and_then(|status| status.retry_after.map(|wait| (status, wait))) {
        Some((status, wait)) => Err(status.rejection().with_header("retry-after", wait.to_string())),
        None => Ok(()),
    }
}

/// Gives an attempt back that turned out not to count. 1 call.
pub(super) async fn give_back(store: &Store, client: &str, slots: &[&Slot]) {
    if let Err(error) = store.give_back(client, slots).await {
        tracing::warn!(%error, "limiter.give_back_failed");
    }
}

fn unavailable(error: StoreError) -> ApiError {
    match error {
        StoreError::Throttled { .. } => {
            ApiError::new(ErrorCode::TooManyRequests).with_header("retry-after", FLOOD_RETRY_SECONDS.to_string())
        }
        error => ApiError::new(ErrorCode::Unavailable).with_cause(error),
    }
}

/// Counts a request in all its classes, and decides on it. 1 call.
pub async fn decide(store: &Store, limits: &Limits, counting: Counting, now: Timestamp) -> RateLimitDecision {
    let slots: Vec<Slot> = counting.classes.iter().map(|class| slot(limits, *class, now)).collect();
    let counts = match store.count_request(&counting.party.0, &slots, expiry(limits, now)).await {
        Ok(counts) => counts,
        Err(error) => return RateLimitDecision::without_counter(&error, &counting),
    };
    let was_counted = counts.iter().all(|count| count.was_counted);
    let of_class = |(class, count): (&RateLimitClass, RequestCount)| {
        RateLimitStatus::of(limits.of(*class), count, now.as_second())
    };
    let statuses: Vec<RateLimitStatus> = counting.classes.iter().zip(counts).map(of_class).collect();
    let tightest = statuses.iter().min_by_key(|status| (status.retry_after.is_none(), status.remaining)).copied();
    let rejected = tightest.is_some_and(|status| status.retry_after.is_some());
    let of_route = counting.classes.iter().zip(slots).zip(&statuses).skip(1);
    let reserved = of_route.filter(|(_, status)| was_counted && status.retry_after.is_none());
    let reserved: Vec<_> = reserved.map(|((class, slot), _)| (*class, slot)).collect();
    RateLimitDecision {
        verdict: if rejected { Err(ErrorCode::TooManyRequests) } else { Ok(()) },
        status: tightest,
        reserved: (!reserved.is_empty()).then_some(Reserved { party: counting.party, slots: reserved }),
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
    fn an_account_and_an_address_are_different_parties() {
        let keys = crate::http::testing::keyring();
        let user = UserId::new();
        let account = Counting::of_account(&keys, user);
        assert_eq!(account.party(), Counting::of_account(&keys, user).party());
        assert_ne!(account.party(), Counting::of_account(&keys, UserId::new()).party());
        assert_ne!(account.party(), Counting::of_address(&keys, &user.to_string()).party());
        assert!(!account.party.0.contains(&user.to_string()));
    }

    #[test]
    fn a_refusal_counts_in_the_classes_of_secrets_and_an_answer_only_where_it_says_so() {
        let counted = |result: &Result<Reply, ApiError>| -> Vec<RateLimitClass> {
            RateLimitClass::ALL.into_iter().filter(|class| counts_in(*class, result)).collect()
        };
        let refused = |code| Err(ApiError::new(code));
        let secrets = [RateLimitClass::Auth, RateLimitClass::Otp, RateLimitClass::Reset, RateLimitClass::Verify];
        for code in ErrorCode::ALL.iter().copied().filter(|code| code.refuses_proof()) {
            assert_eq!(counted(&refused(code)), secrets, "{code:?}");
        }
        for code in [ErrorCode::ValidationFailed, ErrorCode::Conflict, ErrorCode::LimitReached, ErrorCode::Internal] {
            assert!(counted(&refused(code)).is_empty(), "{code:?}");
        }
        assert!(counted(&Err(ApiError::new(ErrorCode::Unauthorized).presented_nothing())).is_empty());
        let reply =
            |counted_in| Ok(Reply::json(200, "{}", super::super::reply::Head { counted_in, ..Default::default() }));
        assert!(counted(&reply(None)).is_empty());
        assert_eq!(counted(&reply(Some(RateLimitClass::Register))), [RateLimitClass::Register]);
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
