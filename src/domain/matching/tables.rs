//! What is known of names in general: how frequent they are, by which short forms they go, how else they are spelt.

use std::{collections::HashMap, sync::LazyLock};

static FIRST_NAMES: &str = include_str!("data/first_names.txt");
static LAST_NAMES: &str = include_str!("data/last_names.txt");
static NICKNAMES: &str = include_str!("data/nicknames.txt");
static RESPELLINGS: &str = include_str!("data/respellings.txt");

/// The tables, read once.
static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

struct Tables {
    first: HashMap<&'static str, f32>,
    last: HashMap<&'static str, f32>,
    /// The number of each name that has short forms or is one.
    known: HashMap<&'static str, u32>,
    names: Vec<&'static str>,
    /// The short forms and the full names of each, by number, sorted.
    near: Vec<Vec<u32>>,
    groups: HashMap<&'static str, u32>,
    group_members: Vec<Vec<&'static str>>,
}

impl Tables {
    fn read() -> Self {
        let mut tables = Self {
            first: shares(FIRST_NAMES),
            last: shares(LAST_NAMES),
            known: HashMap::new(),
            names: Vec::new(),
            near: Vec::new(),
            groups: HashMap::new(),
            group_members: Vec::new(),
        };
        for line in NICKNAMES.lines() {
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            let name = tables.number(name);
            for short in words {
                let short = tables.number(short);
                tables.connect(name, short);
                tables.connect(short, name);
            }
        }
        for near in &mut tables.near {
            near.sort_unstable();
            near.dedup();
        }
        for (group, line) in (0..).zip(RESPELLINGS.lines()) {
            tables.groups.extend(line.split(' ').map(|name| (name, group)));
            tables.group_members.push(line.split(' ').collect());
        }
        tables
    }

    fn number(&mut self, name: &'static str) -> u32 {
        let next = self.names.len() as u32;
        let number = *self.known.entry(name).or_insert(next);
        if number == next {
            self.names.push(name);
            self.near.push(Vec::new());
        }
        number
    }

    fn connect(&mut self, from: u32, to: u32) {
        if let Some(near) = self.near.get_mut(from as usize) {
            near.push(to);
        }
    }
}

fn shares(text: &'static str) -> HashMap<&'static str, f32> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.filter_map(|(name, millionths)| Some((name, millionths.parse::<f32>().ok()? / 1e6))).collect()
}

/// The share of people with this first name, where it is among the commonest.
pub(super) fn first_share(name: &str) -> Option<f32> {
    TABLES.first.get(name).copied()
}

/// The share of people with this last name, where it is among the commonest.
pub(super) fn last_share(name: &str) -> Option<f32> {
    TABLES.last.get(name).copied()
}

/// The number of a name in the table of short forms.
pub(super) fn nickname_number(name: &str) -> Option<u32> {
    TABLES.known.get(name).copied()
}

/// Whether one of two names, given by their numbers, is a short form of the other.
pub(super) fn are_nicknames(one: u32, other: u32) -> bool {
    TABLES.near.get(one as usize).is_some_and(|near| near.binary_search(&other).is_ok())
}

/// The short forms and the full names of a name.
pub(super) fn nicknames(number: u32) -> impl Iterator<Item = &'static str> {
    let near = TABLES.near.get(number as usize).map(Vec::as_slice).unwrap_or_default();
    near.iter().filter_map(|number| TABLES.names.get(*number as usize).copied())
}

/// The group of spellings that a name belongs to.
pub(super) fn spelling_group(name: &str) -> Option<u32> {
    TABLES.groups.get(name).copied()
}

/// The spellings of a group.
pub(super) fn spellings(group: u32) -> &'static [&'static str] {
    TABLES.group_members.get(group as usize).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_folded() {
        for text in [FIRST_NAMES, LAST_NAMES, NICKNAMES, RESPELLINGS] {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.is_sorted() && lines.len() > 80);
            assert_eq!(
                crate::domain::fold::fold(text),
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
        let mut spelt: Vec<&str> = RESPELLINGS.split_whitespace().collect();
        spelt.sort_unstable();
        assert!(spelt.windows(2).all(|two| two[0] != two[1]), "a name is in one group only");
    }

    #[test]
    fn short_forms_are_known_in_both_directions_and_not_closed() {
        let number = |name| nickname_number(name).unwrap();
        assert!(are_nicknames(number("william"), number("bill")));
        assert!(are_nicknames(number("bill"), number("william")));
        assert!(!are_nicknames(number("christopher"), number("christine")));
        assert!(first_share("james").unwrap() > 0.01 && last_share("smith").unwrap() > 0.01);
    }
}
