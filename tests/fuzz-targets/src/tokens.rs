//! Cookies and the tokens in them. An input's first byte says what the rest is: `Cookie` headers, a line each; a token; or
//! the header and the claims of a token, a line each, which is then signed with the right key, as an attacker who knew
//! it would.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::http::header::COOKIE;
use lambda_http::http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use shared::auth::keyring::{Keyring, Purpose};
use shared::auth::token::{is_late_access, read_access, read_refresh, read_session, sign_access, sign_refresh};
use shared::auth::unsubscribe::Subscription;
use shared::clock::Timestamp;
use shared::domain::email::Email;
use shared::http::cookies::find_all;
use shared::id::{SessionId, UserId};

const NAMES: [&str; 4] = ["accessToken", "__Host-refreshToken", "otpChallenge", "oidcFlow"];

pub(crate) static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).expect("a keyring")
});
static NOW: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::parse("2026-01-01T12:00:00Z").expect("a time"));

pub(crate) fn run(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    match first % 3 {
        0 => cookies(rest),
        1 => {
            let Ok(token) = str::from_utf8(rest) else { return };
            foreign(token);
        }
        _ => signed(rest, first & 4 != 0),
    }
}

fn cookies(lines: &[u8]) {
    let values = lines.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = values.map(|value| (COOKIE, value)).collect();
    for name in NAMES {
        let found = find_all(&headers, name);
        assert!(found.len() <= 4, "{} cookies of a name", found.len());
        for value in found {
            assert!(value.is_ascii() && !value.contains(';'), "two cookies in one");
            foreign(value);
        }
    }
}

/// Tokens that were given out; every other was made by somebody else.
static GIVEN: LazyLock<[String; 2]> = LazyLock::new(|| {
    let user = UserId::parse("01890a5d-ac96-774b-bcce-b302099a8057").expect("an id");
    let session = SessionId::parse("01890a5d-ac96-774b-bcce-b302099a8058").expect("an id");
    let email = Email::parse("a@example.com").expect("an address");
    let until = NOW.plus(shared::auth::token::ACCESS_TTL);
    [
        sign_access(&KEYRING, user, &email, session, *NOW).expect("a token"),
        sign_refresh(&KEYRING, "1", (user, session, 0), *NOW, until).expect("a token"),
    ]
});

fn foreign(token: &str) {
    let [access, refresh] = &*GIVEN;
    assert_eq!(read_access(&KEYRING, token, *NOW).is_ok(), token == access, "{token}");
    assert_eq!(read_refresh(&KEYRING, token, *NOW).is_ok(), token == refresh, "{token}");
    assert_eq!(read_session(&KEYRING, token).is_ok(), token == access || token == refresh, "{token}");
    if let Some(subscription) = Subscription::from_token(token, &KEYRING) {
        assert_eq!(subscription.to_token(&KEYRING), token);
    }
}

/// Whatever a token of ours says: it is valid within its time and as its kind, and for nothing else.
fn signed(lines: &[u8], is_refresh: bool) {
    let mut lines = lines.splitn(2, |byte| *byte == b'\n');
    let (Some(header), Some(claims)) = (lines.next(), lines.next()) else { return };
    let purpose = if is_refresh { Purpose::RefreshToken } else { Purpose::AccessToken };
    let key = KEYRING.derive("1", purpose).expect("the keyring's key");
    let body = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes any key");
    mac.update(body.as_bytes());
    let token = format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let (as_access, as_refresh) = (read_access(&KEYRING, &token, *NOW), read_refresh(&KEYRING, &token, *NOW));
    assert!(as_access.is_err() || as_refresh.is_err(), "of two kinds: {token}");
    let is_of_other = if is_refresh { as_access.is_ok() } else { as_refresh.is_ok() };
    assert!(!is_of_other, "signed with the other key: {token}");
    let session = read_session(&KEYRING, &token);
    if let Ok(claims) = &as_access {
        assert_eq!(session, Ok((claims.sub, claims.sid)));
        assert_eq!(is_late_access(&KEYRING, &token, claims.sid, *NOW), Ok(false), "valid and late: {token}");
    }
    if let Ok((_, session)) = session {
        let _ = is_late_access(&KEYRING, &token, session, *NOW);
    }
}
