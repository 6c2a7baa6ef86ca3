//! JSON Web Tokens, taken apart and put together again (RFC 7515, RFC 7519).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// A token in its parts: as they are, and read.
pub(crate) struct Jwt {
    pub(crate) raw: [String; 3],
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Jwt {
    pub(crate) fn of(token: &str) -> Self {
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let raw: [String; 3] = parts.try_into().expect("three parts");
        let read = |part: &str| -> Value { serde_json::from_slice(&decode(part)).expect("JSON") };
        let (header, claims) = (read(&raw[0]), read(&raw[1]));
        Self { raw, header, claims }
    }

    /// Another header entry, under the same signature.
    pub(crate) fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        format!("{}.{}.{}", encode(&header), self.raw[1], self.raw[2])
    }

    /// Another claim, under the same signature.
    pub(crate) fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        format!("{}.{}.{}", self.raw[0], encode(&claims), self.raw[2])
    }

    /// The same claims, under a key of the attacker's.
    pub(crate) fn signed_with(&self, algorithm: Algorithm, key: &[u8]) -> String {
        let header = json!({"alg": format!("{algorithm:?}"), "typ": "JWT", "kid": self.header["kid"]});
        sign(&header, &self.claims, algorithm, key)
    }
}

/// A part of a token.
pub(crate) fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A token of this header and these claims, whatever they say, signed in this way.
pub(crate) fn sign(header: &Value, claims: &Value, algorithm: Algorithm, key: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = mac(signed.as_bytes(), algorithm, key);
    format!("{signed}.{signature}")
}

/// What a token is for: each purpose has a key of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Access,
    Refresh,
}

/// A master key of the system.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    master: String,
}

impl SigningKey {
    pub(crate) fn new(kid: &str, master: &str) -> Self {
        Self { kid: kid.to_owned(), master: master.to_owned() }
    }

    /// The key of a purpose: HMAC-SHA-256 of its name under the master key.
    pub(crate) fn derive(&self, purpose: Purpose) -> Vec<u8> {
        let name = match purpose {
            Purpose::Access => "access-token",
            Purpose::Refresh => "refresh-token",
        };
        decode(&mac(name.as_bytes(), Algorithm::HS256, self.master.as_bytes()))
    }

    /// A token of these claims, as the system would sign it.
    pub(crate) fn token(&self, purpose: Purpose, claims: &Value) -> String {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": self.kid});
        sign(&header, claims, Algorithm::HS256, &self.derive(purpose))
    }
}

/// The signature of a message, as it stands in a token.
pub(crate) fn mac(message: &[u8], algorithm: Algorithm, key: &[u8]) -> String {
    jsonwebtoken::crypto::sign(message, &EncodingKey::from_secret(key), algorithm).expect("a signature")
}

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}
