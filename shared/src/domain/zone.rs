//! Time zones.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::field::{Field, string};
use crate::inline_schema;

/// An IANA time zone that the bundled database knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

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
    /// [`UnknownZone`] when the bundled database does not have it.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone)
    }

    /// The zone's rules.
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

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::parse(&name)
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
