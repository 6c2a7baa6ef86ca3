//! What a client accepts: headers that list values with weights (RFC 9110 §12.4 and §12.5).

/// The weight of a value whose `q` is missing, in thousandths.
const FULL: u16 = 1000;

/// The values of a header with their weights in thousandths, in the order of the header. 0 means refused; so does a
/// weight that cannot be read.
pub fn weighted(header: &str) -> impl Iterator<Item = (&str, u16)> {
    split_unquoted(header, ',').filter_map(|item| {
        let mut pieces = split_unquoted(item, ';').map(str::trim);
        let value = pieces.next().filter(|value| !value.is_empty())?;
        let weight = pieces.find_map(|piece| {
            let (name, weight) = piece.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| thousandths(weight.trim()))
        });
        Some((value, weight.unwrap_or(FULL)))
    })
}

/// A weight between 0 and 1 in thousandths; further digits are ignored.
fn thousandths(weight: &str) -> u16 {
    let (whole, digits) = weight.split_once('.').unwrap_or((weight, ""));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" if digits.bytes().all(|digit| digit == b'0') => FULL,
        // Some clients leave out the zero: `q=.2`.
        "0" | "" => format!("{digits:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}

/// The parts of a header's value between separators that are not within quotes.
pub fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        let splits = character == separator && !is_quoted;
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        splits
    })
}

/// How closely a media range fits a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// `*/*`
    Any,
    /// `text/*`
    Type,
    /// `text/html`
    Exact,
}

/// Whether a client that sends this `Accept` wants `named` rather than `usual`, the type that everybody else gets. It
/// must name the type itself, since `*/*` comes from clients that take whatever there is.
pub fn prefers(accept: &str, named: &str, usual: &str) -> bool {
    let weight = match acceptance(accept, named) {
        Some((Fit::Exact, weight)) => weight,
        _ => 0,
    };
    weight > 0 && weight >= acceptance(accept, usual).map_or(0, |(_, weight)| weight)
}

/// The weight of a media type, in thousandths, and the fit of the range that decides: the most specific one (RFC 9110
/// §12.5.1), and of several equal ones the one with the highest weight. `None` if no range fits. Parameters of a range
/// are ignored: no answer exists in several versions that differ by them.
fn acceptance(accept: &str, media_type: &str) -> Option<(Fit, u16)> {
    weighted(accept).filter_map(|(range, weight)| Some((fit(range, media_type)?, weight))).max()
}

fn fit(range: &str, media_type: &str) -> Option<Fit> {
    // Some clients write `*` for `*/*`.
    if matches!(range, "*" | "*/*") {
        return Some(Fit::Any);
    }
    if range.eq_ignore_ascii_case(media_type) {
        return Some(Fit::Exact);
    }
    let (kind, _) = media_type.split_once('/')?;
    let of_kind = range.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(kind));
    of_kind.then_some(Fit::Type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_weights() {
        for (header, expected) in [
            ("", vec![]),
            ("br", vec![("br", 1000)]),
            ("br;q=0.5, gzip ; Q=1.000,,*;q=0", vec![("br", 500), ("gzip", 1000), ("*", 0)]),
            ("a;q=0.1234, b;q=.2, c;q=0., d; q = 0.01", vec![("a", 123), ("b", 200), ("c", 0), ("d", 10)]),
            ("a;q=nonsense, b;q=1.5, c;q=2, d;q=-1, e;q=0.x", vec![("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0)]),
            (r#"a/b;x="1,2;q=0";q=0.3, c/d"#, vec![("a/b", 300), ("c/d", 1000)]),
        ] {
            assert_eq!(weighted(header).collect::<Vec<_>>(), expected, "{header}");
        }
    }

    #[test]
    fn quotes_hide_separators() {
        let parts = |text| split_unquoted(text, ';').collect::<Vec<_>>();
        assert_eq!(parts(r#"a; b="1;2"; c"#), ["a", r#" b="1;2""#, " c"]);
        assert_eq!(parts(r#"a="\";" ;b"#), [r#"a="\";" "#, "b"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, expected) in [
            ("", None),
            ("text/html", None),
            ("*/*", Some((Fit::Any, 1000))),
            ("*; q=.2", Some((Fit::Any, 200))),
            ("*/*, application/json;q=0", Some((Fit::Exact, 0))),
            ("application/json;q=0, */*", Some((Fit::Exact, 0))),
            ("application/*;q=0.2, */*;q=0.9", Some((Fit::Type, 200))),
            ("Application/JSON; charset=utf-8; q=0.9", Some((Fit::Exact, 900))),
            ("application/json;q=0.1, application/json", Some((Fit::Exact, 1000))),
            ("application/jsonp, applications/*", None),
        ] {
            assert_eq!(acceptance(accept, "application/json"), expected, "{accept}");
        }
    }

    #[test]
    fn a_type_is_preferred_where_it_is_named_and_not_liked_less() {
        let json = |accept| prefers(accept, "application/json", "image/webp");
        for accept in [
            "application/json",
            "Application/JSON; q=0.9",
            "text/html, application/json",
            "application/json, text/plain, */*",
            "*/*;q=0.1, application/json;q=0.2",
        ] {
            assert!(json(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/*",
            "image/webp,*/*;q=0.8",
            "application/json;q=0",
            "*/*, application/json;q=0",
            "application/json;q=0, */*",
            "image/webp, application/json;q=0.5",
            "application/json;q=0.9, */*",
            "application/json;q=nonsense",
        ] {
            assert!(!json(accept), "{accept}");
        }
    }
}
