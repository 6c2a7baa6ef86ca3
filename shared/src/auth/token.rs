//! Access and refresh tokens: JWT (RFC 7519) signed with HMAC-SHA-256, and with nothing else (RFC 8725 §3.1).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::keyring::{Keyring, Purpose};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::id::{SessionId, UserId};

/// How long an access token lives.
pub const ACCESS_TTL: Duration = Duration::from_secs(15 * 60);
/// A request may be under way for so long after its access token expired.
pub const LATE: Duration = Duration::from_secs(5 * 60);
const ISSUER: &str = "spacedly";
const AUDIENCE: &str = "spacedly-api";
/// Longer than any token that was ever given out.
const LONGEST: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
    Refresh,
}

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub sub: UserId,
    /// The user's address.
    pub email: Email,
    pub sid: SessionId,
    iat: i64,
    exp: i64,
    iss: String,
    aud: String,
    typ: Kind,
}

/// What a refresh token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshClaims {
    pub sub: UserId,
    pub sid: SessionId,
    /// How often the session's token was rotated before this one.
    #[serde(rename = "gen")]
    pub generation: u32,
    iat: i64,
    exp: i64,
    iss: String,
    aud: String,
    typ: Kind,
}

/// The token is not one of ours, or has expired.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Its key id is none of the keyring's: the secret may have been rotated since it was read.
    #[error("unknown key id")]
    UnknownKey,
    /// Anything else.
    #[error("not a valid token")]
    Invalid,
}

/// Signs an access token.
///
/// # Errors
/// Never with a keyring that was parsed.
pub fn sign_access(
    keyring: &Keyring,
    user: UserId,
    email: &Email,
    session: SessionId,
    now: Timestamp,
) -> Result<String, InvalidToken> {
    let claims = AccessClaims {
        sub: user,
        email: email.clone(),
        sid: session,
        iat: now.as_second(),
        exp: now.plus(ACCESS_TTL).as_second(),
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        typ: Kind::Access,
    };
    sign(keyring, keyring.current(), Purpose::AccessToken, &claims)
}

/// Signs a session's refresh token. The same session, generation, times and key give the same token again.
///
/// # Errors
/// [`InvalidToken::UnknownKey`] when `kid` was taken out of the secret.
pub fn sign_refresh(
    keyring: &Keyring,
    kid: &str,
    (user, session, generation): (UserId, SessionId, u32),
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> Result<String, InvalidToken> {
    let claims = RefreshClaims {
        sub: user,
        sid: session,
        generation,
        iat: issued_at.as_second(),
        exp: expires_at.as_second(),
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        typ: Kind::Refresh,
    };
    sign(keyring, kid, Purpose::RefreshToken, &claims)
}

/// Reads an access token.
///
/// # Errors
/// [`InvalidToken`] for everything but a token of ours, of this kind, within its time.
pub fn read_access(keyring: &Keyring, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidToken> {
    let claims: AccessClaims = read(keyring, Purpose::AccessToken, token)?;
    let good = claims.typ == Kind::Access && in_time(claims.iat, claims.exp, now);
    good.then_some(claims).ok_or(InvalidToken::Invalid)
}

/// Whether `token` is an access token of ours, of this session, that expired less than [`LATE`] before `now`.
///
/// # Errors
/// [`InvalidToken::UnknownKey`] when its key is none of the keyring's.
pub fn is_late_access(
    keyring: &Keyring,
    token: &str,
    session: SessionId,
    now: Timestamp,
) -> Result<bool, InvalidToken> {
    match read::<AccessClaims>(keyring, Purpose::AccessToken, token) {
        Ok(claims) => {
            let late = now.as_second() - claims.exp;
            let is_of_session = claims.typ == Kind::Access && claims.sid == session;
            Ok(is_of_session && late >= 0 && u64::try_from(late).is_ok_and(|late| late < LATE.as_secs()))
        }
        Err(InvalidToken::UnknownKey) => Err(InvalidToken::UnknownKey),
        Err(InvalidToken::Invalid) => Ok(false),
    }
}

/// Reads a refresh token.
///
/// # Errors
/// [`InvalidToken`] for everything but a token of ours, of this kind, within its time.
pub fn read_refresh(keyring: &Keyring, token: &str, now: Timestamp) -> Result<RefreshClaims, InvalidToken> {
    let claims: RefreshClaims = read(keyring, Purpose::RefreshToken, token)?;
    let good = claims.typ == Kind::Refresh && in_time(claims.iat, claims.exp, now);
    good.then_some(claims).ok_or(InvalidToken::Invalid)
}

/// The user and session that a token of ours names, of either kind and however old: enough to end the session.
///
/// # Errors
/// [`InvalidToken`] for everything but a token of ours.
pub fn read_session(keyring: &Keyring, token: &str) -> Result<(UserId, SessionId), InvalidToken> {
    match read::<AccessClaims>(keyring, Purpose::AccessToken, token) {
        Ok(claims) => Ok((claims.sub, claims.sid)),
        Err(InvalidToken::UnknownKey) => Err(InvalidToken::UnknownKey),
        Err(InvalidToken::Invalid) => {
            read::<RefreshClaims>(keyring, Purpose::RefreshToken, token).map(|claims| (claims.sub, claims.sid))
        }
    }
}

/// Clocks of the machines behind a function differ a little.
const SKEW_SECONDS: i64 = 60;

fn in_time(iat: i64, exp: i64, now: Timestamp) -> bool {
    iat <= now.as_second() + SKEW_SECONDS && now.as_second() < exp
}

fn sign<C: Serialize>(keyring: &Keyring, kid: &str, purpose: Purpose, claims: &C) -> Result<String, InvalidToken> {
    let key = keyring.derive(kid, purpose).ok_or(InvalidToken::UnknownKey)?;
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&key)).map_err(|_| InvalidToken::Invalid)
}

