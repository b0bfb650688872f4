//! The name of a person, taken apart: first, middle and last name, short forms in quotes, and the generation.

use super::{Entry, text};

/// A name in its parts, each in folded words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PersonName {
    pub first: Vec<String>,
    pub middle: Vec<String>,
    pub last: Vec<String>,
    /// Further first names: `William "Bill" Smith`.
    pub nick: Vec<String>,
    /// 1 for senior, 2 for junior and the second, and so on; 0 where nothing is said.
    pub generation: u8,
}

const TITLES: [&str; 17] = [
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "herr", "frau", "sr", "sra", "mme", "mlle", "sir",
    "fr", "hon",
];

const CREDENTIALS: [&str; 18] = [
    "phd", "md", "cpa", "esq", "rn", "dds", "mba", "pe", "pmp", "jd", "dvm", "lpn", "np", "pa", "bsn", "msn",
    "ba", "bsc",
];

/// What sticks to the next word of a last name.
const PARTICLES: [&str; 24] = [
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "la", "le", "los", "las",
    "zu", "ter", "ten", "mc", "mac", "st", "bin", "al", "el",
];

/// Takes the name of an entry apart. What the source says of first and last name wins over its whole name, in which a
/// suffix or a short form is still read.
pub(super) fn take_apart(entry: &Entry) -> PersonName {
    let mut whole = of_whole(&entry.name);
    let field =
        |text: &Option<String>| text.as_deref().map(text::latin).filter(|text| !text.trim().is_empty());
    let (first, last) = (field(&entry.first_name), field(&entry.last_name));
    if first.is_none() && last.is_none() {
        return whole;
    }
    if let Some(first) = &first {
        let (rest, nick) = without_quoted(first);
        whole.first = words_of_name(&rest, false);
        whole.nick.extend(nick);
        whole.middle.clear();
    }
    if let Some(last) = &last {
        let mut words = words_of_name(last, true);
        let generation = take_suffixes(&mut words, 1);
        whole.last = stick(words, true);
        whole.generation = if generation == 0 { whole.generation } else { generation };
    }
    if let Some(middle) = field(&entry.middle_name) {
        whole.middle = words_of_name(&middle, false);
    }
    whole
}

/// Takes a whole name apart: `First Middle Last` or `Last, First Middle`.
fn of_whole(name: &str) -> PersonName {
    let folded = text::latin(name);
    let (rest, nick) = without_quoted(&folded);
    let mut parts: Vec<Vec<String>> =
        rest.split(',').map(|part| words_of_name(part, false)).filter(|part| !part.is_empty()).collect();
    let mut generation = 0;
    // What follows a comma and is only a suffix belongs to what is before it.
    while parts.len() > 1 {
        let Some(end) = parts.last_mut() else { break };
        let found = take_suffixes(end, 0);
        generation = if found == 0 { generation } else { found };
        if !end.is_empty() {
            break;
        }
        parts.pop();
    }
    let mut parts = parts.into_iter();
    let (before, after) = (parts.next().unwrap_or_default(), parts.next());
    let mut named = PersonName { nick, generation, ..PersonName::default() };
    match after {
        Some(first) => {
            let mut last = before;
            let found = take_suffixes(&mut last, 1);
            let first = stick(without_titles(first), false);
            let mut first = first.into_iter();
            named.first.extend(first.next());
            named.middle.extend(first);
            named.last = stick(last, true);
            named.generation = if found == 0 { named.generation } else { found };
        }
        None => {
            let mut words = without_titles(before);
            let found = take_suffixes(&mut words, 2);
            named.generation = if found == 0 { named.generation } else { found };
            let mut words = stick(words, false);
            if words.len() > 1 {
                named.last.extend(words.pop());
            }
            let mut words = words.into_iter();
            named.first.extend(words.next());
            named.middle.extend(words);
        }
    }
    named
}

/// What stands in quotes or brackets is a further first name.
fn without_quoted(name: &str) -> (String, Vec<String>) {
    let (mut rest, mut quoted) = (String::with_capacity(name.len()), Vec::new());
    let mut remaining = name;
    while let Some((before, opening, after)) = next_quote(remaining) {
        rest.push_str(before);
        let closing = match opening {
            '(' => ')',
            '[' => ']',
            other => other,
        };
        let Some((inner, behind)) = after.split_once(closing) else {
            remaining = after;
            continue;
        };
        quoted.extend(text::words(inner));
        rest.push(' ');
        remaining = behind;
    }
    rest.push_str(remaining);
    (rest, quoted)
}

