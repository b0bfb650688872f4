//! How far apart two words are: slips of the pen, and words that are loosely alike.

/// Longer words are not compared letter by letter.
const LONGEST: usize = 48;

/// The number of slips (a letter changed, added, left out, or two swapped) between two words, where it is at most `most`.
pub(super) fn slips(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len().abs_diff(other.len()) > most || one.len() > LONGEST || other.len() > LONGEST {
        return None;
    }
    let width = other.len() + 1;
    let mut before = [0_u8; LONGEST + 1];
    let mut above = [0_u8; LONGEST + 1];
    for (at, cell) in above.iter_mut().take(width).enumerate() {
        *cell = at as u8;
    }
    let mut last_letter = 0_u8;
    for (row, letter) in one.iter().enumerate() {
        let mut line = [0_u8; LONGEST + 1];
        let mut left = row as u8 + 1;
        let mut lowest = left;
        if let Some(cell) = line.first_mut() {
            *cell = left;
        }
        let mut last_other = 0_u8;
        let mut corner = above.first().copied().unwrap_or_default();
        // The cell two to the left in the row before the last, for letters that were swapped.
        let mut far = 0_u8;
        let cells = line.iter_mut().skip(1).zip(above.iter().skip(1)).zip(before.iter());
        for (column, (letter_of_other, ((cell, up), two_up_left))) in other.iter().zip(cells).enumerate() {
            let mut cost = (corner + u8::from(letter != letter_of_other)).min(up + 1).min(left + 1);
            if row > 0 && column > 0 && *letter == last_other && *letter_of_other == last_letter {
                cost = cost.min(far + 1);
            }
            far = *two_up_left;
            (corner, left, last_other) = (*up, cost, *letter_of_other);
            *cell = cost;
            lowest = lowest.min(cost);
        }
        if usize::from(lowest) > most + 1 {
            return None;
        }
        before = above;
        above = line;
        last_letter = *letter;
    }
    let distance = usize::from(above.get(other.len()).copied().unwrap_or(u8::MAX));
    (distance <= most).then_some(distance)
}

/// How many slips two words of these lengths may have: two where both are long.
pub(super) fn allowed(one: &str, other: &str) -> usize {
    match one.len().min(other.len()) {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// The likeness by Jaro and Winkler, from 0 to 1.
pub(super) fn likeness(one: &str, other: &str) -> f32 {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.is_empty() || other.is_empty() || one.len() > 64 || other.len() > 64 {
        return 0.0;
    }
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let (mut taken_one, mut taken_other) = (0_u64, 0_u64);
    for (at, letter) in one.iter().enumerate() {
        let from = at.saturating_sub(reach);
        let window = other.iter().enumerate().skip(from).take(at + reach + 1 - from);
        let free = window.filter(|(other_at, same)| *same == letter && taken_other & (1 << other_at) == 0);
        if let Some((other_at, _)) = { free }.next() {
            taken_one |= 1 << at;
            taken_other |= 1 << other_at;
        }
    }
    let matched = taken_one.count_ones();
    if matched == 0 {
        return 0.0;
    }
    let shared = |word: &[u8], taken: u64| -> [u8; 64] {
        let mut letters = [0; 64];
        let found = word.iter().enumerate().filter(|(at, _)| taken & (1 << at) != 0);
        for (cell, (_, letter)) in letters.iter_mut().zip(found) {
            *cell = *letter;
        }
        letters
    };
    let (left, right) = (shared(one, taken_one), shared(other, taken_other));
    let swapped = left.iter().zip(&right).filter(|(a, b)| a != b).count() as f32 / 2.0;
    let m = matched as f32;
    let jaro = (m / one.len() as f32 + m / other.len() as f32 + (m - swapped) / m) / 3.0;
    let prefix = one.iter().zip(other).take(4).take_while(|(a, b)| a == b).count() as f32;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_up_to_a_bound() {
        for (one, other, distance) in [
            ("kowalczyk", "kowalcyk", 1),
            ("smith", "smiht", 1),
            ("jones", "jonas", 1),
            ("ab", "ba", 1),
            ("same", "same", 0),
            ("henderson", "hendresen", 2),
        ] {
            assert_eq!(slips(one, other, 2), Some(distance), "{one} {other}");
            assert_eq!(slips(other, one, 2), Some(distance), "{other} {one}");
        }
        assert_eq!(slips("smith", "jones", 2), None);
        assert_eq!(slips("smith", "smithson", 2), None);
    }

    #[test]
    fn likeness_is_that_of_the_textbook() {
        assert!((likeness("martha", "marhta") - 0.961).abs() < 0.001);
        assert!((likeness("dwayne", "duane") - 0.84).abs() < 0.001);
        assert_eq!(likeness("abc", "xyz"), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn slips_without_swaps_are_the_edit_distance(one in "[abc]{0,7}", other in "[abc]{0,7}") {
            let plain = crate::domain::similarity::distance(&one, &other);
            let found = slips(&one, &other, 9).unwrap_or(99);
            proptest::prop_assert!(found <= plain && plain <= 2 * found);
            proptest::prop_assert_eq!(found, slips(&other, &one, 9).unwrap_or(99));
        }
    }
}
