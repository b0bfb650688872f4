//! The names that people give to companies, apps, connections and profiles: which are valid, and which count as the
//! same.

use super::fold::fold;

use unicode_normalization::UnicodeNormalization;

/// A name, trimmed and without invisible characters: with one of those, two names that look the same would differ, or
/// one would read backwards.
pub fn clean(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    seen.trim().to_owned()
}

/// The key by which names are compared: case, white space and the encoding of a letter do not matter, accents do.
pub fn key(name: &str) -> String {
    let lower: String = clean(name).nfkc().flat_map(char::to_lowercase).nfkc().collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters of zero width, and those that change the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A company's name as the beginning of a user name: lower case letters, digits and dashes, at most 24.
pub fn slug(company: &str) -> String {
    let folded = fold(company);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug: String = words.collect::<Vec<_>>().join("-");
    slug.truncate(24);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "company".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_part_of_a_name() {
        for text in
            ["Acme", " Acme\u{200b}", "\u{feff}Ac\u{ad}me", "\u{202e}Acme\u{202c}", "A\u{2066}cme\u{2069}"]
        {
            assert_eq!(clean(text), "Acme", "{text:?}");
        }
        assert_eq!(clean("\u{200b}\u{3164}"), "");
        assert_eq!(clean("Łódź & Söhne"), "Łódź & Söhne");
    }

    #[test]
    fn names_are_alike_whatever_their_case_and_not_whatever_their_accents() {
        for text in ["acme inc", "ACME  Inc", "Acme\u{a0}inc", "Ａcme Inc"] {
            assert_eq!(key(text), key("Acme Inc"), "{text:?}");
        }
        assert_eq!(key("Cafe\u{301}"), key("CAFÉ"));
        assert_ne!(key("Cafe"), key("Café"));
    }
}
