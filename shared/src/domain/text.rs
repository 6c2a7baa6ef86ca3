//! Text as people type it: trimmed, NFC (UAX #15), no control characters, counted in characters.

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::domain::field::Blank;

/// Which control characters a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// None: a name, a title.
    Single,
    /// Line breaks and tabs: a description, a message.
    Multiple,
}

impl Lines {
    /// Texts without the control characters (Unicode's category Cc) that are not allowed, as ECMA-262 says it.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Single => r"^[^\u0000-\u001F\u007F-\u009F]*$",
            Self::Multiple => r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$",
        }
    }
}

/// The rules of one kind of text.
#[derive(Clone, Copy, Debug)]
pub struct TextRules {
    /// Fewest characters after trimming. Zero allows the empty text.
    pub min: usize,
    /// Most characters after trimming and normalisation.
    pub max: usize,
    /// Control characters that it may hold.
    pub lines: Lines,
}

impl TextRules {
    /// What blank text is: text, where none need be there.
    pub const fn blank(self) -> Blank {
        if self.min == 0 { Blank::Text } else { Blank::None }
    }
}

/// Trims, normalises and checks `text`.
///
/// # Errors
/// The sentence for the caller, opened by `label`.
pub fn clean(label: &str, text: &str, rules: TextRules) -> Result<String, String> {
    let text: String = text.trim().nfc().collect();
    let count = text.chars().count();
    if rules.min > 0 && count == 0 {
        return Err(format!("{label} is required"));
    }
    if count < rules.min {
        return Err(format!("{label} must be at least {} characters", rules.min));
    }
    if count > rules.max {
        return Err(format!("{label} cannot exceed {} characters", rules.max));
    }
    if text.chars().any(|c| c.is_control() && !allowed(c, rules.lines)) {
        return Err(format!("{label} must not contain control characters"));
    }
    Ok(text)
}

fn allowed(c: char, lines: Lines) -> bool {
    lines == Lines::Multiple && matches!(c, '\n' | '\r' | '\t')
}

/// Whether nothing is shown for a character: spaces of no width, joiners, marks of the direction of writing, and the byte
/// order mark (of Unicode's category Cf).
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// `text` as it is searched: by full case folding (Unicode Standard, §3.13.3), composed, and without the dot that folding leaves
/// above the `i` of the Turkish `İ`. So `STRASSE` finds `Straße`, and `istanbul` finds `İstanbul`.
pub fn folded(text: &str) -> String {
    const DOT_ABOVE: char = '\u{307}';
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfc().default_case_fold() {
        if character != DOT_ABOVE || !folded.ends_with('i') {
            folded.push(character);
        }
    }
    if is_nfc(&folded) { folded } else { folded.nfc().collect() }
}

/// Declares a text type whose only maker applies its rules.
#[macro_export]
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal, $lines:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The bounds, in characters, and the control characters allowed.
            pub const RULES: $crate::domain::text::TextRules = $crate::domain::text::TextRules {
                min: $min,
                max: $max,
                lines: $crate::domain::text::Lines::$lines,
            };

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::domain::field::Field for $name {
            const BLANK: $crate::domain::field::Blank = Self::RULES.blank();

            fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
                let text = $crate::domain::field::string(label, value)?;
                $crate::domain::text::clean(label, text, Self::RULES).map(Self)
            }
        }

        $crate::inline_schema!($name, {
            "type": "string", "minLength": $min, "maxLength": $max, "pattern": Self::RULES.lines.pattern(),
        });
    };
}

/// Declares a closed set of words, read without regard to case and written in lower case.
#[macro_export]
macro_rules! word_type {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in the order of the product's documentation.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word in any case.
            pub fn from_word(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) { return Some(Self::$variant); })+
                None
            }
        }

        impl $crate::domain::field::Field for $name {
            fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
                let word = $crate::domain::field::string(label, value)?;
                Self::from_word(word.trim())
                    .ok_or_else(|| format!("{label} must be one of {}", Self::WORDS.join(", ")))
            }
        }

        $crate::inline_schema!($name, { "type": "string", "enum": Self::WORDS });
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TITLE: TextRules = TextRules { min: 3, max: 5, lines: Lines::Single };

    #[test]
    fn text_is_trimmed_composed_and_counted_in_characters() {
        assert_eq!(clean("Title", "  cafe\u{301} ", TITLE).unwrap(), "café");
        assert_eq!(clean("Title", "🎉🎉🎉🎉🎉", TITLE).unwrap(), "🎉🎉🎉🎉🎉");
        assert_eq!(clean("Title", "  ", TITLE).unwrap_err(), "Title is required");
        assert_eq!(clean("Title", "ab", TITLE).unwrap_err(), "Title must be at least 3 characters");
        assert_eq!(clean("Title", "abcdef", TITLE).unwrap_err(), "Title cannot exceed 5 characters");
    }

    #[test]
    fn control_characters_are_refused_but_line_breaks_where_lines_are_meant() {
        let message = TextRules { min: 0, max: 50, lines: Lines::Multiple };
        assert!(clean("Title", "a\nb c", TITLE).is_err());
        assert!(clean("Title", "ab\u{0}", TITLE).is_err());
        assert_eq!(clean("Message", "a\r\n\tb", message).unwrap(), "a\r\n\tb");
        assert!(clean("Message", "a\u{7}b", message).is_err());
    }

    #[test]
    fn folded_texts_are_equal_where_people_see_the_same_letters() {
        for (one, other) in [
            ("ΟΔΟΣ", "οδος"),
            ("STRASSE", "Straße"),
            ("STRAẞE", "strasse"),
            ("istanbul", "İSTANBUL"),
            ("i\u{307}stanbul", "Istanbul"),
            ("ﬁn", "FIN"),
            ("cafe\u{301}", "CAFÉ"),
            ("ЁЖИК", "ёжик"),
            ("ΐ", "Ϊ\u{301}"),
            ("Ǆ", "ǆ"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("ısparta", "isparta"), ("cafe", "café"), ("й", "и"), ("ω", "ώ")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
        assert!(folded("ΟΔΟΣΗΜΑΝΣΗ").contains(&folded("ΟΔΟΣ")) && folded("ΟΔΟΣΗΜΑΝΣΗ").contains(&folded("οδος")));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn the_case_of_letters_does_not_matter(text in "\\PC{0,40}") {
            prop_assert_eq!(folded(&text.to_lowercase()), folded(&text));
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC{0,40}") {
            let rules = TextRules { min: 0, max: 200, lines: Lines::Multiple };
            if let Ok(once) = clean("T", &text, rules) {
                prop_assert_eq!(clean("T", &once, rules).unwrap(), once);
            }
        }
    }
}
