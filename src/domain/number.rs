//! The number by which people know a record: a customer's account, somebody's staff number.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::words::List;

/// The number of digits in a social security number.
const SSN: usize = 9;

/// What people write before or after one, in lower case.
const LABELS: [&str; 7] = ["ssn", "ss", "ein", "tin", "id", "no", "nr"];

/// The most letters of such labels: `SSN/TIN/EIN ID no` has no more.
const LETTERS: usize = 16;

/// A record's number as it is staged. Where people keep a social security number in a field for an employee's number, it
/// is not held (promise 7): nine digits of any script count as one, whatever parts them, and whatever label they have.
pub fn number(list: List, text: String) -> Option<String> {
    (list == List::Customer || !may_be_ssn(&text)).then_some(text)
}

fn may_be_ssn(text: &str) -> bool {
    let (mut digits, mut letters) = (0, String::new());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if c.is_numeric() {
            digits += 1;
        } else if c.is_alphabetic() && !is_combining_mark(c) {
            letters.push(c);
        }
        if digits > SSN || letters.len() > LETTERS {
            return false;
        }
    }
    digits == SSN && are_labels(&letters)
}

fn are_labels(letters: &str) -> bool {
    let follows = |label: &&str| letters.strip_prefix(*label).is_some_and(are_labels);
    letters.is_empty() || LABELS.iter().any(follows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(list: List, text: &str) -> bool {
        number(list, text.to_owned()).is_some()
    }

    #[test]
    fn an_employees_social_security_number_is_no_number_of_theirs() {
        let written = [
            "000-00-0001",
            "000000001",
            "000 00 0001",
            "000–00–0001",
            "000.00.0001",
            "#000-00-0001",
            "SSN 000000001",
            "ID:000-00-0001",
            "S.S.N. No. 000-00-0001",
            "000_00_0001",
            "000:00:0001",
            "000,00,0001",
            "(000) 00-0001",
            "000'00'0001",
            "000~00~0001",
            "000·00·0001",
            "０００-００-０００１",
            "٠٠٠-٠٠-٠٠٠١",
            "000\u{ad}00\u{ad}0001",
            "000\u{200b}00\u{200b}0001",
            "000\u{207b}00\u{207b}0001",
            "000-00-0001 (ein)",
        ];
        for ssn in written {
            assert!(!kept(List::Employee, ssn), "{ssn}");
            assert!(kept(List::Customer, ssn), "{ssn}");
        }
        for number in
            ["1042", "A-000000001", "00000-00001", "E 17/4", "AWren", "SSN", "ID 1042", "no one 000000001"]
        {
            assert!(kept(List::Employee, number), "{number}");
        }
    }

    proptest! {
        #[test]
        fn nine_digits_are_dropped_whatever_parts_them(
            digits in proptest::collection::vec((0..10u32, 0..4usize), SSN),
            parts in proptest::collection::vec("[ -/:-@\\[-`{-~\\p{Pd}\\p{Cf}\\p{Zs}]{0,3}", SSN + 1),
            label in proptest::sample::select(vec!["", "SSN", "ss", "Ein", "TIN", "Id", "No", "nr"]),
        ) {
            let mut text = label.to_owned();
            for ((digit, script), part) in digits.into_iter().zip(&parts) {
                // Latin, Arabic, Devanagari and full-width digits.
                let zero = ['0', '\u{660}', '\u{966}', '\u{ff10}'][script];
                text.push_str(part);
                text.push(char::from_u32(u32::from(zero) + digit).unwrap());
            }
            text.push_str(&parts[SSN]);
            prop_assert!(!kept(List::Employee, &text), "{text:?}");
            let (longer, named) = (format!("{text}1"), format!("A{text}"));
            prop_assert!(kept(List::Employee, &longer) && kept(List::Employee, &named));
        }
    }
}
