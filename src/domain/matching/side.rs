//! One side, prepared: its entries in numbered words, the way from words back to entries, and what is counted.

use std::collections::HashMap;

use crate::domain::words::List;

use super::{
    Entry, Standing,
    business::{self, Business},
    lexicon::{Lexicon, NONE, WordId},
    mailbox, person,
};

/// The number of an entry within its side.
pub(super) type At = u32;

/// A first or last name: its words, and all of them joined.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub words: Box<[WordId]>,
    pub joined: WordId,
}

/// A person's name in numbered words.
#[derive(Debug)]
pub(super) struct Person {
    pub first: Part,
    pub middle: Box<[WordId]>,
    pub last: Part,
    pub nick: Box<[WordId]>,
    /// The first name joined with the first middle one: `Mary Ann` and `Maryann`.
    pub first_middle: WordId,
    /// The last middle name joined with the last one: `Garcia Lopez`.
    pub middle_last: WordId,
    pub generation: u8,
}

/// An address in numbers.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub address: u32,
    pub domain: u32,
    pub local: WordId,
    pub is_role: bool,
    pub is_public: bool,
}

/// An entry with all that comparing needs.
#[derive(Debug)]
pub(super) struct Prepared {
    pub entry: Entry,
    pub person: Option<Person>,
    pub business: Option<Business>,
    pub mail: Option<Mail>,
    /// The words by which it is found.
    pub keys: Box<[WordId]>,
}

/// What both sides share: the numbers of words, addresses and domains.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub words: Lexicon,
    /// Addresses, domains: texts that are only compared for being the same.
    pub others: HashMap<Box<str>, u32>,
}

impl Names {
    fn other(&mut self, text: &str) -> u32 {
        let next = self.others.len() as u32;
        *self.others.entry(text.into()).or_insert(next)
    }
}

pub(super) fn prepare(names: &mut Names, list: List, entry: Entry) -> Prepared {
    let mut keys = Vec::new();
    let box_ = entry.email.as_deref().and_then(mailbox::read);
    let person = (list == List::Employee || business::is_private(&entry))
        .then(|| person_of(&mut names.words, &entry, &mut keys));
    let business = (list == List::Customer).then(|| business::prepare(&mut names.words, &entry, &mut keys));
    let mail = box_.map(|mailbox| {
        let local = names.words.intern(&mailbox.local);
        if !mailbox.is_role && list == List::Employee {
            for word in &mailbox.words {
                keys.extend((word.len() > 1).then(|| names.words.intern(word)));
                let mut letters = word.chars();
                letters.next();
                keys.extend((letters.as_str().len() > 2).then(|| names.words.intern(letters.as_str())));
            }
        }
        Mail {
            address: names.other(&mailbox.address),
            domain: names.other(&mailbox.domain),
            local,
            is_role: mailbox.is_role,
            is_public: mailbox.is_public,
        }
    });
    keys.sort_unstable();
    keys.dedup();
    Prepared { entry, person, business, mail, keys: keys.into() }
}

fn person_of(words: &mut Lexicon, entry: &Entry, keys: &mut Vec<WordId>) -> Person {
    let name = person::take_apart(entry);
    let numbered = |words: &mut Lexicon, texts: &[String]| -> Box<[WordId]> {
        texts.iter().map(|text| words.intern(text)).collect()
    };
    let part = |words: &mut Lexicon, texts: &[String]| Part {
        joined: if texts.is_empty() { NONE } else { words.intern(&texts.concat()) },
        words: numbered(words, texts),
    };
    let joined = |words: &mut Lexicon, one: &[String], other: &[String]| {
        let some = !one.is_empty() && !other.is_empty();
        if some { words.intern(&(one.concat() + &other.concat())) } else { NONE }
    };
    let long = |text: Option<&String>| -> Vec<String> {
        text.filter(|text| text.len() > 1).cloned().into_iter().collect()
    };
    let person = Person {
        first_middle: joined(words, &name.first, &long(name.middle.first())),
        middle_last: joined(words, &long(name.middle.last()), &name.last),
        first: part(words, &name.first),
        middle: numbered(words, &name.middle),
        last: part(words, &name.last),
        nick: numbered(words, &name.nick),
        generation: name.generation,
    };
    for part in [&person.first, &person.last] {
        keys.extend(part.words.iter().copied());
        keys.push(part.joined);
    }
    keys.extend(person.middle.iter().chain(&person.nick).copied());
    keys.extend([person.first_middle, person.middle_last]);
    keys.retain(|key| *key != NONE);
    person
}

/// One side.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Option<Prepared>>,
    by_id: HashMap<String, At>,
    vacant: Vec<At>,
    /// The free entries with each word, by its number.
    holders: Vec<Vec<At>>,
    first_counts: Vec<u32>,
    last_counts: Vec<u32>,
    /// All entries, by the skeleton of the last name.
    namesakes: HashMap<u32, Vec<At>>,
    /// All businesses, by the words of each of their names.
    businesses: HashMap<Box<[WordId]>, Vec<At>>,
    /// All entries, by their address.
    addresses: HashMap<u32, Vec<At>>,
    /// The free entries, by the part before the `@`.
    locals: HashMap<WordId, Vec<At>>,
    domains: HashMap<u32, u32>,
    /// How many entries there are, and how many of them are free.
    pub count: usize,
    pub free: usize,
}

fn push<T: Copy>(lists: &mut HashMap<u32, Vec<T>>, key: u32, value: T) {
    lists.entry(key).or_default().push(value);
}

