//! E-mail addresses.

use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::field::{Field, string};
use crate::domain::text::is_invisible;
use crate::inline_schema;

/// An e-mail address as it is stored, compared, shown and mailed to: trimmed, in lower case, the domain in ASCII form
/// (`bücher.example` is `xn--bcher-kva.example`). Two spellings of one mailbox are equal.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not an address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// It is not an address.
    #[error("must be a valid email")]
    Malformed,
    /// Its local part has characters beyond ASCII. RFC 6531 allows them, but SES does not deliver to such addresses.
    #[error("must have only ASCII characters before the @, because mail cannot be delivered to other addresses")]
    LocalPartNotAscii,
}

impl Email {
    /// Maximum length of an address in octets (RFC 5321 §4.5.3.1.3, less the brackets).
    pub const MAX: usize = 254;
    /// Maximum length of the local part in octets (RFC 5321 §4.5.3.1.1).
    const LOCAL_MAX: usize = 64;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without a plus-tag, for which mail servers deliver to the mailbox of the rest: `a+b@example.com` is
    /// `a@example.com`.
    pub fn untagged(&self) -> String {
        match self.0.split_once('@') {
            Some((local, domain)) => match local.split_once('+') {
                Some((mailbox, _)) if !mailbox.is_empty() => format!("{mailbox}@{domain}"),
                _ => self.0.clone(),
            },
            None => self.0.clone(),
        }
    }

    /// Parses an address: an ASCII local part, one `@` and a dotted domain, nothing that could end a header line or start
    /// a display name. White space and invisible characters around it, which a copy from a page or a mail brings along,
    /// are cut.
    ///
    /// # Errors
    /// [`InvalidEmail`].
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        if text.chars().count() > Self::MAX {
            return Err(InvalidEmail::Malformed);
        }
        let domain = ascii_domain(domain).ok_or(InvalidEmail::Malformed)?;
        if !local.is_ascii() {
            return Err(InvalidEmail::LocalPartNotAscii);
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if is_local_part(local) && address.len() <= Self::MAX {
            Ok(Self(address))
        } else {
            Err(InvalidEmail::Malformed)
        }
    }
}

/// RFC 5321's unquoted local part (`Dot-string`).
fn is_local_part(local: &str) -> bool {
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let atext = |c: char| c.is_ascii_alphanumeric() || c == '.' || "!#$%&'*+/=?^_`{|}~-".contains(c);
    !local.is_empty() && local.len() <= Email::LOCAL_MAX && dots && local.chars().all(atext)
}

/// The ASCII form of a dotted domain of letters, digits and hyphens (UTS 46, non-transitional: IDNA2008's labels, combining
/// marks and right-to-left rules included). Checks the lengths of the labels and of the whole.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        // `--` in third and fourth place, reserved for prefixes as `xn--`, occurs in domains that exist.
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.ok().filter(|domain| domain.contains('.')).map(std::borrow::Cow::into_owned)
}

impl Field for Email {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.trim().is_empty() {
            return Err(format!("{label} is required"));
        }
        Self::parse(text).map_err(|error| format!("{label} {error}"))
    }
}

