//! The number by which people know a record: a customer's account, somebody's staff number.

use super::words::List;

/// The number of digits in a social security number.
const SSN: usize = 9;

/// The number of a record as it is staged. Some people keep a social security number in a field for an employee's
/// number; it is not held (promise 7): nine digits, however they are separated, count as one.
pub fn number(list: List, text: String) -> Option<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let only_digits = text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || is_dash(c));
    (list == List::Customer || digits != SSN || !only_digits).then_some(text)
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_employees_social_security_number_is_no_number_of_theirs() {
        let kept = |list, text: &str| number(list, text.to_owned()).is_some();
        for ssn in ["000-00-0001", "000000001", "000 00 0001", "000–00–0001", "000.00.0001"] {
            assert!(!kept(List::Employee, ssn), "{ssn}");
            assert!(kept(List::Customer, ssn), "{ssn}");
        }
        for number in ["1042", "A-000000001", "00000-00001", "E 17/4", "AWren"] {
            assert!(kept(List::Employee, number), "{number}");
        }
    }
}
