//! What is certain: two independent facts that agree, and nothing against it. Each obstacle is a hard rule, whatever the
//! weights say.

use super::{
    compare::{Extra, Findings, MailLevel, NameLevel},
    lexicon::{Lexicon, WordId},
    side::{At, Entries, Names, Person, Prepared},
};

/// What keeps a pair from being certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// No second fact beside the name.
    OnlyTheName,
    OtherMail,
    OtherMailAtCompany,
    MailSlip,
    SharedMail(u16),
    RoleMail,
    FirstNames,
    LastNames,
    MiddleNames,
    Generation {
        differs: bool,
    },
    Swapped,
    /// So many bear the name on one side.
    Namesakes(usize),
    /// It may not be suggested: inactive, absent, ignored or linked.
    Aside,
    /// Two places of a business, two jobs, or one that the other lacks.
    OwnWords,
    LegalForms,
    /// No word of the name is rare.
    CommonWords,
    /// The name is one of several under which it is known.
    Alternatives,
}

pub(super) const LEAST_BITS: f32 = 10.0;
pub(super) const LEAST_MARGIN: f32 = 10.0;
pub(super) const LEAST_CONFIDENCE: f64 = 0.999;

/// What keeps two people from being certainly one, by what they say of themselves; rivals and namesakes apart.
pub(super) fn people(findings: &Findings, one: &Prepared, other: &Prepared) -> Vec<Obstacle> {
    let mut against = Vec::new();
    match findings.mail {
        MailLevel::Same => {}
        MailLevel::Missing => against.push(Obstacle::OnlyTheName),
        MailLevel::Shared(several) => against.push(Obstacle::SharedMail(several)),
        MailLevel::Role => against.push(Obstacle::RoleMail),
        MailLevel::Slip => against.push(Obstacle::MailSlip),
        MailLevel::OtherAtCompany => against.push(Obstacle::OtherMailAtCompany),
        MailLevel::Local | MailLevel::LocalOfName | MailLevel::Other => against.push(Obstacle::OtherMail),
    }
    let public = one.mail.as_ref().is_none_or(|mail| mail.is_public);
    against.extend(names(findings, one, other, public));
    match findings.middle {
        Extra::Differs => against.push(Obstacle::MiddleNames),
        Extra::Equal | Extra::Initial | Extra::OneSide | Extra::Missing => {}
    }
    match findings.generation {
        Extra::Differs => against.push(Obstacle::Generation { differs: true }),
        Extra::OneSide => against.push(Obstacle::Generation { differs: false }),
        Extra::Equal | Extra::Initial | Extra::Missing => {}
    }
    if findings.swapped && (findings.first == NameLevel::Slip || findings.last == NameLevel::Slip) {
        against.push(Obstacle::Swapped);
    }
    against
}

/// First and last name agree, or one of them with one weakness.
fn names(findings: &Findings, one: &Prepared, other: &Prepared, public: bool) -> Vec<Obstacle> {
    let (first, last) = (findings.first, findings.last);
    let weak = |level: NameLevel| {
        matches!(level, NameLevel::Slip | NameLevel::Middle) || (level == NameLevel::Initial && !public)
    };
    let both_one_word = first == NameLevel::OneWord && last == NameLevel::OneWord;
    let complete = |entry: &Prepared| {
        entry.person.as_ref().is_some_and(|it| !it.first.words.is_empty() && !it.last.words.is_empty())
    };
    let mut against = Vec::new();
    if !complete(one) || !complete(other) {
        against.push(Obstacle::LastNames);
        return against;
    }
    if !(first.agrees() || (weak(first) && last.agrees())) {
        against.push(Obstacle::FirstNames);
    }
    if !(last.agrees() || (weak(last) && first.agrees())) || both_one_word {
        against.push(Obstacle::LastNames);
    }
    against
}

/// How many others bear the name of either of two people, on the side where they are more: whatever their standing.
pub(super) fn namesakes(names: &Names, sides: [&Entries; 2], pair: [At; 2]) -> usize {
    let people = [0, 1].map(|which: usize| {
        let (side, at) = (sides.get(which)?, pair.get(which)?);
        side.get(*at)?.person.as_ref()
    });
    let counts = sides.iter().zip(pair).map(|(side, own)| {
        let mut others: Vec<At> = Vec::new();
        for person in people.iter().flatten() {
            let mut skeletons: Vec<u32> = std::iter::once(&person.last.joined)
                .chain(&*person.last.words)
                .map(|word| names.words.word(*word).skeleton)
                .collect();
            skeletons.dedup();
            for at in skeletons.iter().flat_map(|skeleton| side.with_last_skeleton(*skeleton)) {
                let same = || {
                    side.get(*at)
                        .and_then(|it| it.person.as_ref())
                        .is_some_and(|it| one_first(&names.words, it, person))
                };
                if *at != own && same() {
                    others.push(*at);
                }
            }
        }
        others.sort_unstable();
        others.dedup();
        others.len()
    });
    counts.max().unwrap_or_default()
}

/// Whether two could be called by one first name.
fn one_first(words: &Lexicon, one: &Person, other: &Person) -> bool {
    let all = |person: &Person| -> Vec<WordId> {
        std::iter::once(person.first.joined)
            .chain(person.first.words.iter().copied())
            .chain(person.nick.iter().copied())
            .collect()
    };
    let others = all(other);
    all(one).iter().any(|a| {
        others
            .iter()
            .any(|b| a == b || words.respelt(*a, *b) || words.nicknames(*a, *b) || words.shortened(*a, *b))
    })
}
