//! The words of both sides, each once, with what comparing them needs.

use std::collections::HashMap;

use super::{skeleton::skeleton, tables};

/// The number of a word.
pub(super) type WordId = u32;

/// Where there is none.
pub(super) const NONE: u32 = u32::MAX;

/// A word, with all that is looked up once.
#[derive(Debug)]
pub(super) struct Word {
    pub text: Box<str>,
    /// The number of its skeleton.
    pub skeleton: u32,
    /// Its number in the table of short forms, or [`NONE`].
    pub nickname: u32,
    /// Its group of spellings, or [`NONE`].
    pub group: u32,
    pub first_share: Option<f32>,
    pub last_share: Option<f32>,
}

impl Word {
    pub(super) fn is_initial(&self) -> bool {
        self.text.len() == 1
    }

    pub(super) fn initial(&self) -> u8 {
        self.text.as_bytes().first().copied().unwrap_or_default()
    }
}

static EMPTY: std::sync::LazyLock<Word> = std::sync::LazyLock::new(|| Word {
    text: "".into(),
    skeleton: NONE,
    nickname: NONE,
    group: NONE,
    first_share: None,
    last_share: None,
});

/// All words, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    words: Vec<Word>,
    by_text: HashMap<Box<str>, WordId>,
    skeletons: HashMap<Box<str>, u32>,
    /// The words of each skeleton and of each group of spellings.
    alike: HashMap<u32, Vec<WordId>>,
}

impl Lexicon {
    /// The number of a folded word; a new one gets the next.
    pub(super) fn intern(&mut self, text: &str) -> WordId {
        if let Some(id) = self.by_text.get(text) {
            return *id;
        }
        let id = self.words.len() as WordId;
        let bones = skeleton(text);
        let next = self.skeletons.len() as u32;
        let skeleton = *self.skeletons.entry(bones.into()).or_insert(next);
        self.alike.entry(skeleton).or_default().push(id);
        self.by_text.insert(text.into(), id);
        self.words.push(Word {
            text: text.into(),
            skeleton,
            nickname: tables::nickname_number(text).unwrap_or(NONE),
            group: tables::spelling_group(text).unwrap_or(NONE),
            first_share: tables::first_share(text),
            last_share: tables::last_share(text),
        });
        id
    }

    pub(super) fn find(&self, text: &str) -> Option<WordId> {
        self.by_text.get(text).copied()
    }

    pub(super) fn word(&self, id: WordId) -> &Word {
        self.words.get(id as usize).unwrap_or(&EMPTY)
    }

    pub(super) fn text(&self, id: WordId) -> &str {
        &self.word(id).text
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The words with the skeleton of this one.
    pub(super) fn same_skeleton(&self, id: WordId) -> &[WordId] {
        self.alike.get(&self.word(id).skeleton).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether two words are spellings of one: by their skeletons, or by the table.
    pub(super) fn respelt(&self, one: WordId, other: WordId) -> bool {
        let (one, other) = (self.word(one), self.word(other));
        one.skeleton == other.skeleton || (one.group != NONE && one.group == other.group)
    }

    /// Whether one of two first names is short for the other.
    pub(super) fn nicknames(&self, one: WordId, other: WordId) -> bool {
        let (one, other) = (self.word(one), self.word(other));
        one.nickname != NONE && other.nickname != NONE && tables::are_nicknames(one.nickname, other.nickname)
    }

    /// Whether one of two first names is the beginning of the other, as Sam of Samira.
    pub(super) fn shortened(&self, one: WordId, other: WordId) -> bool {
        let (one, other) = (self.text(one), self.text(other));
        let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
        short.len() >= 3 && long.starts_with(short)
    }
}
