//! Cross-site request forgery: an unsafe request must come from one of the app's own origins.
//!
//! Pages cannot set `Origin` (Fetch §3.1), and browsers send it with every unsafe cross-origin request.

use super::error::{ApiError, ErrorCode};

/// Where a request comes from, as far as its headers say.
#[derive(Clone, Copy, Debug)]
pub struct RequestOrigin<'a> {
    /// Whether the method is none of GET, HEAD, OPTIONS.
    pub is_unsafe: bool,
    /// The header `Origin`.
    pub origin: Option<&'a str>,
    /// The header `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a str>,
    /// Whether a cookie, and not a Bearer token, would authenticate it.
    pub by_cookie: bool,
}

impl RequestOrigin<'_> {
    /// Rejects an unsafe request from an origin that is not among `allowed`.
    ///
    /// # Errors
    /// [`ErrorCode::OriginNotAllowed`].
    pub fn check(self, allowed: &[String]) -> Result<(), ApiError> {
        let Self { is_unsafe, origin, fetch_site, by_cookie } = self;
        let good = match origin {
            _ if !is_unsafe => true,
            Some(origin) => allowed.iter().any(|allowed| allowed == origin),
            None => !by_cookie || fetch_site.is_none_or(|site| site == "same-origin"),
        };
        if good { Ok(()) } else { Err(ApiError::new(ErrorCode::OriginNotAllowed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_origins_may_send_unsafe_requests() {
        let allowed = ["https://app.example.com".to_owned()];
        let request = |is_unsafe, origin, fetch_site, by_cookie| {
            RequestOrigin { is_unsafe, origin, fetch_site, by_cookie }.check(&allowed).is_ok()
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
