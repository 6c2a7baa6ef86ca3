//! The product's cookies: their names, their attributes, and reading them (RFC 6265bis).

use std::time::Duration;

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
    /// Carries what a sign-in with Google must remember.
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

    /// The name on the wire: with the `__Host-` prefix wherever browsers accept it.
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

    /// The cookie that carries a refresh token for as long as the session idles.
    pub fn refresh(config: &HttpConfig, token: &str, lives: Duration) -> Self {
        Self::new(config, CookieName::Refresh, token, lives)
    }

    /// The cookie that names the login that waits for its code.
    pub fn challenge(config: &HttpConfig, challenge: ChallengeId) -> Self {
        Self::new(config, CookieName::Challenge, &challenge.to_string(), challenge::VALID)
    }

    /// The cookie that carries what a sign-in with Google must remember for so long.
    pub fn oidc_flow(config: &HttpConfig, sealed: &str, lives: Duration) -> Self {
        Self::new(config, CookieName::OidcFlow, sealed, lives)
    }

    /// Has the browser forget a cookie.
    pub fn clear(config: &HttpConfig, name: CookieName) -> Self {
        Self::new(config, name, "", Duration::ZERO)
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(config: &HttpConfig, name: CookieName, value: &str, max_age: Duration) -> Self {
        let mut text = format!("{}={value}; Max-Age={}; Path=/; HttpOnly", name.wire(config), max_age.as_secs());
        text.push_str(match config.same_site {
            // The provider sends the browser back from another site, which a strict cookie would not survive.
            SameSite::Strict if name == CookieName::OidcFlow => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        if config.secure {
            text.push_str("; Secure");
        }
        if let Some(domain) = &config.cookie_domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        Self(text)
    }
}

/// The value of the first cookie of this name among `Cookie` headers.
pub fn find<'a>(headers: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    headers
        .into_iter()
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::http_config;
    use proptest::prelude::*;

    #[test]
    fn local_cookies_are_plain_and_deployed_ones_are_host_bound_and_secure() {
        let local = http_config();
        assert_eq!(
            SetCookie::access(&local, "t").as_str(),
            "accessToken=t; Max-Age=900; Path=/; HttpOnly; SameSite=Lax"
        );
        let deployed = HttpConfig { secure: true, ..http_config() };
        assert_eq!(
            SetCookie::refresh(&deployed, "t", Duration::from_secs(604_800)).as_str(),
            "__Host-refreshToken=t; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        let shared = HttpConfig { cookie_domain: Some("example.com".to_owned()), ..deployed };
        assert_eq!(
            SetCookie::clear(&shared, CookieName::Access).as_str(),
            "accessToken=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=example.com"
        );
    }

    #[test]
    fn the_cookie_of_a_sign_in_with_google_survives_the_way_back() {
        let strict = HttpConfig { same_site: SameSite::Strict, ..http_config() };
        let sealed = SetCookie::oidc_flow(&strict, "x", Duration::from_secs(600));
        assert_eq!(sealed.as_str(), "oidcFlow=x; Max-Age=600; Path=/; HttpOnly; SameSite=Lax");
        let challenge = SetCookie::challenge(&strict, ChallengeId::new());
        assert!(challenge.as_str().ends_with("; Max-Age=300; Path=/; HttpOnly; SameSite=Strict"));
    }

    #[test]
    fn a_cookie_is_found_among_others_in_any_header() {
        assert_eq!(find(["a=1; accessToken=x.y.z ;b=2"], "accessToken"), Some("x.y.z"));
        assert_eq!(find(["a=1", "accessToken=q"], "accessToken"), Some("q"));
        assert_eq!(find(["xaccessToken=1; accessTokenx=2"], "accessToken"), None);
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(header in "\\PC{0,100}") {
            find([header.as_str()], "accessToken");
        }
    }
}
