//! Repairs typographic letters that arrive as control characters (mojibake).
//!
//! Windows programs write an apostrophe as byte 0x92 (Windows-1252). A program that takes the byte for a code point
//! makes U+0092 of it, which XML writes as `&#146;`; one that cuts U+2019 down to its low byte makes U+0019, `&#x19;`.
//! No name has a control character, so each can be read as the letter that it was. The tables: Windows-1252 as in the
//! Encoding Standard of the WHATWG (index-windows-1252), and those of its letters whose low byte is a control
//! character.

/// Windows-1252 from 0x80 to 0x9F; `\0` where it has no letter.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The letter that a control character was; `None` if it is not known to have been one.
fn meant(control: char) -> Option<char> {
    match control {
        // U+2013 and U+2014, U+2018 to U+201A, U+201C to U+201E without their high byte.
        '\u{13}' => Some('–'),
        '\u{14}' => Some('—'),
        '\u{18}' => Some('‘'),
        '\u{19}' => Some('’'),
        '\u{1a}' => Some('‚'),
        '\u{1c}' => Some('“'),
        '\u{1d}' => Some('”'),
        '\u{1e}' => Some('„'),
        '\u{80}'..='\u{9f}' => {
            let place = usize::try_from(u32::from(control)).ok()?.checked_sub(0x80)?;
            WINDOWS_1252.get(place).copied().filter(|letter| *letter != '\0')
        }
        _ => None,
    }
}

/// Replaces control characters by the letters that they were, and removes the others. Line breaks and tabulators stay.
pub fn repaired(text: String) -> String {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(odd) {
        return text;
    }
    text.chars().filter_map(|c| if odd(c) { meant(c) } else { Some(c) }).collect()
}

#[cfg(test)]
mod tests {
    use super::repaired;

    #[test]
    fn an_apostrophe_is_one_however_it_was_misread() {
        for (sent, meant) in [
            ("O\u{92}Neil", "O’Neil"),
            ("O\u{19}Neil", "O’Neil"),
            ("\u{93}Sea\u{94} \u{96} Sky", "“Sea” – Sky"),
            ("\u{1c}Sea\u{1d} \u{13} Sky", "“Sea” – Sky"),
            ("\u{8a}kolj\u{9a}k \u{80}5", "Školjšk €5"),
            ("a\u{1}b\u{7f}c\u{81}d", "abcd"),
            ("two\nlines\tand ’ é €", "two\nlines\tand ’ é €"),
        ] {
            assert_eq!(repaired(sent.to_owned()), meant, "{sent:?}");
        }
    }

    #[test]
    fn the_table_is_that_of_windows_1252() {
        // Byte by byte from the Encoding Standard's index: 0x80, 0x82 … 0x9F.
        let index = "80:20AC 82:201A 83:0192 84:201E 85:2026 86:2020 87:2021 88:02C6 89:2030 8A:0160 8B:2039 8C:0152 \
                     8E:017D 91:2018 92:2019 93:201C 94:201D 95:2022 96:2013 97:2014 98:02DC 99:2122 9A:0161 9B:203A \
                     9C:0153 9E:017E 9F:0178";
        let char = |hex: &str| char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
        let mut known = 0;
        for (byte, letter) in index.split_whitespace().map(|pair| pair.split_once(':').unwrap()) {
            assert_eq!(repaired(char(byte).to_string()), char(letter).to_string(), "{byte}");
            known += 1;
        }
        assert_eq!(('\u{80}'..='\u{9f}').filter(|c| !repaired(c.to_string()).is_empty()).count(), known);
    }
}
