//! Finds the e-mail address in a field where people type what they like.

/// A longer address cannot be sent to (RFC 5321 section 4.5.3.1).
const LONGEST: usize = 254;

/// The first address in `text`: of `a@x.com; b@y.com` the one before the semicolon, of `Ana Lee <a@x.com>` the one in
/// brackets. `None` if there is none, as in `N/A` and `none@`.
pub fn email(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || c.is_control() || ":;,<>|()[]\"".contains(c)).find_map(|word| {
        // A slash may be part of an address, or separate two.
        std::iter::once(word).chain(word.split('/')).find_map(address)
    })
}

/// The key by which addresses are compared: case does not matter. (The part before the `@` may differ by case in theory;
/// no provider does that, and two people of one name would be a trap.)
pub fn key(address: &str) -> String {
    super::name::key(address)
}

/// Whether the whole text is one address.
pub fn is_address(text: &str) -> bool {
    email(text).is_some_and(|address| address == text)
}

fn address(word: &str) -> Option<String> {
    let word = word.trim_matches(['\'', '.']);
    let (local, domain) = word.split_once('@')?;
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let sound =
        !local.is_empty() && word.len() <= LONGEST && domain.contains('.') && domain.split('.').all(label);
    sound.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{email, is_address, key};

    #[test]
    fn the_address_of_an_account_is_one_address_whatever_its_case() {
        assert!(is_address("Ana.Lee@Example.com") && is_address("ánä@bücher.example"));
        for text in ["", "ana", " ana@example.com", "ana@example.com; b@y.com", "Ana <ana@example.com>"] {
            assert!(!is_address(text), "{text}");
        }
        assert_eq!(key("Ana.Lee@EXAMPLE.com"), key("ana.lee@example.COM"));
        assert_ne!(key("ana@example.com"), key("áná@example.com"));
    }

    #[test]
    fn the_first_address_is_the_e_mail() {
        for (text, first) in [
            ("ana@example.com", "ana@example.com"),
            (" ana@example.com ", "ana@example.com"),
            ("a@x.com; b@y.com", "a@x.com"),
            ("a@x.com;b@y.com", "a@x.com"),
            ("a@x.com, b@y.com", "a@x.com"),
            ("a@x.com b@y.com", "a@x.com"),
            ("a@x.com / b@y.com", "a@x.com"),
            ("a@x.com/b@y.com", "a@x.com"),
            ("a@x.com\r\nb@y.com", "a@x.com"),
            ("n/a; b@y.com", "b@y.com"),
            ("none@; b@y.com", "b@y.com"),
            ("Ana Lee <Ana.Lee@Example.com>", "Ana.Lee@Example.com"),
            ("\"Lee, Ana\" <ana@example.com>", "ana@example.com"),
            ("mailto:ana@example.com", "ana@example.com"),
            ("home: ana@example.com.", "ana@example.com"),
            ("o'neil+pay/roll@mail.example.co.uk", "o'neil+pay/roll@mail.example.co.uk"),
            ("ánä@bücher.example", "ánä@bücher.example"),
        ] {
            assert_eq!(email(text).as_deref(), Some(first), "{text}");
        }
    }

    #[test]
    fn what_people_type_for_none_is_none() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "",
            " ",
            "N/A",
            "none",
            "none@",
            "@example.com",
            "@",
            "-",
            "none@none",
            "a@b@c.com",
            "a@.com",
            "a@x..com",
            "a@-x.com",
            "a@x.com-",
            "no e-mail",
            "555-0100",
            "n/a@n/a",
            "é",
            &long,
        ] {
            assert_eq!(email(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_e_mail_is_a_word_of_the_text_and_its_own_e_mail(text in "[a-z@./; <>:'é\\-\\t]{0,40}|\\PC*") {
            if let Some(first) = email(&text) {
                proptest::prop_assert!(text.contains(&first));
                proptest::prop_assert_eq!(first.matches('@').count(), 1);
                proptest::prop_assert_eq!(email(&first), Some(first));
            }
        }
    }
}
