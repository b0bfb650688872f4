//! Names and people made from a seed: record `index` of a list is a function of the seed and the index, so that a
//! million of them need no memory.

use chrono::{DateTime, NaiveDate};
use unicode_normalization::UnicodeNormalization;

use super::quickbooks_desktop::List;

/// What an entry itself holds; its full name and its level follow from its parents.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) first_name: Option<String>,
    pub(super) middle_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) job_title: Option<String>,
    pub(super) active: bool,
    /// The index of the parent in the same list.
    pub(super) parent: Option<u64>,
    pub(super) hired_on: Option<NaiveDate>,
    pub(super) released_on: Option<NaiveDate>,
    /// Unix time, seconds.
    pub(super) created: i64,
    /// Unix time, seconds.
    pub(super) modified: i64,
}

#[rustfmt::skip]
const FIRST: [&str; 48] = [
    "Ana", "John", "Jon", "María", "Jean-Sébastien", "Zoë", "Łukasz", "Søren", "Noor", "Wei", "Aoife", "Siân",
    "Katherine", "Catherine", "Kathryn", "Stephen", "Steven", "Mohammed", "Muhammad", "Renée", "François", "Jürgen",
    "Björn", "Iñigo", "Priya", "Olga", "Chloé", "André", "Bao", "Kofi", "Yuki", "Mary Ann", "Maryann", "Lee",
    "Leigh", "Sam", "Max", "Ida", "Tom", "Thomas", "Ruth", "Grace", "Hana", "Luis", "Ines", "Per", "Eva", "Bo",
];

#[rustfmt::skip]
const LAST: [&str; 48] = [
    "Smith", "Smyth", "O'Brien", "D'Angelo", "García", "Garcia", "Müller", "Mueller", "Nguyễn", "Nguyen", "Lopez",
    "López", "Núñez", "Ångström", "Øster", "Dvořák", "de la Cruz", "van der Berg", "McDonald", "MacDonald", "Li",
    "Ng", "Jones-Parker", "Jones", "Parker", "Kowalski", "Çelik", "Ibrahim", "Okafor", "Sato", "Kim", "Brown",
    "Browne", "Clark", "Clarke", "Weiß", "Weiss", "Costa", "Silva", "Moreau", "Rossi", "Ivanova", "Haddad", "Singh",
    "Patel", "Shah", "Young", "Null",
];

const TITLES: [&str; 10] = [
    "Bookkeeper",
    "R&D Engineer",
    "Foreman \"B\" shift",
    "Owner's assistant",
    "Électricien",
    "Driver",
    "Estimator",
    "Sales < 5 regions",
    "Project manager",
    "Apprentice",
];

const TRADES: [&str; 32] = [
    "Harbor",
    "Ampère",
    "Northside",
    "Blue Heron",
    "Cañon",
    "Evergreen",
    "Old Mill",
    "Zürich",
    "Summit",
    "Riverside",
    "Atlas",
    "Bright",
    "Cedar",
    "Delta",
    "Eagle",
    "Falcon",
    "Granite",
    "Hilltop",
    "Iron",
    "Juniper",
    "Keystone",
    "Liberty",
    "Maple",
    "Nova",
    "Orchard",
    "Pioneer",
    "Quarry",
    "Redwood",
    "Sterling",
    "Tidal",
    "Union",
    "Vista",
];

const BUSINESSES: [&str; 24] = [
    "Plumbing",
    "Roofing",
    "Café",
    "Dental",
    "Farms",
    "Florist's",
    "Bakery",
    "Garage",
    "Foods",
    "Gallery",
    "Hardware",
    "Interiors",
    "Jewelers",
    "Kennels",
    "Lumber",
    "Motors",
    "Nursery",
    "Optics",
    "Paving",
    "Realty",
    "School",
    "Towing",
    "Veterinary",
    "Winery",
];

const FORMS: [&str; 6] = ["LLC", "& Sons", "Inc.", "Co. \"West\"", "Ltd", "<Retail>"];

const JOBS: [&str; 8] = [
    "Kitchen remodel",
    "Phase 2 \"North\" wing",
    "O'Hare site & yard",
    "Garage – façade",
    "2nd story addition",
    "Wiring",
    "Office space < 500 sq ft",
    "Room addition",
];

/// 2015-11-04, when the first entry was made; Unix time, seconds.
const FIRST_CREATED: i64 = 1_446_673_838;
const NINE_YEARS: u64 = 9 * 365 * 86_400;
const DAY: u64 = 86_400;

/// A number that looks random and depends on nothing but its inputs (splitmix64).
pub(super) fn draw(seed: u64, list: List, index: u64, salt: u64) -> u64 {
    let mut z = seed
        .wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(salt.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(u64::from(list == List::Customer));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub(super) fn pick<'a>(words: &[&'a str], number: u64) -> &'a str {
    let index = usize::try_from(number % (words.len().max(1) as u64)).unwrap_or(0);
    words.get(index).copied().unwrap_or("")
}

/// When the entry was created; Unix time, seconds.
pub(super) fn created(index: u64) -> i64 {
    FIRST_CREATED + i64::try_from(index.wrapping_mul(37) % NINE_YEARS).unwrap_or(0)
}

/// When the entry was last changed; Unix time, seconds.
pub(super) fn modified(seed: u64, list: List, index: u64) -> i64 {
    let after = draw(seed, list, index, 1);
    let seconds = if after.is_multiple_of(3) { 0 } else { after % (365 * DAY) };
    created(index) + i64::try_from(seconds).unwrap_or(0)
}

