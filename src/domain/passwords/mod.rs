//! Which passwords a person may choose (NIST SP 800-63B-4 section 3.1.1.2): long ones that nobody tries first. No rules of
//! composition, no expiry; all of Unicode, blanks included.

mod common;

use unicode_normalization::UnicodeNormalization;

use super::secret::Secret;

/// Characters (code points) of the shortest password that is the only proof.
pub const SHORTEST: usize = 15;

/// The same where a second factor is asked for as well.
pub const SHORTEST_WITH_SECOND_FACTOR: usize = 8;

/// Bytes of the longest password.
pub const LONGEST: usize = 1024;

/// The name of the service, which is tried early by whoever sees the sign-in page.
const SERVICE: &str = "rollcall";

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    #[error("the password has {length} characters, and {least} are needed")]
    TooShort { length: usize, least: usize },
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the password holds the character NUL")]
    Nul,
    #[error("the password is among those that are tried first: others have chosen it often")]
    Common,
    #[error("the password is made of the name or the e-mail of its owner, or of the name of this service")]
    Personal,
}

/// Whom a password is for.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'o> {
    pub email: &'o str,
    pub name: &'o str,
    pub second_factor: bool,
}

/// # Errors
/// The first [`Weakness`] that the password has.
pub fn check(password: &Secret, owner: Owner<'_>) -> Result<(), Weakness> {
    if password.reveal().len() > LONGEST {
        return Err(Weakness::TooLong);
    }
    let normalised: String = password.reveal().nfc().collect();
    if normalised.len() > LONGEST {
        return Err(Weakness::TooLong);
    }
    if normalised.contains('\0') {
        return Err(Weakness::Nul);
    }
    let length = normalised.chars().count();
    let least = if owner.second_factor { SHORTEST_WITH_SECOND_FACTOR } else { SHORTEST };
    if length < least {
        return Err(Weakness::TooShort { length, least });
    }
    let folded = folded(&normalised);
    // What is repeated until it is long enough is as easily guessed as it is once.
    let once = unit(&folded);
    if is_personal(once, owner) {
        return Err(Weakness::Personal);
    }
    let short = once.len() < folded.len() && once.chars().count() < SHORTEST_WITH_SECOND_FACTOR;
    if short || common::is_common(&folded) || common::is_common(once) {
        return Err(Weakness::Common);
    }
    Ok(())
}

/// Whether a password is too short to be the only proof.
pub fn is_short(password: &Secret) -> bool {
    password.reveal().nfc().take(SHORTEST).count() < SHORTEST
}

fn folded(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).collect()
}

/// The shortest text whose repetition is `text`; `text` itself where there is none.
fn unit(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).skip(1).take_while(|at| at * 2 <= text.len());
    let repeated = |at: &usize| {
        text.len().is_multiple_of(*at) && text.as_bytes().chunks(*at).is_sorted_by(|a, b| a == b)
    };
    ends.filter(repeated).find_map(|at| text.get(..at)).unwrap_or(text)
}

/// Whether nothing is left of the password without the words that its owner is known by, and a few figures or marks.
fn is_personal(password: &str, owner: Owner<'_>) -> bool {
    let (email, name) = (folded(owner.email), folded(owner.name));
    let parts = email.split(|c: char| !c.is_alphanumeric()).chain(name.split_whitespace());
    let mut words: Vec<&str> = parts.filter(|word| word.chars().count() > 2).collect();
    words.extend([SERVICE, email.as_str(), name.as_str()]);
    words.retain(|word| !word.is_empty());
    // The longest first: the whole address before its parts.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = password.to_owned();
    for word in words {
        rest = rest.replace(word, "");
    }
    let left = rest.chars().filter(|c| c.is_alphabetic()).count();
    rest.len() < password.len() && left == 0 && rest.chars().count() <= FEW
}

/// A year and four marks.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str, second_factor: bool) -> Result<(), Weakness> {
        let owner = Owner { email: "ana.lee@example.com", name: "Ana Lee-Marie", second_factor };
        check(&Secret::new(password), owner)
    }

    #[test]
    fn fifteen_characters_are_enough_alone_and_eight_with_a_second_factor() {
        assert_eq!(checked("mild walrus 42", false), Err(Weakness::TooShort { length: 14, least: 15 }));
        assert_eq!(checked("mild walrus 421", false), Ok(()));
        assert_eq!(checked("walrus4", true), Err(Weakness::TooShort { length: 7, least: 8 }));
        assert_eq!(checked("walrus 4", true), Ok(()));
    }

    #[test]
    fn characters_are_counted_as_people_see_them_and_any_are_welcome() {
        // Fifteen code points once composed, of more bytes and more code points as they were typed.
        assert_eq!(checked("fu\u{308}nf Ba\u{308}ume 42 x", false), Ok(()));
        assert_eq!(
            checked("fu\u{308}nf Ba\u{308}ume 42", false),
            Err(Weakness::TooShort { length: 13, least: 15 })
        );
        assert_eq!(
            checked("\u{1f40c}\u{1f980}\u{1f419}\u{1f422}\u{1f40d}\u{1f98e}\u{1f996}\u{1f995}", true),
            Ok(())
        );
        assert_eq!(checked("walrus\0walrus 42!", false), Err(Weakness::Nul));
    }

    #[test]
    fn the_longest_is_bounded_in_bytes_however_it_was_typed() {
        let varied: String = (0..LONGEST).map(|n| char::from(b'a' + (n * n % 23) as u8)).collect();
        assert_eq!(checked(&varied, false), Ok(()));
        assert_eq!(checked(&format!("{varied}x"), false), Err(Weakness::TooLong));
        // Characters that grow when they are normalised.
        assert_eq!(checked(&"\u{1d160}".repeat(LONGEST / 4), false), Err(Weakness::TooLong));
    }

    #[test]
    fn what_everybody_tries_first_is_refused_whatever_its_case_and_however_often_it_is_repeated() {
        for common in [
            "123456789987654321",
            "1qaz2wsx3edc4rfv",
            "passwordpassword",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
        ] {
            assert_eq!(checked(common, false), Err(Weakness::Common), "{common}");
        }
        assert_eq!(checked("PassWord1", true), Err(Weakness::Common));
        assert_eq!(checked("iloveyou", true), Err(Weakness::Common));
        assert_eq!(checked("iloveyou and walruses", false), Ok(()), "the whole password is compared");
    }

    #[test]
    fn the_names_of_the_owner_and_of_the_service_are_no_password() {
        for personal in [
            "ana.lee@example.com",
            "Ana Lee-Marie 2026",
            "rollcallrollcall",
            "Rollcall-2026!!!",
            "RollcallExample",
        ] {
            let found = checked(personal, true);
            assert_eq!(found, Err(Weakness::Personal), "{personal}");
        }
        assert_eq!(checked("rollcall of walruses", false), Ok(()));
    }

    #[test]
    fn no_weakness_repeats_the_password() {
        for weak in ["mild walrus", "passwordpassword", "rollcallrollcall"] {
            let said = checked(weak, false).unwrap_err().to_string();
            assert!(!said.contains(weak), "{said}");
        }
    }
}
