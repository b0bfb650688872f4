//! Trigrams, by which an index finds texts that contain a part. A text has a trigram for each of its characters: the
//! character and the two after it. The trigrams of a part are among those of each text that contains it, but not only
//! of those: the texts that an index finds must be checked again.

use std::collections::BTreeSet;

/// Follows the end of a text, so that its last two characters begin trigrams as well.
const END: char = '\n';

/// Trigrams of one search, at most: more would hardly distinguish more texts.
const MOST: usize = 32;

/// What the trigrams of a text must contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// All of these.
    Every(BTreeSet<String>),
    /// One that begins like this, if the part has only one or two characters.
    Beginning(String),
}

/// The trigrams of a folded text, each once.
pub fn of_text(text: &str) -> BTreeSet<String> {
    of(text.chars().chain([END, END])).collect()
}

/// What a text must contain to match `part`, which is folded as well. `None` for an empty part, which matches every
/// text.
pub fn of_part(part: &str) -> Option<Sought> {
    match part.chars().count() {
        0 => None,
        1 | 2 => Some(Sought::Beginning(part.chars().map(letter).collect())),
        _ => Some(Sought::Every(of(part.chars()).take(MOST).collect())),
    }
}

fn of(text: impl Iterator<Item = char> + Clone) -> impl Iterator<Item = String> {
    let (second, third) = (text.clone().skip(1), text.clone().skip(2));
    text.zip(second).zip(third).map(|((a, b), c)| [a, b, c].into_iter().map(letter).collect())
}

/// Replaces ASCII characters other than letters and digits, which an index takes for the space between two words. Texts
/// that become the same by this are told apart when they are checked again.
fn letter(c: char) -> char {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() && !byte.is_ascii_alphanumeric() => char::from(byte + 0x80),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fold::fold;

    fn holds(text: &BTreeSet<String>, sought: &Sought) -> bool {
        match sought {
            Sought::Every(trigrams) => trigrams.is_subset(text),
            Sought::Beginning(beginning) => text.iter().any(|trigram| trigram.starts_with(beginning)),
        }
    }

    #[test]
    fn a_text_has_a_trigram_for_each_character() {
        assert_eq!(of_text("zoe").into_iter().collect::<Vec<_>>(), ["e\u{8a}\u{8a}", "oe\u{8a}", "zoe"]);
        assert_eq!(of_part("o'b"), Some(Sought::Every(["o\u{a7}b".to_owned()].into())));
        assert_eq!(of_part("ng"), Some(Sought::Beginning("ng".into())));
        assert_eq!(of_part(""), None);
    }

    proptest! {
        #[test]
        fn whatever_a_text_contains_is_found(text in "\\PC{1,40}", from in 0usize..40, length in 1usize..40) {
            let text = fold(&text);
            let part: String = text.chars().skip(from).take(length).collect();
            if let Some(sought) = of_part(&part) {
                prop_assert!(holds(&of_text(&text), &sought), "{part:?} in {text:?}");
            }
        }

        #[test]
        fn no_trigram_holds_what_ends_a_word(text in "(\\PC|\n){0,40}") {
            for trigram in of_text(&text) {
                prop_assert!(trigram.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{trigram:?}");
            }
        }
    }
}
