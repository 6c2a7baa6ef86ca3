//! Passwords as the original system hashed them. A middleware changed every text of a request's body before any handler saw
//! it, passwords included; bcrypt hashes of the original are of the changed text.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::domain::password::Password;

/// The texts that a bcrypt hash may have been made from, for a password as it was typed, without repetition: as the original
/// would have changed it, as typed (an account older than the middleware), and composed. One text for an ordinary password,
/// three at most.
pub(super) fn candidates(password: &Password) -> Vec<String> {
    let typed = password.expose_typed();
    let mut texts = vec![sanitized(typed)];
    for text in [typed, password.expose()] {
        if !texts.iter().any(|known| known == text) {
            texts.push(text.to_owned());
        }
    }
    texts
}

/// What the original cut out of a text, in its order. JavaScript's `.` ends at four line ends, its `\s` knows these spaces, and
/// its flag `i` folds a letter beyond ASCII to none within.
const CUTS: [&str; 4] = [
    r"(?i)<script[^>]*>[^\n\r\x{2028}\x{2029}]*?</script>",
    r"(?i)<iframe[^>]*>[^\n\r\x{2028}\x{2029}]*?</iframe>",
    r"(?i)javascript:",
    r"(?i)on[0-9A-Za-z_]+[\t-\r\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*=",
];

static CUT_PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| CUTS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// A text as the original's `sanitizeValue` returned it.
fn sanitized(text: &str) -> String {
    if text.starts_with('$') || text.contains("$where") {
        return text.replace('$', "");
    }
    let mut cut = text.to_owned();
    for pattern in CUT_PATTERNS.iter() {
        cut = pattern.replace_all(&cut, "").into_owned();
    }
    cut.trim_matches(is_javascript_space).to_owned()
}

/// ECMA-262's white space and line ends, which `String.prototype.trim` removes.
fn is_javascript_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;
    use serde_json::json;

    #[test]
    fn a_text_is_changed_as_the_original_s_middleware_did() {
        assert_eq!(CUT_PATTERNS.len(), CUTS.len());
        // The right sides are what its function returns in Node.js.
        for (text, changed) in [
            ("Ordinary-Pass-1", "Ordinary-Pass-1"),
            ("$ecret$1", "ecret1"),
            (" $ecret$1 ", "$ecret$1"),
            ("a$where b$c ", "awhere bc "),
            ("a$WHERE", "a$WHERE"),
            ("<SCRIPT src=x>alert(1)</script>Abc1", "Abc1"),
            ("<script\n>a</script>1<script>b</script>2", "12"),
            ("<script>a\nb</script>", "<script>a\nb</script>"),
            ("<script>a\u{2028}b</script>", "<script>a\u{2028}b</script>"),
            ("<script>a\u{85}b</script>c", "c"),
            ("<iframe>x</iframe >", "<iframe>x</iframe >"),
            ("<scr<script></script>ipt>", "<script>"),
            ("JavaScript:Abc1", "Abc1"),
            ("javascriptjavascript::", "javascript:"),
            ("London=42Mile", "L42Mile"),
            ("ONE_2 \u{a0}=x", "x"),
            ("on=1", "on=1"),
            ("on\u{e9}=1", "on\u{e9}=1"),
            ("<\u{17f}cript>a</script>", "<\u{17f}cript>a</script>"),
            ("\u{feff}\u{3000} a b \n", "a b"),
            ("\u{85}a\u{85}", "\u{85}a\u{85}"),
        ] {
            assert_eq!(sanitized(text), changed, "{text:?}");
        }
    }

    #[test]
    fn an_ordinary_password_has_one_candidate_and_none_has_more_than_three() {
        let count = |text: &str| candidates(&Password::read("Password", &json!(text)).unwrap()).len();
        assert_eq!(count("Ordinary-Pass-1"), 1);
        assert_eq!(count("$ecret-Pass-1"), 2);
        assert_eq!(count("Pa\u{308}ssword-42"), 2);
        assert_eq!(count(" <script>Pa\u{308}ss</script>on1= "), 3);
    }
}
