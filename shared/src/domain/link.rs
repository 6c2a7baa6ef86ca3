//! Links to further information.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;

use crate::domain::field::{Field, string};
use crate::inline_schema;

/// An `http` or `https` address with a host, as the URL standard writes it (<https://url.spec.whatwg.org>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// Maximum length in characters, as typed and as stored. Browsers take about as many.
    pub const MAX: usize = 2048;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link of a text that a browser would open as an `http` or `https` address.
    fn normalized(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        is_web.then(|| Self(url.into()))
    }
}

impl Field for Link {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?.trim();
        let too_long = || format!("{label} cannot exceed {} characters", Self::MAX);
        if text.chars().count() > Self::MAX {
            return Err(too_long());
        }
        // The standard ignores tabs and line breaks.
        let link = Self::normalized(text).filter(|_| !text.chars().any(char::is_control));
        let link = link.ok_or_else(|| format!("{label} must be an http or https URL"))?;
        // What is read back can be sent again.
        if link.0.len() > Self::MAX { Err(format!("{}, percent-encoded", too_long())) } else { Ok(link) }
    }
}

inline_schema!(Link, {"type": "string", "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?:", "maxLength": Self::MAX});

/// Reads the link of a stored row. Earlier versions stored links as they were typed.
///
/// # Errors
/// The value is neither a string nor null.
pub fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Link>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.and_then(|text| Link::normalized(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_link_is_stored_as_the_url_standard_writes_it() {
        for (typed, stored) in [
            ("https://example.com", "https://example.com/"),
            ("http://example.com:8080/a?b=c#d", "http://example.com:8080/a?b=c#d"),
            ("  HTTPS://Example.COM:443/A/../b  ", "https://example.com/b"),
            ("https:example.com", "https://example.com/"),
            (r"https:\\example.com\a", "https://example.com/a"),
            ("https:///example.com", "https://example.com/"),
            ("https://bücher.example/für?q=ü", "https://xn--bcher-kva.example/f%C3%BCr?q=%C3%BC"),
            ("https://example.com/a b", "https://example.com/a%20b"),
        ] {
            assert_eq!(Link::read("Link", &json!(typed)).unwrap().as_str(), stored, "{typed}");
        }
    }

    #[test]
    fn only_web_addresses_are_links() {
        for bad in [
            "",
            "example.com",
            "//example.com",
            "javascript:alert(1)",
            "ftp://example.com",
            "https://",
            "https:",
            "https://a b.com",
            "https://exa\tmple.com",
            "java\nscript:alert(1)",
            "https://example.com:99999",
        ] {
            assert!(Link::read("Link", &json!(bad)).is_err(), "{bad}");
        }
        let long = |letter: &str, count| json!(format!("https://example.com/{}", letter.repeat(count)));
        assert!(Link::read("Link", &long("a", 2028)).is_ok());
        assert!(Link::read("Link", &long("a", 2029)).is_err());
        assert!(Link::read("Link", &long("é", 400)).is_err(), "2,420 characters, percent-encoded");
    }

    #[test]
    fn a_link_that_was_stored_as_typed_is_read_as_the_url_standard_writes_it() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "stored")]
            link: Option<Link>,
        }
        let link = |row: Value| serde_json::from_value::<Row>(row).unwrap().link.map(|link| link.0);
        assert_eq!(link(json!({"link": "https:example.com"})).as_deref(), Some("https://example.com/"));
        assert_eq!(link(json!({"link": ""})), None);
        assert_eq!(link(json!({})), None);
    }

    proptest! {
        #[test]
        fn what_is_stored_can_be_sent_again_and_stays_the_same(text in "https?:(//)?\\PC{1,60}") {
            if let Ok(link) = Link::read("Link", &json!(text)) {
                prop_assert!(link.0.starts_with("http://") || link.0.starts_with("https://"));
                prop_assert_eq!(Link::read("Link", &json!(link.0)).unwrap(), link);
            }
        }
    }
}
