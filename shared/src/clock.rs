//! Instants as the product shows and sorts them (UTC, milliseconds, RFC 3339 with `Z`), and the clock that reads the
//! current one.
//!
//! Code below the edge takes `now` as an argument, or a [`Clock`] where it needs a later instant as well. Only the edge
//! makes the system's clock: the request pipeline, the event runner and the mains. A lint (`clippy.toml`) forbids every
//! other way to the current time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Unit, civil};
use serde::{Deserialize, Serialize};

/// An instant in UTC with millisecond precision between the years 1970 and 9999.
///
/// Its text form has a fixed width (`2026-11-22T05:00:00.000Z`), so instants sort as text; the
/// table's index keys rely on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// The source of the current time.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Source);

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    Fixed(Timestamp),
}

impl Clock {
    /// The clock of this machine. For the edge only: a lint forbids it elsewhere.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that always shows `at`, for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(at))
    }

    /// The current instant.
    pub fn now(self) -> Timestamp {
        match self.0 {
            Source::System => read_system(),
            Source::Fixed(at) => at,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place that reads the system's time")]
fn read_system() -> Timestamp {
    Timestamp::rounded(jiff::Timestamp::now()).unwrap_or(Timestamp(jiff::Timestamp::UNIX_EPOCH))
}

/// The text is no instant that the product accepts.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 instant with a zone between 1970 and 9999")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The last instant of all.
    pub const MAX: Self = Self(jiff::Timestamp::MAX);

    /// Reads RFC 3339 with a zone; a fraction finer than a millisecond is cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] for any other text, and for instants outside 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        if !has_rfc3339_shape(text.as_bytes()) {
            return Err(InvalidTimestamp);
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        Self::rounded(instant).ok_or(InvalidTimestamp)
    }

    /// The last millisecond of a calendar day in a time zone, whatever daylight saving does to that day.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when the day lies outside 1970 to 9999.
    pub fn end_of_day(day: civil::Date, zone: &TimeZone) -> Result<Self, InvalidTimestamp> {
        let next = day.tomorrow().map_err(|_| InvalidTimestamp)?;
        let midnight = next.to_zoned(zone.clone()).map_err(|_| InvalidTimestamp)?;
        let end = midnight.timestamp().checked_sub(SignedDuration::from_millis(1)).map_err(|_| InvalidTimestamp)?;
        Self::rounded(end).ok_or(InvalidTimestamp)
    }

    /// The instant at which a wall clock in a time zone shows `local`. Where daylight saving leaves that out, the next
    /// instant that exists; of two, the earlier.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] outside 1970 to 9999.
    pub fn at_local(local: civil::DateTime, zone: &TimeZone) -> Result<Self, InvalidTimestamp> {
        let ambiguous = zone.to_ambiguous_zoned(local);
        let earlier = ambiguous.clone().earlier().map_err(|_| InvalidTimestamp)?.timestamp();
        let later = ambiguous.later().map_err(|_| InvalidTimestamp)?.timestamp();
        // Asked back, since where a zone's history meets its present rule a reading may be of neither.
        let shown = [earlier, later].into_iter().find(|at| at.to_zoned(zone.clone()).datetime() == local);
        let instant = match shown {
            Some(instant) => instant,
            // The clock was put forward between the two readings of a time that it never showed.
            None => zone.following(earlier).next().ok_or(InvalidTimestamp)?.timestamp(),
        };
        Self::rounded(instant).ok_or(InvalidTimestamp)
    }

    /// The first instant of a calendar day in a time zone. The day after a skipped one begins with it.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] outside 1970 to 9999.
    pub fn start_of_day(day: civil::Date, zone: &TimeZone) -> Result<Self, InvalidTimestamp> {
        Self::at_local(day.to_datetime(civil::Time::midnight()), zone)
    }

    /// The minute that this instant lies in, from its beginning.
    #[must_use]
    pub fn floor_to_minute(self) -> Self {
        let rounding = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Trunc);
        self.0.round(rounding).map_or(self, Self)
    }

    /// Seconds since the Unix epoch, as DynamoDB's TTL and JWT's claims count.
    pub fn as_second(self) -> i64 {
        self.0.as_second()
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millisecond(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The instant of so many seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] outside 1970 to 9999.
    pub fn from_second(second: i64) -> Result<Self, InvalidTimestamp> {
        let instant = jiff::Timestamp::from_second(second).map_err(|_| InvalidTimestamp)?;
        Self::rounded(instant).ok_or(InvalidTimestamp)
    }

    /// This instant in a time zone, for people to read.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::Zoned {
        self.0.to_zoned(zone.clone())
    }

    /// Later by `duration`, at the latest the end of the year 9999.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0.checked_add(duration).ok().and_then(Self::rounded).unwrap_or(Self::MAX)
    }

    /// Earlier by `duration`, at the earliest the Unix epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.0.checked_sub(duration).ok().and_then(Self::rounded).unwrap_or(Self(jiff::Timestamp::UNIX_EPOCH))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    fn rounded(instant: jiff::Timestamp) -> Option<Self> {
        let rounding = jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc);
        let instant = instant.round(rounding).ok()?;
        (instant >= jiff::Timestamp::UNIX_EPOCH).then_some(Self(instant))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl From<Timestamp> for String {
    fn from(instant: Timestamp) -> Self {
        instant.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        Self::parse(&text)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        Self::parse(text)
    }
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, RFC 3339 §5.6: the parser behind accepts more
/// (basic ISO 8601, bracketed zone names), which clients must not come to depend on.
fn has_rfc3339_shape(text: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
    };
    let byte = |at: usize, allowed: &[u8]| text.get(at).is_some_and(|b| allowed.contains(b));
    let head = digits(0..4)
        && byte(4, b"-")
        && digits(5..7)
        && byte(7, b"-")
        && digits(8..10)
        && byte(10, b"Tt ")
        && digits(11..13)
        && byte(13, b":")
        && digits(14..16)
        && byte(16, b":")
        && digits(17..19);
    let mut zone = 19;
    if byte(zone, b".") {
        zone += 1;
        while byte(zone, b"0123456789") {
            zone += 1;
        }
        if !digits(20..zone) {
            return false;
        }
    }
    let utc = byte(zone, b"Zz") && text.len() == zone + 1;
    // time-numoffset: hours to 23, minutes to 59.
    let offset = byte(zone, b"+-")
        && digits(zone + 1..zone + 3)
        && text.get(zone + 1..zone + 3) <= Some(b"23")
        && byte(zone + 3, b":")
        && digits(zone + 4..zone + 6)
        && text.get(zone + 4..zone + 6) <= Some(b"59")
        && text.len() == zone + 6;
    head && (utc || offset)
}

