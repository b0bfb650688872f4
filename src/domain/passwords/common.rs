//! The passwords that everybody tries first: those of SecLists with at least eight characters, in lower case.

use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;

/// Sorted by their bytes, one a line. `NOTICE` says where they come from, and under which licence.
static COMMON: &[u8] = include_bytes!("common.txt.gz");

/// Whether `password`, in lower case, is one of them. The list is unpacked as it is read, some milliseconds: passwords
/// are chosen seldom, and a set in memory would stay there for ever.
pub(super) fn is_common(password: &str) -> bool {
    let mut lines = BufReader::new(GzDecoder::new(COMMON));
    let mut line = Vec::new();
    loop {
        line.clear();
        // The list is our own: it does not break off.
        if !matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
            return false;
        }
        match line.strip_suffix(b"\n").unwrap_or(&line).cmp(password.as_bytes()) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_list_is_whole_sorted_folded_and_of_passwords_that_could_be_chosen() {
        let mut text = String::new();
        GzDecoder::new(COMMON).read_to_string(&mut text).unwrap();
        let all: Vec<&str> = text.lines().collect();
        assert!(all.len() > 48_000, "{}", all.len());
        assert!(all.is_sorted() && text.ends_with('\n'));
        for password in &all {
            assert!(password.chars().count() >= 8 && *password == password.to_lowercase(), "{password:?}");
        }
        for password in all.first().into_iter().chain(all.last()).chain(&["qwertyuiop", "123456789987654321"])
        {
            assert!(is_common(password), "{password}");
        }
        assert!(!is_common("") && !is_common("correct horse battery staple") && !is_common("\u{10ffff}"));
    }
}