fn drop_from(list: Option<&mut Vec<At>>, at: At) {
    if let Some(list) = list {
        list.retain(|other| *other != at);
    }
}

fn count(counts: &mut Vec<u32>, word: WordId, add: bool) {
    let word = word as usize;
    if counts.len() <= word {
        counts.resize(word + 1, 0);
    }
    if let Some(cell) = counts.get_mut(word) {
        *cell = if add { *cell + 1 } else { cell.saturating_sub(1) };
    }
}

impl Entries {
    pub(super) fn get(&self, at: At) -> Option<&Prepared> {
        self.entries.get(at as usize)?.as_ref()
    }

    pub(super) fn find(&self, id: &str) -> Option<At> {
        self.by_id.get(id).copied()
    }

    /// The numbers that entries have, those of removed ones included.
    pub(super) fn span(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (At, &Prepared)> {
        (0..).zip(&self.entries).filter_map(|(at, entry)| Some((at, entry.as_ref()?)))
    }

    pub(super) fn is_free(&self, at: At) -> bool {
        self.get(at).is_some_and(|it| it.entry.standing == Standing::Free)
    }

    /// The free entries with a word.
    pub(super) fn holders(&self, word: WordId) -> &[At] {
        self.holders.get(word as usize).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn at_address(&self, address: u32) -> &[At] {
        self.addresses.get(&address).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn with_local(&self, local: WordId) -> &[At] {
        self.locals.get(&local).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn with_last_skeleton(&self, skeleton: u32) -> &[At] {
        self.namesakes.get(&skeleton).map(Vec::as_slice).unwrap_or_default()
    }

    /// The businesses of which one name has just these words.
    pub(super) fn named(&self, words: &[WordId]) -> &[At] {
        self.businesses.get(words).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn at_domain(&self, domain: u32) -> u32 {
        self.domains.get(&domain).copied().unwrap_or_default()
    }

    pub(super) fn first_count(&self, word: WordId) -> u32 {
        self.first_counts.get(word as usize).copied().unwrap_or_default()
    }

    pub(super) fn last_count(&self, word: WordId) -> u32 {
        self.last_counts.get(word as usize).copied().unwrap_or_default()
    }

    /// Adds an entry, in the place of the one with its ID where there is one.
    pub(super) fn put(&mut self, words: &Lexicon, prepared: Prepared) -> At {
        let at = match self.find(&prepared.entry.id) {
            Some(at) => {
                self.take(words, at);
                self.vacant.pop();
                at
            }
            None => self.vacant.pop().unwrap_or_else(|| {
                self.entries.push(None);
                self.entries.len() as At - 1
            }),
        };
        self.by_id.insert(prepared.entry.id.clone(), at);
        self.tally(words, &prepared, at, true);
        if let Some(place) = self.entries.get_mut(at as usize) {
            *place = Some(prepared);
        }
        at
    }

    /// Takes an entry away.
    pub(super) fn take(&mut self, words: &Lexicon, at: At) -> Option<Prepared> {
        let prepared = self.entries.get_mut(at as usize)?.take()?;
        self.by_id.remove(&prepared.entry.id);
        self.tally(words, &prepared, at, false);
        self.vacant.push(at);
        Some(prepared)
    }

    fn tally(&mut self, words: &Lexicon, it: &Prepared, at: At, add: bool) {
        let is_free = it.entry.standing == Standing::Free;
        let step = |number: &mut usize| *number = if add { *number + 1 } else { number.saturating_sub(1) };
        step(&mut self.count);
        if is_free {
            step(&mut self.free);
            self.index(it, at, add);
        }
        if let Some(person) = &it.person {
            for (part, counts) in
                [(&person.first, &mut self.first_counts), (&person.last, &mut self.last_counts)]
            {
                let several = part.words.len() > 1;
                for word in part.words.iter().chain(several.then_some(&part.joined)) {
                    count(counts, *word, add);
                }
            }
            let skeleton = words.word(person.last.joined).skeleton;
            match add {
                true => push(&mut self.namesakes, skeleton, at),
                false => drop_from(self.namesakes.get_mut(&skeleton), at),
            }
        }
        for bag in it.business.iter().flat_map(|business| &business.bags) {
            match add {
                true => self.businesses.entry(bag.words.as_slice().into()).or_default().push(at),
                false => drop_from(self.businesses.get_mut(bag.words.as_slice()), at),
            }
        }
        if let Some(mail) = &it.mail {
            match add {
                true => push(&mut self.addresses, mail.address, at),
                false => drop_from(self.addresses.get_mut(&mail.address), at),
            }
            let domain = self.domains.entry(mail.domain).or_default();
            *domain = if add { *domain + 1 } else { domain.saturating_sub(1) };
        }
    }

    fn index(&mut self, it: &Prepared, at: At, add: bool) {
        for key in &it.keys {
            if self.holders.len() <= *key as usize {
                self.holders.resize_with(*key as usize + 1, Vec::new);
            }
            match (self.holders.get_mut(*key as usize), add) {
                (Some(holders), true) => holders.push(at),
                (holders, _) => drop_from(holders, at),
            }
        }
        if let Some(mail) = it.mail.as_ref().filter(|mail| !mail.is_role) {
            match add {
                true => push(&mut self.locals, mail.local, at),
                false => drop_from(self.locals.get_mut(&mail.local), at),
            }
        }
    }
}
