//! Password hashing: argon2id (RFC 9106) at OWASP's first-choice cost for 19 MiB. Accounts of the original bring
//! bcrypt hashes, which verify until the next login replaces them.
//!
//! A password that is refused costs the same work whatever the account has: argon2id once, and bcrypt at the original's cost
//! for each text that `original::candidates` finds. So the time of a refusal does not show whether there is an account, nor
//! whether it was imported. A right password is verified against the account's own kind of hash only.

mod original;

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::password::{Password, PasswordHash};

/// Memory of one hash, KiB.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
pub const PASSES: u32 = 2;
pub const LANES: u32 = 1;

/// Hashing failed. Never contains the password.
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

/// Whether `password` is the one behind `hash`. A refusal takes the same work with any hash and without one.
pub fn verify(password: &Password, hash: Option<&PasswordHash>) -> bool {
    match hash.and_then(KnownHash::parse) {
        Some(KnownHash::Argon2id(hash)) => {
            verify_argon2id(password, &hash) || {
                verify_bcrypt(password, NOBODYS_BCRYPT);
                false
            }
        }
        Some(KnownHash::Bcrypt(hash)) => {
            verify_bcrypt(password, hash) || {
                verify_nobodys_argon2id(password);
                false
            }
        }
        None => {
            verify_nobodys_argon2id(password);
            verify_bcrypt(password, NOBODYS_BCRYPT);
            false
        }
    }
}

/// A hash of one of the two kinds that accounts have.
enum KnownHash<'a> {
    Argon2id(Box<phc::PasswordHash>),
    Bcrypt(&'a str),
}

impl<'a> KnownHash<'a> {
    /// `None` for a text that is no such hash.
    fn parse(hash: &'a PasswordHash) -> Option<Self> {
        let text = hash.as_str();
        if ["$2a$", "$2b$"].iter().any(|version| text.starts_with(version)) {
            return text.parse::<bcrypt::HashParts>().is_ok().then_some(Self::Bcrypt(text));
        }
        phc::PasswordHash::new(text).ok().map(|hash| Self::Argon2id(Box::new(hash)))
    }
}

fn verify_argon2id(password: &Password, hash: &phc::PasswordHash) -> bool {
    hasher().is_ok_and(|hasher| hasher.verify_password(password.expose().as_bytes(), hash).is_ok())
}

fn verify_nobodys_argon2id(password: &Password) {
    if let Ok(hash) = phc::PasswordHash::new(&NOBODYS_ARGON2ID) {
        verify_argon2id(password, &hash);
    }
}

fn verify_bcrypt(password: &Password, hash: &str) -> bool {
    original::candidates(password).iter().any(|candidate| bcrypt::verify(candidate, hash).unwrap_or(false))
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

/// A hash at today's cost that no password has: its salt and output are fixed.
static NOBODYS_ARGON2ID: LazyLock<String> = LazyLock::new(|| {
    let zeros = |length: usize| "A".repeat(length);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}", zeros(22), zeros(43))
});

/// The same at the cost of the original's hashes, ten.
const NOBODYS_BCRYPT: &str = "$2b$10$.....................................................";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;
    use cpu_time::ThreadTime;
    use serde_json::json;

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
    fn a_hash_of_the_original_verifies_the_password_as_it_was_typed_there() {
        for (typed, stored) in [
            ("$Ecret-Pa$$1", "Ecret-Pa1"),
            ("  Padded-Pass-1 ", "Padded-Pass-1"),
            ("<script>x</script>Abc-123456", "Abc-123456"),
            ("Pa\u{308}ssword-42", "Pa\u{308}ssword-42"),
            ("Pa\u{308}ssword-42", "P\u{e4}ssword-42"),
        ] {
            let hash = PasswordHash::from_phc(bcrypt::hash(stored, 4).unwrap());
            assert!(verify(&password(typed), Some(&hash)), "{typed:?}");
            assert!(!verify(&password(&format!("{typed}x")), Some(&hash)), "{typed:?}");
        }
    }

    #[test]
    fn a_hash_of_ours_verifies_the_composed_password_and_no_changed_one() {
        let ours = hash(&password("Pa\u{308}ssword-42")).unwrap();
        assert!(verify(&password("P\u{e4}ssword-42"), Some(&ours)));
        let ours = hash(&password("Ecret-Pa1")).unwrap();
        assert!(!verify(&password("$Ecret-Pa$$1"), Some(&ours)) && !verify(&password(" Ecret-Pa1"), Some(&ours)));
    }

    #[test]
    fn the_hashes_that_nobody_has_are_well_formed() {
        for nobodys in [NOBODYS_ARGON2ID.as_str(), NOBODYS_BCRYPT] {
            let hash = PasswordHash::from_phc(nobodys.to_owned());
            assert!(KnownHash::parse(&hash).is_some() && !verify(&password("Correct1"), Some(&hash)), "{nobodys}");
        }
        assert!(bcrypt::verify("Correct1", NOBODYS_BCRYPT).is_ok(), "it costs what a hash of the original costs");
    }

    #[test]
    fn a_refusal_takes_as_long_for_an_unknown_user_an_imported_one_and_one_of_ours() {
        let hashes = [
            None,
            Some(hash(&password("Correct1")).unwrap()),
            Some(PasswordHash::from_phc(bcrypt::hash("Correct1", 10).unwrap())),
            Some(PasswordHash::from_phc("$2b$10$cut off".to_owned())),
        ];
        for wrong in ["Wrong1234", " $Wrong-Pa\u{308}ss1 "] {
            let time = |hash: &Option<PasswordHash>| {
                let start = ThreadTime::now();
                assert!(!verify(&password(wrong), hash.as_ref()));
                start.elapsed()
            };
            // Of the processor, so that a busy machine does not count, in turns, and the least of four.
            let times: Vec<_> = (0..4).map(|_| hashes.each_ref().map(time)).collect();
            let least = |at: usize| times.iter().filter_map(|times| times.get(at)).min().copied().unwrap();
            let least = [0, 1, 2, 3].map(least);
            let (shortest, longest) = (least.iter().min().unwrap(), least.iter().max().unwrap());
            assert!(*longest < *shortest * 3 / 2, "{wrong}: {least:?}");
        }
    }
}
