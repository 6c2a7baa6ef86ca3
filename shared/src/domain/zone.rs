//! Time zones.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::field::{Field, string};
use crate::inline_schema;

/// A name in the database that stands for a zone which was never set.
const PLACEHOLDER: &str = "Factory";

/// An IANA time zone that the bundled database knows. Zones are equal if their names are: two names of one set of rules, as
/// `Europe/Kyiv` and `Europe/Kiev` are, are two zones to who chooses among them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

/// The name is no IANA time zone.
#[derive(Debug, thiserror::Error)]
#[error("not an IANA time zone")]
pub struct UnknownZone;

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of an IANA name, in any case.
    ///
    /// # Errors
    /// [`UnknownZone`] when the bundled database does not have it, or when it is a placeholder: `Etc/Unknown` or `Factory`.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map(Self).map_err(|_| UnknownZone)?;
        if zone.0.is_unknown() || zone.name() == PLACEHOLDER { Err(UnknownZone) } else { Ok(zone) }
    }

    pub fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    /// The zone of a stored name. Earlier versions stored a placeholder, which has the rules of UTC.
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        if name == PLACEHOLDER { Ok(Self::UTC) } else { Self::parse(&name) }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl Field for Zone {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let name = string(label, value)?;
        Self::parse(name.trim()).map_err(|_| format!("{label} must be an IANA time zone"))
    }
}

inline_schema!(Zone, {"type": "string", "description": "An IANA time zone", "examples": ["Asia/Kolkata"]});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_one_set_of_rules_are_zones_of_their_own() {
        for (one, other) in [("Europe/Kyiv", "Europe/Kiev"), ("Asia/Kolkata", "Asia/Calcutta"), ("UTC", "Etc/UTC")] {
            let (one, other) = (Zone::parse(one).unwrap(), Zone::parse(other).unwrap());
            assert_ne!(one, other);
            assert_eq!(one, Zone::parse(one.name()).unwrap());
        }
        assert_eq!(Zone::parse("europe/kyiv").unwrap().name(), "Europe/Kyiv");
    }

    #[test]
    fn a_placeholder_is_no_zone_and_a_stored_one_reads_as_utc() {
        for name in ["Etc/Unknown", "Factory", "etc/unknown", "FACTORY", "Mars/Olympus", ""] {
            assert!(Zone::parse(name).is_err(), "{name}");
        }
        assert_eq!(serde_json::from_value::<Zone>(json!("Factory")).unwrap(), Zone::UTC);
        assert!(serde_json::from_value::<Zone>(json!("Mars/Olympus")).is_err());
        assert_eq!(Zone::parse("asia/kolkata").unwrap().name(), "Asia/Kolkata");
        assert_eq!(Zone::parse("Etc/GMT+5").unwrap().name(), "Etc/GMT+5");
    }
}
