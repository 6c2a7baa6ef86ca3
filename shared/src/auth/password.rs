//! Password hashing: argon2id (RFC 9106) at OWASP's first-choice cost for 19 MiB. Accounts of the original bring
//! bcrypt hashes, which verify until the next login replaces them.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::password::{Password, PasswordHash};

/// Memory of one hash, KiB.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
pub const PASSES: u32 = 2;
/// Lanes.
pub const LANES: u32 = 1;

/// The hasher did not work. Never tells the password.
#[derive(Debug, thiserror::Error)]
#[error("hashing failed: {0}")]
pub struct HashingFailed(String);

fn hasher() -> Result<Argon2<'static>, HashingFailed> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| HashingFailed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password with a fresh salt. Takes tens of milliseconds and [`MEMORY_KIB`].
///
/// # Errors
/// [`HashingFailed`] when the system has no randomness.
pub fn hash(password: &Password) -> Result<PasswordHash, HashingFailed> {
    let hash =
        hasher()?.hash_password(password.expose().as_bytes()).map_err(|error| HashingFailed(error.to_string()))?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

/// Whether `password` is the one behind `hash`. Without a hash it works as long, and says no.
pub fn verify(password: &Password, hash: Option<&PasswordHash>) -> bool {
    let known = hash.is_some();
    let text = hash.map_or(NOBODYS.as_str(), PasswordHash::as_str);
    if is_bcrypt(text) {
        return bcrypt::verify(password.expose(), text).unwrap_or(false);
    }
    let matches = phc::PasswordHash::new(text)
        .ok()
        .zip(hasher().ok())
        .is_some_and(|(parsed, hasher)| hasher.verify_password(password.expose().as_bytes(), &parsed).is_ok());
    known && matches
}

/// [`verify`] on a thread of its own, so that calls to the table go on meanwhile.
///
/// # Errors
/// [`HashingFailed`] when the thread died.
pub async fn verify_beside(password: &Password, hash: Option<&PasswordHash>) -> Result<bool, HashingFailed> {
    let (password, hash) = (password.clone(), hash.cloned());
    let verified = tokio::task::spawn_blocking(move || verify(&password, hash.as_ref())).await;
    verified.map_err(|error| HashingFailed(error.to_string()))
}

/// Whether `hash` is weaker than those of [`hash()`], and is to be replaced while the password is at hand.
pub fn is_outdated(hash: &PasswordHash) -> bool {
    let parsed = phc::PasswordHash::new(hash.as_str()).ok();
    let params = parsed.filter(|parsed| parsed.algorithm.as_str() == Algorithm::Argon2id.as_str());
    let params = params.and_then(|parsed| Params::try_from(&parsed).ok());
    params.is_none_or(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES)
}

fn is_bcrypt(hash: &str) -> bool {
    hash.starts_with("$2a$") || hash.starts_with("$2b$")
}

/// A hash at today's cost that no password has: its salt and output are fixed.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let zeros = |length: usize| "A".repeat(length);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}", zeros(22), zeros(43))
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;
    use serde_json::json;
    use std::time::Instant;

    fn password(text: &str) -> Password {
        Password::read("Password", &json!(text)).unwrap()
    }

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hash = hash(&password("Correct1")).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&password("Correct1"), Some(&hash)));
        assert!(!verify(&password("correct1"), Some(&hash)));
        assert!(!verify(&password("Correct1"), None));
        assert!(!verify(&password("Correct1"), Some(&PasswordHash::from_phc("rubbish".to_owned()))));
    }

    #[test]
    fn a_bcrypt_hash_of_the_original_verifies_and_is_outdated() {
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB] {
            let text = bcrypt::hash_with_result("Correct1", 4).unwrap().format_for_version(version);
            let hash = PasswordHash::from_phc(text);
            assert!(verify(&password("Correct1"), Some(&hash)));
            assert!(!verify(&password("Wrong1234"), Some(&hash)));
            assert!(is_outdated(&hash));
        }
    }

    #[test]
    fn only_a_weaker_hash_is_outdated() {
        assert!(!is_outdated(&hash(&password("Correct1")).unwrap()));
        let weaker = |m: u32, t: u32| {
            PasswordHash::from_phc(format!("$argon2id$v=19$m={m},t={t},p=1$AAAAAAAAAAAAAAAAAAAAAA${}", "A".repeat(43)))
        };
        assert!(!is_outdated(&weaker(MEMORY_KIB, PASSES)));
        assert!(!is_outdated(&weaker(MEMORY_KIB * 2, PASSES + 1)), "a stronger one stays");
        assert!(is_outdated(&weaker(MEMORY_KIB / 2, PASSES)));
        assert!(is_outdated(&weaker(MEMORY_KIB, 1)));
        let other = weaker(MEMORY_KIB, PASSES).as_str().replace("argon2id", "argon2i");
        assert!(is_outdated(&PasswordHash::from_phc(other)));
        assert!(is_outdated(&PasswordHash::from_phc("rubbish".to_owned())));
    }

    #[test]
    fn an_unknown_user_costs_as_much_as_a_known_one() {
        let hash = hash(&password("Correct1")).unwrap();
        let time = |hash: Option<&PasswordHash>| {
            let start = Instant::now();
            verify(&password("Wrong1234"), hash);
            start.elapsed()
        };
        // In turns, and the least of many: other tests run beside this one.
        let times: Vec<_> = (0..25).map(|_| (time(Some(&hash)), time(None))).collect();
        let known = times.iter().map(|(known, _)| *known).min().unwrap();
        let unknown = times.iter().map(|(_, unknown)| *unknown).min().unwrap();
        assert!(unknown * 2 > known && known * 2 > unknown, "known {known:?}, unknown {unknown:?}");
    }
}
