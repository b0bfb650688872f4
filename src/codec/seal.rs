//! Encrypts the secrets in the database (ChaCha20-Poly1305), each bound to its row.
//!
//! Layout: a version byte, 12 bytes of nonce, the ciphertext, 16 bytes of tag.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use zeroize::Zeroizing;

use crate::domain::key::Key;

const VERSION: u8 = 1;

/// Bytes of a nonce. It is random: even among billions of secrets of one key, no two will share one.
pub const NONCE: usize = 12;

/// A sealed secret cannot be decrypted: the key or the row is another, or it is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed secret does not open with this key in this place")]
pub struct NotOpened;

/// The row that a secret is bound to; it cannot be decrypted in another. IDs contain no zero byte, so no two rows give
/// the same bytes.
fn place(connection_id: &str, name: &str) -> Vec<u8> {
    [connection_id.as_bytes(), &[0], name.as_bytes()].concat()
}

fn cipher(key: &Key) -> Result<LessSafeKey, NotOpened> {
    UnboundKey::new(&CHACHA20_POLY1305, key.bytes()).map(LessSafeKey::new).map_err(|_| NotOpened)
}

/// Encrypts `plain`. The nonce must be random, and must never be used again with this key.
///
/// # Errors
/// A text of many gigabytes.
pub fn seal(
    key: &Key,
    nonce: [u8; NONCE],
    connection_id: &str,
    name: &str,
    plain: &[u8],
) -> Result<Vec<u8>, NotOpened> {
    let mut sealed = plain.to_vec();
    let aad = Aad::from(place(connection_id, name));
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
        .map_err(|_| NotOpened)?;
    Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
}

/// Decrypts what [`seal`] made for the same row.
///
/// # Errors
/// [`NotOpened`], whatever the reason.
pub fn open(
    key: &Key,
    connection_id: &str,
    name: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let (version, rest) = sealed.split_first().ok_or(NotOpened)?;
    if *version != VERSION {
        return Err(NotOpened);
    }
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(NotOpened)?;
    let mut bytes = Zeroizing::new(rest.to_vec());
    let aad = Aad::from(place(connection_id, name));
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes)
        .map_err(|_| NotOpened)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_only_as_it_is_and_where_it_belongs(
            key: [u8; 32], other: [u8; 32], nonce: [u8; NONCE], plain: Vec<u8>, at: prop::sample::Index, bit in 0u8..8,
        ) {
            prop_assume!(key != other);
            let key = Key::new(key);
            let sealed = seal(&key, nonce, "con_1", "token", &plain).unwrap();
            prop_assert_eq!(open(&key, "con_1", "token", &sealed), Ok(Zeroizing::new(plain.clone())));
            // A match of one or two bytes by chance would say nothing.
            if plain.len() > 3 {
                prop_assert!(!sealed.windows(plain.len()).any(|window| window == plain));
            }
            prop_assert_eq!(open(&Key::new(other), "con_1", "token", &sealed), Err(NotOpened));
            for (connection, name) in [("con_2", "token"), ("con_1", "sid"), ("con_1\0", "token"), ("", "con_1\0token")] {
                prop_assert_eq!(open(&key, connection, name, &sealed), Err(NotOpened));
            }
            let at = at.index(sealed.len());
            prop_assert_eq!(open(&key, "con_1", "token", &sealed[..at]), Err(NotOpened));
            let mut flipped = sealed;
            flipped[at] ^= 1 << bit;
            prop_assert_eq!(open(&key, "con_1", "token", &flipped), Err(NotOpened));
        }
    }
}
