//! The name of a business, as a bag of words: abbreviations resolved, the legal form apart, and the names under which it
//! trades as alternatives.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    Entry,
    lexicon::{Lexicon, WordId},
    person, text,
};

/// One of the names of a business.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Bag {
    /// Sorted.
    pub words: Vec<WordId>,
    /// The class of its legal form: 0 where nothing is said.
    pub form: u8,
}

/// A business with all its names.
#[derive(Debug, Default)]
pub(super) struct Business {
    /// The first is its whole name.
    pub bags: Vec<Bag>,
    /// The words of the job itself, for one below a customer.
    pub leaf: Vec<WordId>,
}

/// Several words that are written as one.
const PHRASES: [(&str, &str); 9] = [
    ("homeowners association", "hoa"),
    ("home owners association", "hoa"),
    ("school district", "isd"),
    ("independent isd", "isd"),
    ("heating air conditioning", "hvac"),
    ("heating air", "hvac"),
    ("heating cooling", "hvac"),
    ("united states", "us"),
    ("united states america", "us"),
];

/// Short forms, each group with the word it stands for first.
const SHORT: &str = "manufacturing mfg manuf
association assn assoc
construction constr const
electric elec electrical elect
service svc svcs serv
brothers bros
saint st
mount mt mtn mountain
center ctr centre cntr
international intl
department dept
first 1st
second 2nd
third 3rd
company co
national natl nat
university univ
hospital hosp
medical med
management mgmt mgt
development dev devel
equipment equip eqpt
engineering eng engr
insurance ins
industry ind inds
technology tech techs
system sys
property prop props
investment inv invest
realty rlty
apartment apt apts
building bldg bldgs
contractor contr contracting
distribution dist distr
distributor distrib
supply sup
transport trans transportation
restaurant rest
american amer am
north n
south s
east e
west w
street str
avenue ave av
road rd
drive dr
boulevard blvd
highway hwy
county cnty cty
city cty
church ch
community comm
communication comms
financial fin
general gen
laboratory lab labs
library lib
maintenance maint
marketing mktg mkt
plumbing plbg plumb
refrigeration refrig
sales sls
veterinary vet
warehouse whse
washington wash";

static SHORT_FORMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut forms = HashMap::new();
    for line in SHORT.lines() {
        let mut words = line.split(' ');
        if let Some(full) = words.next() {
            for short in words.filter(|short| short.len() > 1) {
                forms.entry(short).or_insert(full);
            }
        }
    }
    forms
});

const DROPPED: [&str; 8] = ["and", "the", "of", "no", "number", "store", "for", "company"];

/// The class of a legal form.
fn legal_form(word: &str) -> Option<u8> {
    Some(match word {
        "inc" | "incorporated" | "corp" | "corporation" => 1,
        "llc" | "lc" => 2,
        "ltd" | "limited" | "plc" => 3,
        "llp" | "lp" => 4,
        "pc" | "pa" | "pllc" => 5,
        "gmbh" | "ug" => 6,
        "ag" => 7,
        "srl" | "sa" | "sarl" | "sas" => 8,
        "bv" | "nv" => 9,
        "ab" | "oy" | "as" | "aps" => 10,
        _ => return None,
    })
}

/// Whether an entry is a person and no business.
pub(super) fn is_private(entry: &Entry) -> bool {
    let some = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    if some(&entry.company_name) || entry.full_name.as_deref().is_some_and(|path| path.contains(':')) {
        return false;
    }
    if some(&entry.first_name) && some(&entry.last_name) {
        return true;
    }
    // A name alone, as apps have it: two or three words of letters, of which the first is a first name.
    let words = text::words(&text::latin(&entry.name));
    let name = person::take_apart(entry);
    (2..=3).contains(&words.len())
        && words
            .iter()
            .all(|word| word.bytes().all(|c| c.is_ascii_alphabetic()) && legal_form(word).is_none())
        && !words.iter().any(|word| {
            SHORT_FORMS.contains_key(word.as_str())
                || SHORT_FORMS.values().any(|full| *full == word || format!("{full}s") == *word)
        })
        && name.first.first().is_some_and(|first| super::tables::first_share(first).is_some())
        && !entry.name.contains(['&', '+'])
        && !name.last.is_empty()
}

