//! How similar two words are, for «did you mean».

/// The edit distance: how many letters have to be changed, added or left out to turn one text into the other.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for (other, (before, above)) in b.iter().zip(row.iter().zip(row.iter().skip(1))) {
            let left = next.last().copied().unwrap_or_default();
            next.push((*before + usize::from(one != *other)).min(*above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The known name that a misspelt one may mean: at most a quarter of its letters differ.
pub fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Such a text is longer than any name, and not worth comparing.
    if wanted.len() > 64 {
        return None;
    }
    let wanted = wanted.trim().to_lowercase().replace('-', "_");
    let near = known.map(|name| (distance(&wanted, name), name));
    let near = near.filter(|(distance, name)| *distance <= name.chars().count() / 4);
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_miss_is_taken_for_a_known_name() {
        let known = ["base_url", "page_size", "window"];
        let nearest = |wanted: &str| nearest(wanted, known.into_iter());
        assert_eq!(nearest("base-url"), Some("base_url"));
        assert_eq!(nearest("Page_Sizes"), Some("page_size"));
        for far in ["", "url", "sk_live_51H8", "windowwindow", &"x".repeat(1000)] {
            assert_eq!(nearest(far), None, "{far}");
        }
    }
}
