//! Folds texts, so that names can be compared and searched.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Lower case, without accents, white space collapsed: `"  Zoë  O’Brien"` is found as `zoe o'brien`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return collapse(&text.to_ascii_lowercase());
    }
    // Decomposed twice: lower case can come out of the first round, and combining marks out of lower case.
    let lower: String = text.nfkd().flat_map(char::to_lowercase).collect();
    collapse(&lower.nfkd().filter(|c| !is_combining_mark(*c)).map(plain).collect::<String>())
}

fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// Replaces typographic apostrophes and dashes, and letters that have no decomposition.
fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{02bc}' => '\'',
        '\u{2010}'..='\u{2014}' => '-',
        'ø' => 'o',
        'ł' => 'l',
        'đ' => 'd',
        'ı' => 'i',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn accents_case_and_spacing_do_not_matter() {
        assert_eq!(fold("  Zoë\t O’Brien-Łęcka "), "zoe o'brien-lecka");
        assert_eq!(fold("José"), fold("JOSE\u{301}"));
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}
