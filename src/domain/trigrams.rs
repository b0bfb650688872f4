//! Trigrams: how a part of a text is found by an index. A text has a trigram for each of its characters: the character
//! and the two after it. Whatever a text contains, its trigrams are among the text's; the other way round it need not be
//! so, so what an index finds is looked at again.

use std::collections::BTreeSet;

/// What stands after the end of a text, so that its last two characters begin a trigram as well.
const END: char = '\n';

/// Trigrams of one search, at most: more would hardly tell more texts apart.
const MOST: usize = 32;

/// What the trigrams of a text must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Every one of these.
    Every(BTreeSet<String>),
    /// One that begins like this: of what has one or two characters.
    Beginning(String),
}

/// The trigrams of a folded text, each once.
pub fn of_text(text: &str) -> BTreeSet<String> {
    of(text.chars().chain([END, END])).collect()
}

/// What a text must hold to contain `part`, which is folded as well. `None` for an empty one: every text does.
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

/// A letter or a digit for every character: an index takes ASCII's others for the space between two words. What looks
/// the same then is told apart when the texts found are looked at again.
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
