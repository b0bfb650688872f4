//! Trigrams, by which an index finds texts that contain a part. A text has a trigram for each of its characters: the
//! character and the two after it, or up to four where all of them are digits. Of three digits there are a thousand, and a
//! long list of numbered people has each of them in many of its numbers. The trigrams of a part are among those of each
//! text that contains it, but not only of those: the texts that an index finds must be checked again.

use std::collections::BTreeSet;

/// Follows the end of a text, so that its last two characters begin trigrams as well.
const END: char = '\n';

/// Trigrams of one search, at most: more would hardly distinguish more texts.
const MOST: usize = 32;

/// Digits of one trigram, at most.
const DIGITS: usize = 5;

/// What the trigrams of a text must contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// All of these.
    pub whole: BTreeSet<String>,
    /// One that begins like this: where the part ends with digits after which more may follow, or is too short for a
    /// trigram.
    pub beginning: Option<String>,
}

/// The trigrams of a folded text, each once.
pub fn of_text(text: &str) -> BTreeSet<String> {
    let text: Vec<char> = text.chars().chain([END, END]).collect();
    let at = |from| text.get(from..).and_then(|rest| rest.get(..length(rest)));
    (0..text.len()).filter_map(at).map(spelt).collect()
}

/// What a text must contain to match `part`, which is folded as well. `None` for an empty part, which matches every
/// text.
pub fn of_part(part: &str) -> Option<Sought> {
    let part: Vec<char> = part.chars().collect();
    if part.is_empty() {
        return None;
    }
    let rests = || (0..part.len()).filter_map(|from| part.get(from..));
    // At its end a part does not tell how many digits a text has there.
    let open = |rest: &[char]| rest.len() < DIGITS && digits(rest) == rest.len();
    let whole = |rest: &&[char]| !open(rest) && rest.len() >= length(rest);
    let whole: BTreeSet<String> =
        rests().filter(whole).filter_map(|rest| rest.get(..length(rest))).map(spelt).take(MOST).collect();
    // The digits at the end, unless they are so many that some of them make a trigram. Fewer than three hardly distinguish
    // more texts, and begin many trigrams.
    let end = part.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let end = part.get(part.len() - end..).filter(|end| (3..DIGITS).contains(&end.len()));
    let beginning = end.or(whole.is_empty().then_some(part.as_slice())).map(spelt);
    Some(Sought { whole, beginning })
}

/// How many characters the trigram has with which a text begins.
fn length(text: &[char]) -> usize {
    digits(text).clamp(3, DIGITS)
}

/// How many digits a text begins with.
fn digits(text: &[char]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn spelt(trigram: &[char]) -> String {
    trigram.iter().copied().map(letter).collect()
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
        let begins = |beginning: &String| text.iter().any(|trigram| trigram.starts_with(beginning));
        sought.whole.is_subset(text) && sought.beginning.as_ref().is_none_or(begins)
    }

    fn sought(part: &str) -> (Vec<String>, Option<String>) {
        let sought = of_part(part).unwrap();
        (sought.whole.into_iter().collect(), sought.beginning)
    }

    #[test]
    fn a_text_has_a_trigram_for_each_character() {
        assert_eq!(of_text("zoe").into_iter().collect::<Vec<_>>(), ["e\u{8a}\u{8a}", "oe\u{8a}", "zoe"]);
        assert_eq!(sought("o'b"), (vec!["o\u{a7}b".to_owned()], None));
        assert_eq!(sought("ng"), (vec![], Some("ng".into())));
        assert_eq!(of_part(""), None);
    }

    #[test]
    fn a_number_is_found_by_five_digits_at_a_time() {
        let text: Vec<String> = of_text("1600009").into_iter().collect();
        assert_eq!(text, ["00009", "0009", "009", "09\u{8a}", "16000", "60000", "9\u{8a}\u{8a}"]);
        assert_eq!(sought("1600009"), (vec!["00009".into(), "16000".into(), "60000".into()], None));
        assert_eq!(sought("1600"), (vec![], Some("1600".into())));
        assert_eq!(sought("a1600"), (vec!["a16".into()], Some("1600".into())));
        assert_eq!(sought("a16"), (vec!["a16".into()], None));
        assert_eq!(sought("0x1"), (vec!["0x1".into()], None));
    }

    proptest! {
        #[test]
        fn whatever_a_text_contains_is_found(text in "\\PC{1,40}|[0-9a-b -]{1,40}|[0-9]{1,20}", from in 0usize..40, length in 1usize..40) {
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