/// Takes the names of a business apart.
pub(super) fn prepare(words: &mut Lexicon, entry: &Entry, keys: &mut Vec<WordId>) -> Business {
    let path = entry.full_name.as_deref().filter(|path| path.contains(':')).unwrap_or(&entry.name);
    let (parents, leaf) = match path.rsplit_once(':') {
        Some((parents, leaf)) => (Some(parents), leaf),
        None => (None, path),
    };
    let mut texts: Vec<String> = Vec::new();
    match parents {
        Some(parents) => texts.extend(alternatives(parents).iter().map(|parent| format!("{parent} {leaf}"))),
        None => texts.extend(alternatives(leaf)),
    }
    let mut bags: Vec<Bag> = texts.iter().map(|text| bag(words, text)).collect();
    if let Some(company) = entry.company_name.as_deref().filter(|_| parents.is_none()) {
        let company = bag(words, company);
        // It says something new only where it shares no word with the name.
        if !company.words.is_empty()
            && bags.iter().all(|bag| !bag.words.iter().any(|word| company.words.contains(word)))
        {
            bags.push(company);
        }
    }
    let mut seen: Vec<Bag> = Vec::new();
    for bag in bags {
        if !seen.contains(&bag) && !bag.words.is_empty() {
            seen.push(bag);
        }
    }
    for bag in &seen {
        keys.extend(&bag.words);
    }
    Business { bags: seen, leaf: if parents.is_some() { bag(words, leaf).words } else { Vec::new() } }
}

/// A name and those that stand in it: `X dba Y` is also X, and Y.
fn alternatives(name: &str) -> Vec<String> {
    let folded = format!(" {} ", text::latin(name));
    let folded = folded.split(" c/o ").next().unwrap_or_default().to_owned();
    for sign in [" dba ", " d/b/a ", " aka ", " a/k/a ", " fka ", " f/k/a ", " t/a "] {
        if let Some((one, other)) = folded.split_once(sign) {
            return vec![format!("{one} {other}"), one.to_owned(), other.to_owned()];
        }
    }
    vec![folded]
}

fn bag(lexicon: &mut Lexicon, name: &str) -> Bag {
    let text = text::latin(name).replace(['&', '+'], " and ");
    let words: Vec<String> = text::words(&text).into_iter().filter(|word| word != "and").collect();
    let mut joined = join_letters(words).join(" ");
    joined.retain(|c| c != '\'');
    let mut padded = format!(" {joined} ");
    for (phrase, short) in PHRASES {
        padded = padded.replace(&format!(" {phrase} "), &format!(" {short} "));
    }
    let mut form = 0;
    let mut words: Vec<WordId> = Vec::new();
    for word in padded.split_whitespace() {
        if let Some(class) = legal_form(word) {
            form = class;
            continue;
        }
        let full = SHORT_FORMS.get(word).copied().unwrap_or(word);
        let single =
            full.strip_suffix('s').filter(|rest| rest.len() > 3 && !rest.ends_with('s')).unwrap_or(full);
        if !DROPPED.contains(&single) {
            words.push(lexicon.intern(single));
        }
    }
    words.sort_unstable_by(|a, b| lexicon.text(*a).cmp(lexicon.text(*b)));
    words.dedup();
    Bag { words, form }
}

/// Runs of single letters are one word: `K & S`, `A-1`.
fn join_letters(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut in_run = false;
    for word in words {
        let single = word.len() == 1;
        match joined.last_mut() {
            Some(last) if single && in_run => last.push_str(&word),
            _ => joined.push(word),
        }
        in_run = single;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Vec<String> {
        let mut words = Lexicon::default();
        let entry = Entry { name: name.into(), full_name: Some(name.into()), ..Entry::default() };
        let business = prepare(&mut words, &entry, &mut Vec::new());
        business
            .bags
            .iter()
            .map(|bag| {
                let texts: Vec<&str> = bag.words.iter().map(|word| words.text(*word)).collect();
                format!("{} {}", texts.join(" "), bag.form)
            })
            .collect()
    }

    #[test]
    fn names_of_businesses_are_bags_of_words() {
        for (name, bags) in [
            ("The K & S Mfg. Co., Inc.", vec!["ks manufacturing 1"]),
            ("K&S Manufacturing Incorporated", vec!["ks manufacturing 1"]),
            ("Oak Hills Homeowners' Association", vec!["hill hoa oak 0"]),
            ("Smith Bros Plumbing L.L.C.", vec!["brother plumbing smith 2"]),
            ("A-1 Towing", vec!["a1 towing 0"]),
            ("Kunz GmbH", vec!["kunz 6"]),
            ("Alpha dba Beta", vec!["alpha beta 0", "alpha 0", "beta 0"]),
            ("Alpha dba Beta:Roof 7", vec!["7 alpha beta roof 0", "7 alpha roof 0", "7 beta roof 0"]),
            ("Acme c/o Jane Doe", vec!["acme 0"]),
        ] {
            assert_eq!(told(name), bags, "{name}");
        }
    }

    #[test]
    fn a_private_customer_is_a_person() {
        let named = |name: &str| Entry { name: name.into(), ..Entry::default() };
        assert!(is_private(&named("Jane Smith")));
        for name in ["Smith Electric", "James Plumbing", "Acme", "Jane Smith LLC", "Smith & Sons"] {
            assert!(!is_private(&named(name)), "{name}");
        }
    }
}
