//! People's passwords and the hashes that are stored instead: Argon2id in PHC form, with the parameters that OWASP
//! advises (19 MiB of memory, two passes, one lane).
//!
//! Each hashing takes that memory and some tens of milliseconds of one core: call it where only few run at once.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc},
};
use unicode_normalization::UnicodeNormalization;

use crate::domain::{passwords::LONGEST, secret::Secret};

/// Bytes of a salt. It must be random.
pub const SALT: usize = 16;

/// Stored parameters beyond these are not ours: whoever wrote them wants the gateway to run out of memory or time.
const MOST_MEMORY_KIB: u32 = 128 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// What a look at a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one whose hash was stored.
    pub right: bool,
    /// The stored hash was made with weaker parameters than today's: hash the password anew and store that.
    pub rehash: bool,
}

/// A password or a stored hash that is not worked on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the stored hash of a password cannot be read: it is no Argon2id hash in PHC form")]
    Unreadable,
    #[error("the stored hash of a password asks for more memory or time than any that Rollcall makes")]
    Absurd,
    #[error("the password could not be hashed: {0}")]
    Failed(password_hash::Error),
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The bytes that are hashed: NFC, so that the same password typed on two keyboards is the same. The bound comes first,
/// for normalising costs time as well.
fn normalised(password: &Secret) -> Result<String, Error> {
    if password.reveal().len() > LONGEST {
        return Err(Error::TooLong);
    }
    let normalised: String = password.reveal().nfc().collect();
    if normalised.len() > LONGEST { Err(Error::TooLong) } else { Ok(normalised) }
}

/// Hashes a password for the database. The salt must be random.
///
/// # Errors
/// [`Error::TooLong`]; a machine without memory.
pub fn hash(password: &Secret, salt: [u8; SALT]) -> Result<String, Error> {
    let made = hasher().hash_password_with_salt(normalised(password)?.as_bytes(), &salt);
    made.map(|hash| hash.to_string()).map_err(Error::Failed)
}

/// Whether `password` is the one whose hash is `stored`. Without a stored hash (an unknown account) the same work is
/// done with today's parameters, and the answer is no.
///
/// # Errors
/// [`Error::TooLong`] at once, whatever is stored. A hash that is unreadable or absurd, after the work of a usual one,
/// so that the time tells nothing: worth a line in the log, and for the caller the same as a wrong password.
pub fn verify(password: &Secret, stored: Option<&str>) -> Result<Verdict, Error> {
    let password = normalised(password)?;
    let stored = match stored.map(readable).transpose() {
        Ok(Some(stored)) => stored,
        Ok(None) => return spend(&password).map(|()| Verdict { right: false, rehash: false }),
        Err(error) => return spend(&password).and(Err(error)),
    };
    match hasher().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(Verdict { right: true, rehash: is_weaker(&stored) }),
        Err(password_hash::Error::PasswordInvalid) => Ok(Verdict { right: false, rehash: false }),
        Err(error) => Err(Error::Failed(error)),
    }
}

/// The work of looking at a password, without a result.
fn spend(password: &str) -> Result<(), Error> {
    hasher().hash_password_with_salt(password.as_bytes(), &[0; SALT]).map(drop).map_err(Error::Failed)
}

/// Reads a stored hash, which costs nothing, and bounds the work that it asks for.
fn readable(stored: &str) -> Result<PasswordHash, Error> {
    let hash = PasswordHash::new(stored).map_err(|_: phc::Error| Error::Unreadable)?;
    if hash.algorithm != argon2::ARGON2ID_IDENT || hash.salt.is_none() || hash.hash.is_none() {
        return Err(Error::Unreadable);
    }
    let parameters = Params::try_from(&hash).map_err(|_| Error::Unreadable)?;
    let within = parameters.m_cost() <= MOST_MEMORY_KIB
        && parameters.t_cost() <= MOST_PASSES
        && parameters.p_cost() <= MOST_LANES;
    if within { Ok(hash) } else { Err(Error::Absurd) }
}

