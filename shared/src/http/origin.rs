//! Cross-site request forgery: an unsafe request must come from one of the app's own origins.
//!
//! Pages cannot set `Origin` or `Sec-Fetch-*` (Fetch, forbidden request-headers), and browsers send `Origin` with every
//! unsafe cross-origin request. The headers alone decide, before anything is counted: otherwise a page could use up the
//! limits of whoever visits it.

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
    /// The header `Sec-Fetch-Mode`.
    pub fetch_mode: Option<&'a str>,
    /// What authenticates it, as far as can be told without a read.
    pub authenticated_by: AuthenticatedBy,
}

/// What authenticates a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticatedBy {
    /// A Bearer token that is valid. No page of another site can send one without the preflight that CORS refuses.
    Bearer,
    /// Cookies, if anything: the browser adds them by itself.
    Cookies,
    Nothing,
}

impl RequestOrigin<'_> {
    /// Rejects an unsafe request that a page outside of `allowed` makes.
    ///
    /// # Errors
    /// [`ErrorCode::OriginNotAllowed`].
    pub fn check(self, allowed: &[String]) -> Result<(), ApiError> {
        let good = match (self.origin, self.authenticated_by) {
            _ if !self.is_unsafe => true,
            (Some(origin), _) => is_among(allowed, origin),
            (None, AuthenticatedBy::Bearer) => true,
            (None, AuthenticatedBy::Cookies) => self.fetch_site.is_none_or(|site| site == "same-origin"),
            (None, AuthenticatedBy::Nothing) => !self.is_loaded_by_another_site(),
        };
        if good { Ok(()) } else { Err(ApiError::new(ErrorCode::OriginNotAllowed)) }
    }

    /// Whether a page of another site makes the browser send it, be it refused or not. A navigation that may come from anywhere is
    /// none: a link, or the button of a page that a mail links to, whose form has the origin `null` or our own.
    pub fn is_of_another_site(self, allowed: &[String]) -> bool {
        if !self.is_unsafe && self.fetch_mode == Some("navigate") {
            return false;
        }
        let is_foreign = match (self.origin, self.authenticated_by) {
            (Some(origin), _) => !is_among(allowed, origin),
            (None, AuthenticatedBy::Bearer) => false,
            (None, _) => self.is_loaded_by_another_site(),
        };
        is_foreign || self.check(allowed).is_err()
    }

    /// Whether it loads something into a page of another site, as an image or a `fetch` does, and is no navigation.
    fn is_loaded_by_another_site(self) -> bool {
        self.fetch_site == Some("cross-site") && self.fetch_mode != Some("navigate")
    }
}

fn is_among(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use super::AuthenticatedBy::{Bearer, Cookies, Nothing};
    use super::*;

    const APP: Option<&str> = Some("https://app.example.com");
    const EVIL: Option<&str> = Some("https://evil.example.com");
    const NULL: Option<&str> = Some("null");
    const CROSS: Option<&str> = Some("cross-site");

    /// Whether the request passes, and whether it is another site's.
    fn judged(request: RequestOrigin<'_>) -> (bool, bool) {
        let allowed = ["https://app.example.com".to_owned()];
        (request.check(&allowed).is_ok(), request.is_of_another_site(&allowed))
    }

    fn post<'a>(
        origin: Option<&'a str>,
        fetch_site: Option<&'a str>,
        authenticated_by: AuthenticatedBy,
    ) -> RequestOrigin<'a> {
        RequestOrigin { is_unsafe: true, origin, fetch_site, fetch_mode: Some("no-cors"), authenticated_by }
    }

    #[test]
    fn only_allowed_origins_may_send_unsafe_requests() {
        let (own, refused) = ((true, false), (false, true));
        assert_eq!(judged(post(APP, CROSS, Cookies)), own);
        assert_eq!(judged(post(APP, CROSS, Nothing)), own);
        for by in [Bearer, Cookies, Nothing] {
            assert_eq!(judged(post(EVIL, None, by)), refused, "login included");
            assert_eq!(judged(post(NULL, None, by)), refused);
            assert_eq!(judged(post(Some("https://app.example.com.evil.com"), None, by)), refused);
            assert_eq!(judged(post(None, None, by)), own);
            assert_eq!(judged(post(None, Some("same-origin"), by)), own);
        }
        for site in ["cross-site", "same-site", "none", "rubbish"] {
            assert_eq!(judged(post(None, Some(site), Cookies)), refused);
            assert_eq!(judged(post(None, Some(site), Bearer)), own, "no page can send it");
        }
        assert_eq!(judged(post(None, CROSS, Nothing)), refused, "it would count as another site's, and guess");
        assert_eq!(judged(post(None, Some("none"), Nothing)), own);
    }

    #[test]
    fn a_navigation_is_the_user_s_own_unless_it_is_forged() {
        let navigation = |by| RequestOrigin { fetch_mode: Some("navigate"), ..post(None, CROSS, by) };
        assert_eq!(judged(navigation(Nothing)), (true, false));
        assert_eq!(judged(navigation(Cookies)), (false, true));
        let link = RequestOrigin { is_unsafe: false, ..navigation(Cookies) };
        assert_eq!(judged(link), (true, false), "a link on another site");
        let button = |origin| RequestOrigin { origin, ..link };
        assert_eq!(judged(button(NULL)), (true, false), "the button of a mailed page");
        let script = RequestOrigin { fetch_mode: Some("no-cors"), ..button(NULL) };
        assert_eq!(judged(script), (true, true), "the same by a script of another site");
    }

    #[test]
    fn reading_is_not_forgery_but_another_site_s_images_count_apart() {
        let get = |origin, site, by| RequestOrigin { is_unsafe: false, ..post(origin, site, by) };
        assert_eq!(judged(get(EVIL, CROSS, Cookies)), (true, true));
        assert_eq!(judged(get(None, CROSS, Cookies)), (true, true), "an image");
        assert_eq!(judged(get(None, CROSS, Bearer)), (true, false));
        assert_eq!(judged(get(None, Some("same-site"), Cookies)), (true, false));
        assert_eq!(judged(get(APP, CROSS, Cookies)), (true, false));
        assert_eq!(judged(get(None, None, Nothing)), (true, false));
    }
}