/// The time of this crate's unit tests. Other tests have the same from `test-support`, which depends on this crate.
#[cfg(test)]
pub(crate) mod testing {
    use super::Timestamp;

    /// An ordinary working day, or the instant in the environment variable `TEST_NOW`.
    pub(crate) fn now() -> Timestamp {
        let text = std::env::var("TEST_NOW");
        Timestamp::parse(text.as_deref().unwrap_or("2026-11-18T10:17:42.319Z")).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instant_is_shown_in_utc_with_milliseconds() {
        let instant = Timestamp::parse("2024-12-10T09:00:00+05:30").unwrap();
        assert_eq!(instant.to_string(), "2024-12-10T03:30:00.000Z");
    }

    #[test]
    fn only_rfc_3339_with_a_zone_between_1970_and_9999_is_an_instant() {
        for bad in [
            "",
            "2024-12-10",
            "2024-12-10T09:00:00",
            "20241210T090000Z",
            "2024-12-10T09Z",
            "2024-13-10T09:00:00Z",
            "2024-02-30T09:00:00Z",
            "2024-12-10T25:00:00Z",
            "2024-12-10T09:00:00.Z",
            "2024-12-10T09:00:00+0530",
            "2024-12-10T09:00:00+25:00",
            "2024-12-10T09:00:00+05:60",
            "2024-12-10T09:00:00Z[Asia/Kolkata]",
            "1969-12-31T23:59:59Z",
            "12024-12-10T09:00:00Z",
            "2024-12-10T09:00:00Z ",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_system_s_clock_advances_and_a_fixed_one_stands_still() {
        let at = Timestamp::parse("2028-02-29T23:30:00Z").unwrap();
        assert_eq!(Clock::fixed(at).now(), at);
        #[expect(clippy::disallowed_methods, reason = "this test is about the system's clock")]
        let clock = Clock::system();
        let first = clock.now();
        assert!(first > Timestamp::parse("2026-01-01T00:00:00Z").unwrap() && clock.now() >= first);
    }

    #[test]
    fn a_day_ends_a_millisecond_before_the_next_local_midnight() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let end = Timestamp::end_of_day(civil::date(2024, 12, 10), &zone).unwrap();
        assert_eq!(end.to_string(), "2024-12-10T18:29:59.999Z");
    }

    proptest! {
        #[test]
        fn text_order_is_time_order_and_text_round_trips(a in 0i64..253_402_207_200_000, b in 0i64..253_402_207_200_000) {
            let at = |ms| Timestamp(jiff::Timestamp::from_millisecond(ms).unwrap());
            let (a, b) = (at(a), at(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(Timestamp::parse(&a.to_string()).unwrap(), a);
        }
    }
}