inline_schema!(Email, {
    "type": "string", "format": "email", "maxLength": Self::MAX,
    "description": "The domain may be internationalized; answers have its ASCII form. The part before the @ must be ASCII.",
});

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parsed(text: &str) -> String {
        Email::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}")).as_str().to_owned()
    }

    #[test]
    fn the_spellings_of_one_mailbox_are_one_address() {
        for (canonical, spellings) in [
            ("unal@example.com", &["  Unal@Example.COM ", "unal@ｅxample.com", "unal@exam\u{ad}ple.com"][..]),
            (
                "a@xn--bcher-kva.example",
                &["a@bücher.example", "A@BÜCHER.example", "a@bu\u{308}cher.example", "a@XN--BCHER-KVA.Example"],
            ),
            ("a@xn--bcher-kva.example", &["a@bücher。example", "a@ｘn--bcher-kva．example"]),
            (
                "ada@example.com",
                &["\u{200b}ada@example.com", "ada@example.com\u{feff}", " \u{202a}ada@example.com\u{202c}\t"],
            ),
            // Non-transitional: the German sharp s is a letter of its own.
            ("a@xn--strae-oqa.example", &["a@straße.example"]),
        ] {
            for spelling in spellings {
                assert_eq!(parsed(spelling), canonical, "{spelling}");
            }
        }
    }

    #[test]
    fn labels_with_combining_marks_are_domains() {
        assert_eq!(parsed("someone@डाटामेल.भारत"), "someone@xn--c2bd4bq1db8d.xn--h2brj9c");
        assert_eq!(parsed("a@ตัวอย่าง.ไทย"), "a@xn--72c1a1bt4awk9o.xn--o3cw4h");
    }

    #[test]
    fn a_local_part_beyond_ascii_is_refused_in_words_that_say_so() {
        for text in ["ünal@example.com", "ａ@example.com", "उदाहरण@डाटामेल.भारत"] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::LocalPartNotAscii), "{text}");
        }
        let message = Email::read("Email", &json!("ünal@example.com")).unwrap_err();
        assert!(message.starts_with("Email must have only ASCII characters before the @"), "{message}");
    }

    #[test]
    fn tagged_addresses_are_of_one_mailbox() {
        let untagged = |text: &str| Email::parse(text).unwrap().untagged();
        for text in ["a@example.com", "A+1@example.com", "a+b+c@EXAMPLE.com", "a+@example.com"] {
            assert_eq!(untagged(text), "a@example.com", "{text}");
        }
        assert_eq!(untagged("+a@example.com"), "+a@example.com", "there is no mailbox without a name");
        assert_eq!(untagged("a@xn--bcher-kva.example"), untagged("a+x@bücher.example"));
    }

    #[test]
    fn lengths_are_those_of_the_ascii_form() {
        let label = "a".repeat(63);
        let domain = format!("{label}.{label}.{label}");
        let local = |length: usize| "b".repeat(length);
        assert!(Email::parse(&format!("{}@{domain}", local(62))).is_ok(), "254 octets");
        assert!(Email::parse(&format!("{}@{domain}", local(63))).is_err(), "255 octets");
        assert!(Email::parse(&format!("{}@example.com", local(64))).is_ok());
        assert!(Email::parse(&format!("{}@example.com", local(65))).is_err());
        assert!(Email::parse(&format!("a@{label}a.com")).is_err());
        // 57 letters, but 64 octets as `xn--…`.
        let unicode = format!("{}ü", "a".repeat(56));
        assert!(unicode.chars().count() < 63 && Email::parse(&format!("a@{unicode}.com")).is_err());
    }

    #[test]
    fn what_could_break_a_header_or_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(243));
        let endless = format!("a@{}.example", "ü".repeat(100_000));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            "a@example.com.",
            ".a@example.com",
            "a..b@example.com",
            "a@-example.com",
            "a@example-.com",
            "a@exam_ple.com",
            "a@xn--a.example",
            "a@\u{300}x.example",
            "a@[192.0.2.1]",
            "Name <a@example.com>",
            "a@example.com,b@example.com",
            "a\r\nBcc: x@example.com",
            "\"a\"@example.com",
            "a@example.com\u{0}",
            "a@b@example.com",
            "\u{200b}",
            "\u{200b}@example.com",
            &long,
            &endless,
        ] {
            assert_eq!(Email::parse(bad), Err(InvalidEmail::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        let email = Email::parse("someone@example.com").unwrap();
        assert!(!format!("{email:?}").contains("someone"));
    }

    proptest! {
        #[test]
        fn an_address_is_ascii_and_parsing_it_again_changes_nothing(
            text in "[!-~]{1,20}@(\\PC{1,10}|[a-z\u{e0}-\u{ff}\u{915}-\u{94d}]{1,9})\\.[a-zA-Z]{2,5}"
        ) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().is_ascii() && email.as_str().len() <= Email::MAX);
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
        }

        #[test]
        fn case_and_composition_make_no_difference(local in "[a-z]{1,9}", label in "[a-z\u{e0}-\u{f6}]{1,20}") {
            use unicode_normalization::UnicodeNormalization;

            let typed = format!("{local}@{label}.example");
            let email = Email::parse(&typed).unwrap();
            for again in [typed.to_uppercase(), typed.nfd().collect(), format!("{local}@{}.EXAMPLE", label.nfkd())] {
                prop_assert_eq!(&Email::parse(&again).unwrap(), &email, "{}", again);
            }
        }
    }
}
