//! The product's cookies: their names and attributes, and how a request's cookies are read (RFC 6265bis).

use std::time::Duration;

use cookie::time::Duration as MaxAge;
use cookie::{Cookie, SameSite as SameSiteAttribute};
use lambda_http::http::HeaderMap;
use lambda_http::http::header::COOKIE;

use crate::auth::challenge;
use crate::auth::token::ACCESS_TTL;
use crate::config::{HttpConfig, SameSite};
use crate::id::ChallengeId;

/// A cookie of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieName {
    /// Carries the access token.
    Access,
    /// Carries the refresh token.
    Refresh,
    /// Names the login that waits for its code.
    Challenge,
    /// Carries the state of a sign-in with Google.
    OidcFlow,
}

impl CookieName {
    fn base(self) -> &'static str {
        match self {
            Self::Access => "accessToken",
            Self::Refresh => "refreshToken",
            Self::Challenge => "otpChallenge",
            Self::OidcFlow => "oidcFlow",
        }
    }

    /// The name that is sent: with the `__Host-` prefix wherever browsers accept it.
    pub fn wire(self, config: &HttpConfig) -> String {
        let prefix = if config.secure && config.cookie_domain.is_none() { "__Host-" } else { "" };
        format!("{prefix}{}", self.base())
    }
}

/// The value of a `Set-Cookie` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie(String);

impl SetCookie {
    /// The cookie that carries an access token.
    pub fn access(config: &HttpConfig, token: &str) -> Self {
        Self::new(config, CookieName::Access, token, ACCESS_TTL)
    }

    /// The cookie that carries a refresh token, for as long as the session may be idle.
    pub fn refresh(config: &HttpConfig, token: &str, max_age: Duration) -> Self {
        Self::new(config, CookieName::Refresh, token, max_age)
    }

    /// The cookie that names the login that waits for its code.
    pub fn challenge(config: &HttpConfig, challenge: ChallengeId) -> Self {
        Self::new(config, CookieName::Challenge, &challenge.to_string(), challenge::VALID)
    }

    /// The cookie that carries the sealed state of a sign-in with Google.
    pub fn oidc_flow(config: &HttpConfig, sealed: &str, max_age: Duration) -> Self {
        Self::new(config, CookieName::OidcFlow, sealed, max_age)
    }

    /// Expires a cookie.
    pub fn clear(config: &HttpConfig, name: CookieName) -> Self {
        Self::new(config, name, "", Duration::ZERO)
    }

    /// Expires the cookies of a session.
    pub fn clear_session(config: &HttpConfig) -> [Self; 2] {
        [CookieName::Access, CookieName::Refresh].map(|name| Self::clear(config, name))
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(config: &HttpConfig, name: CookieName, value: &str, max_age: Duration) -> Self {
        let same_site = match config.same_site {
            // The provider sends the browser back from another site, which a strict cookie would not survive.
            SameSite::Strict if name == CookieName::OidcFlow => SameSiteAttribute::Lax,
            SameSite::Strict => SameSiteAttribute::Strict,
            SameSite::Lax => SameSiteAttribute::Lax,
            SameSite::None => SameSiteAttribute::None,
        };
        let mut cookie = Cookie::build((name.wire(config), value))
            .path("/")
            .http_only(true)
            .secure(config.secure)
            .same_site(same_site)
            .max_age(MaxAge::seconds(i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX)));
        if let Some(domain) = &config.cookie_domain {
            cookie = cookie.domain(domain.clone());
        }
        Self(cookie.build().to_string())
    }
}

/// Maximum number of cookies of one name that a request is read for.
const MAX_OF_A_NAME: usize = 4;

/// The values of the first four cookies of this name among `Cookie` headers, in the order in which they were sent.
///
/// A browser sends the cookie with the longer path first, then the older one (RFC 6265 §5.4), so one that an earlier
/// deployment left may come before ours. A cookie that is not ASCII is skipped: it may be another application's, and must
/// not hide ours.
pub fn find_all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| str::from_utf8(pair).ok().filter(|pair| pair.is_ascii()))
        .filter_map(|pair| Cookie::parse(pair).ok())
        .filter(|cookie| cookie.name() == name)
        .filter_map(|cookie| cookie.value_raw())
        .map(|value| value.trim_matches('"'))
        .take(MAX_OF_A_NAME)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::http_config;
    use lambda_http::http::HeaderValue;
    use proptest::prelude::*;

    /// The attributes of a cookie, whatever their order.
    fn attributes(cookie: &SetCookie) -> Vec<&str> {
        let mut attributes: Vec<&str> = cookie.as_str().split("; ").collect();
        attributes.sort_unstable();
        attributes
    }

    #[test]
    fn local_cookies_are_plain_and_deployed_ones_are_host_bound_and_secure() {
        let local = http_config();
        assert_eq!(
            attributes(&SetCookie::access(&local, "t")),
            ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax", "accessToken=t"]
        );
        let deployed = HttpConfig { secure: true, ..http_config() };
        assert_eq!(
            attributes(&SetCookie::refresh(&deployed, "t", Duration::from_secs(604_800))),
            ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure", "__Host-refreshToken=t"]
        );
        let shared = HttpConfig { cookie_domain: Some("example.com".to_owned()), ..deployed };
        assert_eq!(
            attributes(&SetCookie::clear(&shared, CookieName::Access)),
            ["Domain=example.com", "HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax", "Secure", "accessToken="]
        );
    }

    #[test]
    fn the_cookie_of_a_sign_in_with_google_survives_the_way_back() {
        let strict = HttpConfig { same_site: SameSite::Strict, ..http_config() };
        let sealed = SetCookie::oidc_flow(&strict, "x", Duration::from_secs(600));
        assert_eq!(attributes(&sealed), ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "oidcFlow=x"]);
        let challenge = SetCookie::challenge(&strict, ChallengeId::new());
        assert!(challenge.as_str().contains("SameSite=Strict") && challenge.as_str().contains("Max-Age=300"));
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, HeaderValue::from_bytes(value).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_in_any_header() {
        assert_eq!(find_all(&headers(&[b"a=1; accessToken=x.y.z ;b=2"]), "accessToken"), ["x.y.z"]);
        assert_eq!(find_all(&headers(&[b"a=1", b"accessToken=\"q\""]), "accessToken"), ["q"]);
        assert!(find_all(&headers(&[b"xaccessToken=1; accessTokenx=2; accessToken"]), "accessToken").is_empty());
    }

    #[test]
    fn the_first_four_cookies_of_a_name_are_found_in_their_order() {
        let split = headers(&[b"t=1; other=x; t=2", b"t=\xe9; t=3; t=4; t=5"]);
        assert_eq!(find_all(&split, "t"), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_cookie_that_is_not_ascii_hides_no_other() {
        let latin = headers(&[b"theme=\xe9; accessToken=t"]);
        let utf8 = headers(&["theme=café; accessToken=t; x=ü".as_bytes()]);
        assert_eq!(find_all(&latin, "accessToken"), ["t"]);
        assert_eq!(find_all(&utf8, "accessToken"), ["t"]);
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(header in prop::collection::vec(0x20u8..0x7f, 0..100)) {
            prop_assert!(find_all(&headers(&[&header]), "accessToken").len() <= MAX_OF_A_NAME);
        }
    }
}