fn is_weaker(stored: &PasswordHash) -> bool {
    let version = stored.version.unwrap_or_default();
    version < u32::from(Version::V0x13)
        || Params::try_from(stored).is_ok_and(|stored| {
            stored.m_cost() < Params::DEFAULT.m_cost() || stored.t_cost() < Params::DEFAULT.t_cost()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Verdict = Verdict { right: true, rehash: false };
    const WRONG: Verdict = Verdict { right: false, rehash: false };

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    fn weak(memory: u32, passes: u32) -> String {
        let argon2 = Argon2::from(Params::new(memory, passes, 1, None).unwrap());
        argon2.hash_password_with_salt(b"correct horse battery", &[1; SALT]).unwrap().to_string()
    }

    #[test]
    fn only_the_password_that_was_hashed_is_right_and_the_parameters_are_those_of_owasp() {
        let stored = hash(&secret("correct horse battery"), [7; SALT]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify(&secret("correct horse battery"), Some(&stored)), Ok(RIGHT));
        for other in ["correct horse batterY", "correct horse battery ", ""] {
            assert_eq!(verify(&secret(other), Some(&stored)), Ok(WRONG));
        }
        assert_eq!(verify(&secret("correct horse battery"), None), Ok(WRONG));
        assert_ne!(stored, hash(&secret("correct horse battery"), [8; SALT]).unwrap(), "the salt counts");
    }

    #[test]
    fn a_hash_that_another_library_made_is_understood() {
        // Made by Python's argon2-cffi 25.1 with the same parameters.
        let known = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcy4uIQ$p5I8auW9a7E11Fh8C3s2QPmvRpQR1aIwrMXwS7hbP5g";
        assert_eq!(verify(&secret("correct horse battery"), Some(known)), Ok(RIGHT));
    }

    #[test]
    fn a_password_is_the_same_however_its_accents_were_typed() {
        let stored = hash(&secret("Zo\u{eb} hat f\u{fc}nf B\u{e4}ume"), [7; SALT]).unwrap();
        assert_eq!(verify(&secret("Zoe\u{308} hat fu\u{308}nf Ba\u{308}ume"), Some(&stored)), Ok(RIGHT));
    }

    #[test]
    fn weaker_parameters_ask_for_a_new_hash_and_only_with_the_right_password() {
        for stored in [weak(8 * 1024, 2), weak(19 * 1024, 1)] {
            let verdict = verify(&secret("correct horse battery"), Some(&stored)).unwrap();
            assert_eq!(verdict, Verdict { right: true, rehash: true });
            assert_eq!(verify(&secret("wrong"), Some(&stored)), Ok(WRONG));
        }
        assert_eq!(verify(&secret("correct horse battery"), Some(&weak(32 * 1024, 3))), Ok(RIGHT));
    }

    #[test]
    fn absurd_or_foreign_hashes_and_endless_passwords_are_refused() {
        let stored = weak(8 * 1024, 2);
        for (from, to) in [("m=8192", "m=4194304"), ("t=2", "t=4000000000"), ("p=1", "p=1000")] {
            let absurd = stored.replace(from, to);
            assert_ne!(absurd, stored);
            assert_eq!(verify(&secret("x"), Some(&absurd)), Err(Error::Absurd), "{absurd}");
        }
        for foreign in
            ["", "secret", "$2b$12$abc", &stored.replace("argon2id", "argon2d"), "$argon2id$v=19$m=8,t=1,p=1"]
        {
            assert_eq!(verify(&secret("x"), Some(foreign)), Err(Error::Unreadable), "{foreign}");
        }
        let long = secret(&"x".repeat(LONGEST + 1));
        assert_eq!(hash(&long, [7; SALT]), Err(Error::TooLong));
        assert_eq!(verify(&long, Some(&stored)), Err(Error::TooLong));
        assert_eq!(verify(&long, None), Err(Error::TooLong));
        assert!(hash(&secret(&"x".repeat(LONGEST)), [7; SALT]).is_ok());
    }
}
