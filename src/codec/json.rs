//! Parses JSON in which a text may be broken: only that text is lost, not the list around it.

use serde::de::DeserializeOwned;

/// Takes the place of what could not be read: a noncharacter of Unicode, which no text contains. Fields treat a text
/// with it as missing.
pub const UNREADABLE: char = '\u{fdd0}';

const MARK: &str = "\u{fdd0}";

/// Parses JSON. A byte order mark is skipped. If the JSON is not valid, its texts are repaired: bytes that are not
/// UTF-8, halves of surrogate pairs and unknown escapes become [`UNREADABLE`].
///
/// # Errors
/// JSON that is broken outside of a text, or does not have the expected shape.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Err(error) if error.is_syntax() => serde_json::from_str(&repaired(bytes)).map_err(|_| error),
        read => read,
    }
}

fn repaired(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(MARK);
        }
    }
    let (mut out, mut rest, mut in_text) = (String::with_capacity(text.len()), text.as_str(), false);
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\\' if in_text => {
                let (kept, read) = escape(rest);
                out.push_str(kept);
                length = read;
            }
            // JSON does not allow it in a text; it is read as white space.
            c if in_text && c < ' ' => out.push(' '),
            c => {
                in_text ^= c == '"';
                out.push(c);
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// The replacement of an escape with which `text` begins, and the length of the escape in bytes.
fn escape(text: &str) -> (&str, usize) {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix("\\u")?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if plain { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    let length = match (text.as_bytes().get(1), unit(0)) {
        (Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'), _) => 2,
        (_, Some(0xd800..=0xdbff)) if matches!(unit(6), Some(0xdc00..=0xdfff)) => 12,
        (_, Some(0xd800..=0xdfff)) => return (MARK, 6),
        (_, Some(_)) => 6,
        (Some(b'u'), None) => return (MARK, 2),
        _ => return (MARK, 1),
    };
    (text.get(..length).unwrap_or(MARK), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_text_that_cannot_be_read_costs_that_text() {
        for broken in [
            &b"Jos\xe9"[..],
            b"\xff",
            b"half \\ud83d",
            b"half \\ud83d\\u0041",
            b"other half \\ude00",
            b"\\q",
            b"\\u12",
            b"\\uzzzz",
            b"cut \xf0\x9f\x98",
        ] {
            let body =
                [br#"[{"a": ""#, broken, br#"", "b": "whole \u00e9 \ud83d\ude00 \" \\ \n"}]"#].concat();
            let read: Value = read(&body).unwrap();
            assert!(read[0]["a"].as_str().unwrap().contains(UNREADABLE), "{read}");
            assert_eq!(read[0]["b"], "whole é 😀 \" \\ \n");
        }
        let controls: Value = read(b"{\"a\": \"one\ttwo\0three\"}").unwrap();
        assert_eq!(controls["a"], "one two three");
    }

    #[test]
    fn a_mark_of_the_byte_order_is_no_matter_and_what_breaks_off_stays_broken() {
        assert_eq!(read::<Value>(b"\xef\xbb\xbf{\"a\": 1}").unwrap(), json!({"a": 1}));
        for broken in [&b"{\"a\": \"\xff"[..], b"{\"a\": \"\\ud8", b"<html>", b"", b"{\"a\" 1}"] {
            assert!(read::<Value>(broken).is_err(), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn what_can_be_read_is_read_as_it_stands(text in ".*", more in any::<i64>()) {
            let value = json!([{ text.clone(): text, "more": more }, more, null]);
            prop_assert_eq!(read::<Value>(value.to_string().as_bytes()).unwrap(), value.clone());
            prop_assert_eq!(repaired(value.to_string().as_bytes()), value.to_string());
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in r#"["\\ud80-9a-f]{0,60}"#) {
            let _ = (read::<Value>(&bytes), read::<Value>(text.as_bytes()), repaired(&bytes));
        }
    }
}
