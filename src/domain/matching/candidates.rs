//! The pairs that are worth comparing: entries that share words, or words that are alike.

use std::collections::HashMap;

use super::{
    lexicon::{Lexicon, NONE, WordId},
    side::{At, Entries, Names, Prepared},
    slips, tables,
};

/// How many candidates of each record are compared.
pub(super) const MOST: usize = 24;

/// Words that more entries have are looked up only where they are very alike.
const COMMON: usize = 400;

/// Words with which a word may be confused, found by what is left of them without one or two letters.
#[derive(Debug, Default)]
pub(super) struct Deletions {
    /// Sorted by the hash of what is left.
    settled: Vec<(u32, WordId)>,
    /// Those of words that came later.
    recent: HashMap<u32, Vec<WordId>>,
    known: usize,
}

impl Deletions {
    /// Takes in the words that are new. The first time, and when many are, all are sorted anew.
    pub(super) fn follow(&mut self, words: &Lexicon) {
        let new = words.len() - self.known;
        let rebuild = new > 2_000;
        for id in self.known as WordId..words.len() as WordId {
            for key in left_overs(words.text(id)) {
                match rebuild {
                    true => self.settled.push((key, id)),
                    false => self.recent.entry(key).or_default().push(id),
                }
            }
        }
        if rebuild {
            self.settled.sort_unstable();
            self.settled.shrink_to_fit();
        }
        self.known = words.len();
    }

    /// The words that share a remainder with this text, some of them more than once.
    fn near(&self, text: &str, mut found: impl FnMut(WordId)) {
        for key in left_overs(text) {
            let from = self.settled.partition_point(|(other, _)| *other < key);
            let settled = self.settled.iter().skip(from).take_while(|(other, _)| *other == key);
            settled.for_each(|(_, id)| found(*id));
            self.recent.get(&key).into_iter().flatten().for_each(|id| found(*id));
        }
    }
}

