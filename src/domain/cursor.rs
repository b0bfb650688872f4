//! Cursors of the change feed: opaque texts that say up to where a reader has read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::ids::CompanyId;

/// The version of the format; another format begins with another byte.
const FORM: u8 = 1;

const CHECKSUM: usize = 8;

/// A position in a company's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch of the database to which the position belongs.
    pub epoch: String,
    pub company_id: CompanyId,
    /// All changes up to this position were read; 0 before the first.
    pub position: i64,
}

impl Cursor {
    /// Base64 for URLs of: the version, the position (8 bytes, big endian), the length of the epoch, the epoch, the
    /// company's ID, and 8 bytes of a BLAKE3 hash of all that.
    pub fn to_text(&self) -> String {
        let mut bytes = vec![FORM];
        bytes.extend(self.position.to_be_bytes());
        // Epochs have 32 characters; a longer one is cut, and refused when it comes back.
        let epoch: Vec<u8> = self.epoch.bytes().take(usize::from(u8::MAX)).collect();
        bytes.push(u8::try_from(epoch.len()).unwrap_or(u8::MAX));
        bytes.extend(epoch);
        bytes.extend(self.company_id.bytes());
        bytes.extend(checksum(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` if the text was not made by [`Cursor::to_text`].
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        let (form, rest) = said.split_first()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first()?;
        let (epoch, company_id) = rest.split_at_checked(usize::from(*length))?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let cursor = Self {
            epoch: text(epoch)?,
            company_id: text(company_id)?.into(),
            position: i64::from_be_bytes(*position),
        };
        (*form == FORM && sum == checksum(said) && cursor.position >= 0).then_some(cursor)
    }
}

/// Finds cursors that were changed or made up; somebody who forges one with a correct hash still reads only their own
/// feed.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    blake3::Hasher::new_derive_key("rollcall feed cursor 1").update(bytes).finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was_and_every_changed_one_is_refused(
            epoch in "[0-9a-f]{32}", company_id in "com_[0-9a-f]{32}", position in 0i64..,
            place in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let cursor = Cursor { epoch, company_id: company_id.into(), position };
            let text = cursor.to_text();
            prop_assert_eq!(Cursor::read(&text), Some(cursor));
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            prop_assert_eq!(Cursor::read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes[place] ^= 1 << bit;
            bytes.truncate(place);
            prop_assert_eq!(Cursor::read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn whatever_else_is_sent_is_refused(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(Cursor::read(&text), None);
            prop_assert_eq!(Cursor::read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
