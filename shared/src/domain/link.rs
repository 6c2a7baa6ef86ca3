//! Links to where more is to be found.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::domain::field::{Field, string};
use crate::inline_schema;

/// An `http` or `https` address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// Most characters, as browsers take them in practice.
    pub const MAX: usize = 2048;
}

impl Field for Link {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        if text.chars().count() > Self::MAX {
            return Err(format!("{label} cannot exceed {} characters", Self::MAX));
        }
        let url = Url::parse(text).ok();
        let web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !web || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!("{label} must be an http or https URL"));
        }
        Ok(Self(text.to_owned()))
    }
}

inline_schema!(Link, {"type": "string", "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?://", "maxLength": Self::MAX});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_web_addresses_are_links() {
        for good in ["https://example.com", "http://example.com:8080/a?b=c#d"] {
            assert!(Link::read("Link", &json!(good)).is_ok(), "{good}");
        }
        for bad in ["", "example.com", "javascript:alert(1)", "ftp://example.com", "https://", "https://a b.com"] {
            assert!(Link::read("Link", &json!(bad)).is_err(), "{bad}");
        }
    }
}
