//! Secrets: never printed, and wiped from memory when they are dropped. Those that Rollcall generates are shown once, and
//! stored as a hash.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// A secret in clear. `Debug` hides it; only [`Secret::reveal`] gives the text. Its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// A new secret of 128 random bits after `prefix` (22 characters of base64url): unguessable, so a fast hash
    /// is enough to keep it.
    pub fn generate(prefix: &str, random: [u8; 16]) -> Self {
        Self::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// The same of 256 bits (43 characters), for what lives in browsers.
    pub fn generate_long(prefix: &str, random: [[u8; 16]; 2]) -> Self {
        Self::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random.as_flattened())))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The BLAKE3 hash that is stored instead.
    pub fn hash(&self) -> SecretHash {
        SecretHash(*blake3::hash(self.0.as_bytes()).as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The hash of a generated secret.
#[derive(Debug, Clone, Copy)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Whether `stored` is this hash, compared in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        <[u8; 32]>::try_from(stored)
            .is_ok_and(|stored| blake3::Hash::from(self.0) == blake3::Hash::from(stored))
    }
}