fn next_quote(name: &str) -> Option<(&str, char, &str)> {
    let (at, opening) = name.char_indices().find(|(_, c)| matches!(c, '"' | '(' | '['))?;
    let (before, from) = name.split_at_checked(at)?;
    Some((before, opening, from.strip_prefix(opening)?))
}

/// Words, where a particle with a hyphen or an apostrophe sticks already: `al-Sayed`, `O'Brien`.
fn words_of_name(name: &str, is_last: bool) -> Vec<String> {
    let mut name = name.replace("al-", "al").replace("el-", "el").replace("o' ", "o");
    if is_last && let Some(rest) = name.strip_prefix("o ") {
        name = format!("o{rest}");
    }
    text::words(&name)
}

fn without_titles(mut words: Vec<String>) -> Vec<String> {
    while words.len() > 1 && words.first().is_some_and(|word| TITLES.contains(&word.as_str())) {
        words.remove(0);
    }
    words
}

/// Takes credentials and the generation from the end, as long as `keep` words stay.
fn take_suffixes(words: &mut Vec<String>, keep: usize) -> u8 {
    let mut generation = 0;
    while words.len() > keep {
        let Some(end) = words.last() else { break };
        let found = match end.as_str() {
            "jr" | "junior" | "ii" | "2nd" => 2,
            "sr" | "senior" => 1,
            "iii" | "3rd" => 3,
            "iv" | "4th" => 4,
            "v" if words.len() > keep + 1 && keep > 0 => 5,
            credential if CREDENTIALS.contains(&credential) && (keep == 0 || words.len() > 2) => 0,
            _ => break,
        };
        generation = if generation == 0 { found } else { generation };
        words.pop();
    }
    generation
}

/// Particles stick to the next word; at the beginning only of a last name, for elsewhere they are first names.
fn stick(words: Vec<String>, is_last: bool) -> Vec<String> {
    let (mut stuck, mut held): (Vec<String>, String) = (Vec::with_capacity(words.len()), String::new());
    let count = words.len();
    for (at, word) in words.into_iter().enumerate() {
        let may = (is_last || at > 0) && at + 1 < count;
        if may && PARTICLES.contains(&word.as_str()) {
            held.push_str(&word);
        } else {
            stuck.push(std::mem::take(&mut held) + &word);
        }
    }
    stuck
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> String {
        let entry = Entry { name: name.into(), ..Entry::default() };
        shown(&take_apart(&entry))
    }

    fn shown(name: &PersonName) -> String {
        let parts = [&name.first, &name.middle, &name.last, &name.nick].map(|words| words.join(" "));
        format!("{}/{}", parts.join("/"), name.generation)
    }

    #[test]
    fn names_are_taken_apart() {
        for (name, parts) in [
            ("Jane Smith", "jane//smith//0"),
            ("Smith, Jane Q.", "jane/q/smith//0"),
            ("Dr. John A. Smith Jr., MD", "john/a/smith//2"),
            ("Smith, Jr", "smith////2"),
            ("William \"Bill\" Smith", "william//smith/bill/0"),
            ("Smith, William (Bill)", "william//smith/bill/0"),
            ("Jan van der Berg", "jan//vanderberg//0"),
            ("Sean O'Brien", "sean//obrien//0"),
            ("Mc Donald, Ann", "ann//mcdonald//0"),
            ("Mary Smith-Jones", "mary/smith/jones//0"),
            ("Straße, Jürgen", "jurgen//strasse//0"),
            ("Henry Smith III", "henry//smith//3"),
            ("Omar al-Sayed", "omar//alsayed//0"),
            ("Al Green", "al//green//0"),
            ("Madonna", "madonna////0"),
            ("Сергей Иванов", "sergei//ivanov//0"),
            ("", "////0"),
            ("(", "////0"),
        ] {
            assert_eq!(told(name), parts, "{name}");
        }
    }

    #[test]
    fn the_parts_of_the_source_win_over_its_name() {
        let entry = Entry {
            name: "Smith, Bob Jr. \"Bobby\"".into(),
            first_name: Some("Robert".into()),
            last_name: Some("Smith-Jones".into()),
            ..Entry::default()
        };
        assert_eq!(shown(&take_apart(&entry)), "robert//smith jones/bobby/2");
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_taken_apart(name in "\\PC{0,40}") {
            let entry = Entry { name, ..Entry::default() };
            let name = take_apart(&entry);
            for word in name.first.iter().chain(&name.middle).chain(&name.last).chain(&name.nick) {
                proptest::prop_assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
        }
    }
}