fn read<C>(keyring: &Keyring, purpose: Purpose, token: &str) -> Result<C, InvalidToken>
where
    C: for<'de> Deserialize<'de> + Clone,
{
    if token.len() > LONGEST {
        return Err(InvalidToken::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken::Invalid)?;
    if header.alg != Algorithm::HS256 {
        return Err(InvalidToken::Invalid);
    }
    let kid = header.kid.ok_or(InvalidToken::Invalid)?;
    let key = keyring.derive(&kid, purpose).ok_or(InvalidToken::UnknownKey)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are compared with the caller's `now`, in one place.
    validation.validate_exp = false;
    jsonwebtoken::decode::<C>(token, &DecodingKey::from_secret(&key), &validation)
        .map(|data| data.claims)
        .map_err(|_| InvalidToken::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn keyring() -> Keyring {
        Keyring::parse(r#"{"current":"1","1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-01T12:00:00Z").unwrap()
    }

    fn access(keyring: &Keyring) -> String {
        let email = Email::parse("a@example.com").unwrap();
        sign_access(keyring, UserId::new(), &email, SessionId::new(), now()).unwrap()
    }

    fn forged(header: serde_json::Value, claims: &serde_json::Value, key: &[u8]) -> String {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(claims));
        let signature = crate::auth::keyring::hmac_sha256(key, input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn an_access_token_lives_fifteen_minutes() {
        let keys = keyring();
        let token = access(&keys);
        let minutes = |n: u64| now().plus(Duration::from_secs(n * 60));
        assert!(read_access(&keys, &token, minutes(14)).is_ok());
        assert_eq!(read_access(&keys, &token, minutes(15)).unwrap_err(), InvalidToken::Invalid);
        assert!(read_access(&keys, &token, now().minus(Duration::from_secs(120))).is_err(), "issued in the future");
    }

    #[test]
    fn an_access_token_is_late_for_five_minutes_after_its_end_and_for_its_own_session_only() {
        let (keys, session) = (keyring(), SessionId::new());
        let email = Email::parse("a@example.com").unwrap();
        let token = sign_access(&keys, UserId::new(), &email, session, now()).unwrap();
        let late = |seconds: u64| is_late_access(&keys, &token, session, now().plus(Duration::from_secs(seconds)));
        assert_eq!([899, 900, 1199, 1200].map(late), [Ok(false), Ok(true), Ok(true), Ok(false)]);
        let then = now().plus(Duration::from_secs(1000));
        assert_eq!(is_late_access(&keys, &token, SessionId::new(), then), Ok(false), "of another session");
        assert_eq!(is_late_access(&keys, "a.b.c", session, then), Ok(false));
        let refresh = sign_refresh(&keys, "1", (UserId::new(), session, 0), now(), now().plus(ACCESS_TTL)).unwrap();
        assert_eq!(is_late_access(&keys, &refresh, session, then), Ok(false), "no access token");
    }

    #[test]
    fn a_token_of_one_kind_is_not_valid_as_the_other() {
        let keys = keyring();
        let who = (UserId::new(), SessionId::new(), 0);
        let refresh = sign_refresh(&keys, "1", who, now(), now().plus(ACCESS_TTL)).unwrap();
        assert!(read_refresh(&keys, &refresh, now()).is_ok());
        assert!(read_access(&keys, &refresh, now()).is_err());
        assert!(read_refresh(&keys, &access(&keys), now()).is_err());
    }

    #[test]
    fn forged_tokens_are_refused() {
        let keys = keyring();
        let key = keys.derive("1", Purpose::AccessToken).unwrap();
        let claims = |change: fn(&mut serde_json::Value)| {
            let mut claims = json!({
                "sub": UserId::new(), "email": "a@example.com", "sid": SessionId::new(),
                "iat": now().as_second(), "exp": now().as_second() + 60,
                "iss": "spacedly", "aud": "spacedly-api", "typ": "access",
            });
            change(&mut claims);
            claims
        };
        let good = claims(|_| {});
        let hs256 = json!({"alg": "HS256", "typ": "JWT", "kid": "1"});
        assert!(read_access(&keys, &forged(hs256.clone(), &good, &key), now()).is_ok(), "the forger itself works");
        for (name, token) in [
            ("none", forged(json!({"alg": "none", "kid": "1"}), &good, &key)),
            ("HS512 named", forged(json!({"alg": "HS512", "kid": "1"}), &good, &key)),
            ("no key id", forged(json!({"alg": "HS256"}), &good, &key)),
            ("another key", forged(hs256.clone(), &good, &[7; 32])),
            ("the empty key", forged(hs256.clone(), &good, b"")),
            ("another issuer", forged(hs256.clone(), &claims(|c| c["iss"] = json!("evil")), &key)),
            ("another audience", forged(hs256.clone(), &claims(|c| c["aud"] = json!("evil")), &key)),
            ("another kind", forged(hs256.clone(), &claims(|c| c["typ"] = json!("refresh")), &key)),
            ("expired", forged(hs256.clone(), &claims(|c| c["exp"] = json!(1)), &key)),
            ("not yet issued", forged(hs256.clone(), &claims(|c| c["iat"] = json!(4_000_000_000_u32)), &key)),
            ("garbage", "a.b.c".to_owned()),
            ("huge", "a".repeat(10_000)),
        ] {
            assert_eq!(read_access(&keys, &token, now()).unwrap_err(), InvalidToken::Invalid, "{name}");
        }
        let injected = forged(json!({"alg": "HS256", "kid": "../../dev/null"}), &good, b"");
        assert_eq!(read_access(&keys, &injected, now()).unwrap_err(), InvalidToken::UnknownKey);
    }
}
