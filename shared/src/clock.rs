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

/// An instant in UTC with millisecond precision, from 1970 to [`Timestamp::MAX`] at the end of the year 9999.
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
    Timestamp::rounded(jiff::Timestamp::now()).unwrap_or(Timestamp::MIN)
}

/// The text is no instant that the product accepts.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 instant with a zone from 1970 to 9999")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The last instant, 9999-12-30T22:00:00Z: at every offset from UTC it still lies in the year 9999. Later ones are read as
    /// this one, and nothing is scheduled for it.
    pub const MAX: Self = Self(jiff::Timestamp::constant(253_402_207_200, 0));
    /// The first instant.
    pub const MIN: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Reads RFC 3339 with a zone. Cuts off a fraction finer than a millisecond, however many digits it has, and reads an instant
    /// after [`Self::MAX`] as that.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] for any other text, and for instants before 1970.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let Rfc3339 { local, fraction, zone } = Rfc3339::split(text).ok_or(InvalidTimestamp)?;
        let milliseconds = fraction.get(..3).unwrap_or(fraction);
        let point = if milliseconds.is_empty() { "" } else { "." };
        match format!("{local}{point}{milliseconds}{zone}").parse() {
            Ok(instant) => Self::rounded(instant).ok_or(InvalidTimestamp),
            // A day that exists, at an offset that exists: only the library's last instant can be in the way.
            Err(_) => {
                let local: civil::DateTime = local.parse().map_err(|_| InvalidTimestamp)?;
                let is_last = local.date() >= Self::MAX.0.to_zoned(TimeZone::UTC).date();
                is_last.then_some(Self::MAX).ok_or(InvalidTimestamp)
            }
        }
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

    /// The instant of so many milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] outside 1970 to 9999.
    pub fn from_millisecond(millisecond: i64) -> Result<Self, InvalidTimestamp> {
        let instant = jiff::Timestamp::from_millisecond(millisecond).map_err(|_| InvalidTimestamp)?;
        Self::rounded(instant).ok_or(InvalidTimestamp)
    }

    /// This instant in a time zone, for people to read.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::Zoned {
        self.0.to_zoned(zone.clone())
    }

    /// Later by `duration`, at the latest [`Self::MAX`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0.checked_add(duration).ok().and_then(Self::rounded).unwrap_or(Self::MAX)
    }

    /// Earlier by `duration`, at the earliest the Unix epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.0.checked_sub(duration).ok().and_then(Self::rounded).unwrap_or(Self::MIN)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    fn rounded(instant: jiff::Timestamp) -> Option<Self> {
        let rounding = jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc);
        let instant = instant.round(rounding).ok()?;
        Some(Self(instant).min(Self::MAX)).filter(|instant| *instant >= Self::MIN)
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

/// The parts of `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, RFC 3339 §5.6. The parser behind accepts more (basic ISO 8601,
/// bracketed zone names), which clients must not come to depend on, and at most nine digits of a fraction.
struct Rfc3339<'a> {
    /// Date and time of day, to the second.
    local: &'a str,
    /// The digits of the fraction; empty without one.
    fraction: &'a str,
    zone: &'a str,
}

impl<'a> Rfc3339<'a> {
    /// Splits a text; `None` when it has another shape.
    fn split(text: &'a str) -> Option<Self> {
        const LOCAL: &str = "0000-00-00T00:00:00";
        let (local, rest) = text.split_at_checked(LOCAL.len())?;
        let is_of = |byte: u8, shape: u8| match shape {
            b'0' => byte.is_ascii_digit(),
            b'T' => b"Tt ".contains(&byte),
            separator => byte == separator,
        };
        let has_shape = local.bytes().zip(LOCAL.bytes()).all(|(byte, shape)| is_of(byte, shape));
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", rest),
        };
        let has_fraction = rest.starts_with('.') != fraction.is_empty();
        (has_shape && has_fraction && is_zone(zone)).then_some(Self { local, fraction, zone })
    }
}

/// `Z`, or RFC 3339's `time-numoffset`: hours to 23, minutes to 59.
fn is_zone(text: &str) -> bool {
    let two_digits = |digits: &str| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let offset = text.strip_prefix(['+', '-']).and_then(|offset| offset.split_once(':'));
    let is_offset = offset
        .is_some_and(|(hours, minutes)| two_digits(hours) && hours <= "23" && two_digits(minutes) && minutes <= "59");
    is_offset || text.eq_ignore_ascii_case("z")
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
    fn only_rfc_3339_with_a_zone_from_1970_on_is_an_instant() {
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
            "2024-12-10T09:00:00.123",
            "2024-12-10T09:00:00.1x3Z",
            "2024-12-10T09:00:00+5:30",
            "2024-12-10T09:00:0éZ",
            "9999-12-32T00:00:00Z",
            "9999-13-01T00:00:00Z",
            "9999-12-31T25:00:00Z",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fraction_has_any_number_of_digits() {
        let long = format!("2024-12-10T09:00:00.987{}Z", "6".repeat(5000));
        for (typed, read) in [
            ("2024-12-10T09:00:00.5Z", "2024-12-10T09:00:00.500Z"),
            ("2024-12-10T09:00:00.123456789Z", "2024-12-10T09:00:00.123Z"),
            ("2024-12-10T09:00:00.9999999999999+05:30", "2024-12-10T03:30:00.999Z"),
            (&long, "2024-12-10T09:00:00.987Z"),
        ] {
            assert_eq!(Timestamp::parse(typed).unwrap().to_string(), read, "{typed}");
        }
    }

    #[test]
    fn what_is_later_than_the_last_instant_is_read_as_the_last_instant() {
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
        for late in [
            "9999-12-30T22:00:00Z",
            "9999-12-30T22:00:00.001Z",
            "9999-12-30T22:00:01Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999999999Z",
            "9999-12-31T23:59:59-23:59",
            "9999-12-31T23:30:00-00:30",
        ] {
            assert_eq!(Timestamp::parse(late).unwrap(), Timestamp::MAX, "{late}");
        }
        assert_eq!(Timestamp::parse("9999-12-30T21:59:59.999Z").unwrap().to_string(), "9999-12-30T21:59:59.999Z");
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59+23:59").unwrap(), Timestamp::MAX);
        assert!(Timestamp::parse("9999-12-30T23:00:00+02:00").unwrap() < Timestamp::MAX);
        assert_eq!(Timestamp::MAX.plus(Duration::from_millis(1)), Timestamp::MAX);
        assert_eq!(Timestamp::from_second(253_402_207_200).unwrap(), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_advances_and_a_fixed_clock_does_not() {
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