/// One in nine is inactive.
pub(super) fn active(seed: u64, index: u64) -> bool {
    (index + seed % 9) % 9 != 5
}

/// Record `index` of the list.
pub(super) fn person(seed: u64, list: List, index: u64) -> Person {
    let base = Person {
        active: active(seed, index),
        created: created(index),
        modified: modified(seed, list, index),
        phone: (index % 7 != 2).then(|| format!("(555) 555-01{:02}", index % 100)),
        ..Person::default()
    };
    match list {
        List::Employee => employee(seed, index, base),
        List::Customer => customer(seed, index, base),
    }
}

/// First name, last name and how often that pair was used before.
fn pair(seed: u64, ordinal: u64) -> (&'static str, &'static str, u64) {
    // The step has no factor in common with the number of pairs: each pair comes once in a cycle.
    let pairs = (FIRST.len() * LAST.len()) as u64;
    let pair = (ordinal % pairs * 1327 + seed % pairs) % pairs;
    (pick(&FIRST, pair), pick(&LAST, pair / FIRST.len() as u64), ordinal / pairs)
}

fn employee(seed: u64, index: u64, base: Person) -> Person {
    // A namesake: the person before, with a middle name.
    let twin = index % 16 == 9;
    let (first, last, cycle) = pair(seed, if twin { index - 1 } else { index });
    let middle =
        if twin { Some("Quin") } else { (index % 5 == 3).then(|| pick(&["J.", "Ann", "É."], index)) };
    let mut name = match middle {
        Some(middle) => format!("{first} {middle} {last}"),
        None if index % 23 == 7 => format!("{first} \"Ace\" {last}"),
        None => format!("{first} {last}"),
    };
    if cycle > 0 {
        name.push_str(&format!(" {cycle}"));
    }
    let number = if twin || cycle > 0 { index.to_string() } else { String::new() };
    let hired = DateTime::from_timestamp(base.created, 0).map(|time| time.date_naive());
    let released = DateTime::from_timestamp(base.modified, 0).map(|time| time.date_naive());
    Person {
        name,
        first_name: Some(first.to_owned()),
        middle_name: middle.map(str::to_owned),
        last_name: Some(last.to_owned()),
        email: employee_email(index, first, last, &number),
        job_title: (index % 4 != 1).then(|| pick(&TITLES, draw(seed, List::Employee, index, 2)).to_owned()),
        hired_on: hired,
        released_on: if base.active { None } else { released },
        ..base
    }
}

fn employee_email(index: u64, first: &str, last: &str, number: &str) -> Option<String> {
    if index % 11 == 4 {
        return None;
    }
    if index % 13 == 6 {
        return Some("frontdesk@example.com".to_owned());
    }
    let local = format!("{}.{}{number}", ascii(first), ascii(last));
    Some(if index % 19 == 3 {
        format!("{local}@Example.COM")
    } else {
        format!("{}@example.com", local.to_lowercase())
    })
}

fn customer(seed: u64, index: u64, base: Person) -> Person {
    let (group, place) = (index / 5, index % 5);
    let parent = match place {
        3 => Some(index - 3),
        // Every third is a job below a job.
        4 if group % 3 == 0 => Some(index - 1),
        4 => Some(index - 3),
        _ => None,
    };
    if parent.is_some() {
        let name = pick(&JOBS, draw(seed, List::Customer, index, 2)).to_owned();
        return Person {
            name,
            parent,
            email: index.is_multiple_of(2).then(|| "site@example.net".to_owned()),
            ..base
        };
    }
    let ordinal = group * 3 + place;
    let (first, last, cycle) = pair(seed, ordinal);
    let again = if cycle > 0 { format!(" {cycle}") } else { String::new() };
    if place == 1 {
        return Person {
            name: format!("{last}, {first}{again}"),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            email: (!index.is_multiple_of(3))
                .then(|| format!("{}{index}@example.org", ascii(last).to_lowercase())),
            ..base
        };
    }
    let (name, again) = business(seed, ordinal);
    let contact = index.is_multiple_of(4);
    Person {
        company_name: Some(name.clone()),
        name: if again > 0 { format!("{name} {again}") } else { name },
        first_name: contact.then(|| first.to_owned()),
        last_name: contact.then(|| last.to_owned()),
        job_title: contact.then(|| pick(&TITLES, ordinal).to_owned()),
        // Two addresses in one field: QuickBooks takes any text.
        email: match index % 6 {
            0 => None,
            5 => Some("office@example.net; billing@example.net".to_owned()),
            _ => Some(format!("office{index}@example.net")),
        },
        ..base
    }
}

fn business(seed: u64, ordinal: u64) -> (String, u64) {
    let kinds = (TRADES.len() * BUSINESSES.len() * FORMS.len()) as u64;
    let kind = (ordinal % kinds * 2011 + seed % kinds) % kinds;
    let trade = pick(&TRADES, kind);
    let line = pick(&BUSINESSES, kind / TRADES.len() as u64);
    let form = pick(&FORMS, kind / (TRADES.len() * BUSINESSES.len()) as u64);
    (format!("{trade} {line} {form}"), ordinal / kinds)
}

fn ascii(name: &str) -> String {
    // Letters that have no base letter.
    let spelt = name.replace('ø', "o").replace('Ø', "O").replace('Ł', "L").replace('ß', "ss");
    spelt.nfd().filter(char::is_ascii_alphanumeric).collect()
}
