//! The keys that encrypt the secrets of connections.

use std::fmt;

use base64::{
    Engine,
    alphabet::{Alphabet, STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use zeroize::Zeroizing;

/// A key of 32 bytes. It is shown only by [`Key::to_text`], which writes its file. Its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The fingerprint of the key: it reveals nothing of the key, and is the same everywhere.
    pub fn id(&self) -> String {
        let hash = blake3::Hash::from(blake3::derive_key("rollcall secret key id", self.bytes()));
        hash.to_hex().chars().take(16).collect()
    }

    /// Another key that is made of this one for one purpose, which `context` names: it reveals nothing of this one, nor of
    /// those for other purposes (BLAKE3's mode for deriving keys).
    #[must_use]
    pub fn derive(&self, context: &str) -> Self {
        Self::new(blake3::derive_key(context, self.bytes()))
    }

    /// The key in base64.
    pub fn to_text(&self) -> String {
        general_purpose::STANDARD.encode(self.bytes())
    }

    /// Reads keys that are separated by white space or commas. A `#` begins a comment; a key that is repeated counts
    /// once.
    ///
    /// # Errors
    /// What is wrong, without the text, which may be most of a key.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let mut keys = Vec::new();
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(before, _)| before));
        let words = lines.flat_map(|line| line.split([' ', '\t', ',', '\r'])).filter(|word| !word.is_empty());
        for (number, word) in (1u32..).zip(words) {
            let key = Self::read(word)
                .ok_or_else(|| format!("key {number} in it is not 32 bytes in base64 or hexadecimal"))?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(keys) }
    }

    /// Reads 64 hexadecimal digits, or base64 of either alphabet, padded or not: the forms cannot be confused.
    fn read(word: &str) -> Option<Self> {
        if let Ok(hash) = blake3::Hash::from_hex(word) {
            return Some(Self::new(*hash.as_bytes()));
        }
        let decode = |alphabet: &Alphabet| {
            let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
            GeneralPurpose::new(alphabet, config).decode(word).ok()
        };
        let bytes = decode(&STANDARD).or_else(|| decode(&URL_SAFE))?;
        bytes.try_into().ok().map(Self::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_every_form_and_shown_in_none() {
        let key = Key::new([0xfb; 32]);
        let hex = "fb".repeat(32);
        let base64 = key.to_text();
        let url_safe = base64.replace('+', "-").replace('/', "_");
        let forms = [hex.as_str(), &hex.to_uppercase(), &base64, base64.trim_end_matches('='), &url_safe];
        for form in forms {
            assert_eq!(Key::read_all(form), Ok(vec![key.clone()]), "{form}");
        }
        let shown = format!("{key:?}");
        assert!(!shown.contains("fb") && !shown.contains("251") && shown.contains(&key.id()), "{shown}");
        assert_ne!(key.id(), Key::new([0xfa; 32]).id());
    }

    #[test]
    fn several_keys_keep_their_order() {
        let (one, two) = (Key::new([1; 32]), Key::new([2; 32]));
        let text = format!(
            "# a comment, with words\n{},{} # the old one\r\n\n{}\n",
            one.to_text(),
            two.to_text(),
            one.to_text()
        );
        assert_eq!(Key::read_all(&text), Ok(vec![one, two]));
    }

    #[test]
    fn what_is_no_key_is_not_repeated() {
        for wrong in ["", "  \n# only a comment", "hunter2", &"ab".repeat(31), &"ab".repeat(33)] {
            let why = Key::read_all(wrong).unwrap_err();
            assert!(!why.contains("hunter2") && !why.contains("abab"), "{why}");
        }
    }
}
