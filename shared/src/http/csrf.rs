//! Cross-site request forgery: what a browser says of where an unsafe request comes from must be right.
//!
//! `Origin` cannot be set by a page (Fetch §3.1), and browsers send it with every unsafe cross-origin request.

use super::error::{ApiError, ErrorCode};

/// What the rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Provenance<'a> {
    /// Whether the method is none of GET, HEAD, OPTIONS.
    pub is_unsafe: bool,
    /// The header `Origin`.
    pub origin: Option<&'a str>,
    /// The header `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a str>,
    /// Whether a cookie, and not a Bearer token, is what would authenticate it.
    pub by_cookie: bool,
}

/// Refuses an unsafe request from a page that is not one of `allowed`.
///
/// # Errors
/// [`ErrorCode::OriginNotAllowed`].
pub fn check(provenance: Provenance<'_>, allowed: &[String]) -> Result<(), ApiError> {
    let Provenance { is_unsafe, origin, fetch_site, by_cookie } = provenance;
    let good = match origin {
        _ if !is_unsafe => true,
        Some(origin) => allowed.iter().any(|allowed| allowed == origin),
        None => !by_cookie || fetch_site.is_none_or(|site| site == "same-origin"),
    };
    if good { Ok(()) } else { Err(ApiError::new(ErrorCode::OriginNotAllowed)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_pages_may_change_things() {
        let allowed = ["https://app.example.com".to_owned()];
        let request = |is_unsafe, origin, fetch_site, by_cookie| {
            check(Provenance { is_unsafe, origin, fetch_site, by_cookie }, &allowed).is_ok()
        };
        assert!(request(true, Some("https://app.example.com"), Some("cross-site"), true));
        assert!(!request(true, Some("https://evil.example.com"), None, true));
        assert!(!request(true, Some("https://evil.example.com"), None, false), "login included");
        assert!(!request(true, Some("null"), None, true));
        assert!(!request(true, Some("https://app.example.com.evil.com"), None, true));
        assert!(!request(true, None, Some("cross-site"), true));
        assert!(!request(true, None, Some("none"), true));
        assert!(request(true, None, Some("same-origin"), true));
        assert!(request(true, None, None, true));
        assert!(request(true, None, Some("cross-site"), false), "a Bearer token is no cookie");
        assert!(request(false, Some("https://evil.example.com"), None, true));
    }
}