/// The hashes of a word and of what is left of it without one letter, from seven letters without two.
fn left_overs(text: &str) -> Vec<u32> {
    let letters: Vec<u8> = text.bytes().take(9).collect();
    if letters.len() < 4 {
        return Vec::new();
    }
    let hash = |without: (usize, usize)| {
        let kept = letters.iter().enumerate().filter(|(at, _)| *at != without.0 && *at != without.1);
        // FNV-1a.
        kept.fold(0x811c_9dc5_u32, |hash, (_, letter)| (hash ^ u32::from(*letter)).wrapping_mul(0x0100_0193))
    };
    let mut hashes = vec![hash((NOWHERE, NOWHERE))];
    for one in 0..letters.len() {
        hashes.push(hash((one, NOWHERE)));
        if text.len() >= 7 {
            hashes.extend((one + 1..letters.len()).map(|other| hash((one, other))));
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

const NOWHERE: usize = usize::MAX;

/// The words that are like a word, with how much.
fn like(words: &Lexicon, deletions: &Deletions, word: WordId) -> Vec<(WordId, f32)> {
    let mut alike: Vec<(WordId, f32)> = vec![(word, 1.0)];
    alike.extend(words.same_skeleton(word).iter().map(|other| (*other, 0.85)));
    let known = words.word(word);
    if known.group != NONE {
        let spelt = tables::spellings(known.group).iter().filter_map(|name| words.find(name));
        alike.extend(spelt.map(|other| (other, 0.8)));
    }
    if known.nickname != NONE {
        for name in tables::nicknames(known.nickname) {
            alike.extend(words.find(name).map(|other| (other, 0.8)));
            let number = tables::nickname_number(name).unwrap_or(NONE);
            let siblings = tables::nicknames(number).filter_map(|name| words.find(name));
            alike.extend(siblings.map(|other| (other, 0.5)));
        }
    }
    let text = &known.text;
    deletions.near(text, |other| {
        let distance = slips::slips(text, words.text(other), slips::allowed(text, words.text(other)));
        if let Some(distance @ 1..) = distance {
            alike.push((other, if distance == 1 { 0.75 } else { 0.55 }));
        }
    });
    // The most alike of each.
    alike.sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then(y.total_cmp(x)));
    alike.dedup_by_key(|(word, _)| *word);
    alike
}

/// Looks for candidates on one side.
pub(super) struct Finder<'a> {
    names: &'a Names,
    deletions: &'a Deletions,
    side: &'a Entries,
    likes: HashMap<WordId, Vec<(WordId, f32)>>,
    scores: Vec<f32>,
    touched: Vec<At>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(names: &'a Names, deletions: &'a Deletions, side: &'a Entries) -> Self {
        let scores = vec![0.0; side.span()];
        Self { names, deletions, side, likes: HashMap::new(), scores, touched: Vec::new() }
    }

    /// The best candidates for an entry of the other side, among those that `may` be.
    pub(super) fn find(&mut self, it: &Prepared, most: usize, may: impl Fn(At) -> bool) -> Vec<At> {
        let total = self.side.free.max(1) as f32;
        let Self { names, deletions, side, likes, scores, touched } = self;
        let mut add = |at: At, points: f32| {
            if let Some(score) = scores.get_mut(at as usize) {
                if *score == 0.0 {
                    touched.push(at);
                }
                *score += points;
            }
        };
        for word in &it.keys {
            let alike = likes.entry(*word).or_insert_with(|| {
                let mut alike = like(&names.words, deletions, *word);
                alike.retain(|(word, _)| !side.holders(*word).is_empty());
                alike
            });
            for (word, likeness) in alike {
                let holders = side.holders(*word);
                if holders.len() <= COMMON || *likeness >= 0.8 {
                    let points = *likeness * (total / holders.len() as f32).log2().max(0.1);
                    for at in holders {
                        add(*at, points);
                    }
                }
            }
        }
        if let Some(mail) = &it.mail {
            let free = side.at_address(mail.address).iter().filter(|at| side.is_free(**at));
            free.for_each(|at| add(*at, 40.0));
            if !mail.is_role {
                side.with_local(mail.local).iter().for_each(|at| add(*at, 8.0));
            }
        }
        let business = it.business.as_ref().filter(|_| it.person.is_none());
        let mut best: Vec<(f32, At)> = Vec::with_capacity(touched.len());
        for at in touched.drain(..) {
            let Some(score) = scores.get_mut(at as usize) else { continue };
            let mut points = std::mem::take(score);
            if !may(at) {
                continue;
            }
            if let (Some(_), Some(other)) = (business, side.get(at)) {
                // Else long names crowd out short ones that are equal.
                let weigh = |word: &WordId| (total / (side.holders(*word).len() as f32).max(1.0)).log2();
                points -= 0.5 * other.keys.iter().map(weigh).sum::<f32>();
            } else if let (Some(one), Some(other)) =
                (&it.person, side.get(at).and_then(|it| it.person.as_ref()))
            {
                points += 1.2 * shared_initials(&names.words, one, other);
            }
            best.push((points, at));
        }
        let order = |a: &(f32, At), b: &(f32, At)| {
            let id = |at: At| side.get(at).map(|it| it.entry.id.as_str());
            b.0.total_cmp(&a.0).then_with(|| id(a.1).cmp(&id(b.1)))
        };
        if best.len() > most {
            best.select_nth_unstable_by(most, order);
            best.truncate(most);
        }
        best.sort_unstable_by(order);
        best.into_iter().map(|(_, at)| at).collect()
    }
}

fn shared_initials(words: &Lexicon, one: &super::side::Person, other: &super::side::Person) -> f32 {
    let same = |a: WordId, b: WordId| {
        let (a, b) = (words.word(a).initial(), words.word(b).initial());
        f32::from(u8::from(a != 0 && a == b))
    };
    same(one.first.joined, other.first.joined) + same(one.last.joined, other.last.joined)
}
