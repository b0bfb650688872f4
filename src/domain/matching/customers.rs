//! Two businesses, word by word.

use super::{
    business::{Bag, Business},
    compare::MailLevel,
    lexicon::{NONE, WordId},
    rules::Obstacle,
    side::{Entries, Mail, Names, Prepared},
    slips,
};

/// All that was found about two businesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    pub equal: u8,
    /// The two words that differ by a slip.
    pub slip: Option<(WordId, WordId)>,
    pub slips: u8,
    /// Words that only the record, or only the profile has.
    pub left: [u8; 2],
    pub form: Form,
    pub mail: MailLevel,
    /// Whether one of several names was compared.
    pub alternative: bool,
    pub rare: bool,
    /// Whether one is a job, or has words, where the other has none: they are not one.
    pub own_words: bool,
    /// Whether the address is at a domain of the business's own that nobody else has.
    pub own_domain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Missing,
    Equal,
    Differs,
}

const RARE: f32 = 8e-4;

fn frequency(sides: [&Entries; 2], word: WordId) -> f32 {
    let of = |side: &Entries| {
        ((side.holders(word).len() as f32 - 1.0).max(0.0) + 0.05) / (side.free as f32 + 200.0)
    };
    sides.into_iter().map(of).fold(0.0, f32::max)
}

/// Compares two businesses by the best two of their names.
pub(super) fn businesses(
    names: &Names,
    sides: [&Entries; 2],
    (one, one_business): (&Prepared, &Business),
    (other, other_business): (&Prepared, &Business),
) -> (Findings, f32) {
    let mut best: Option<(Findings, f32)> = None;
    for (a_at, a) in one_business.bags.iter().enumerate() {
        for (b_at, b) in other_business.bags.iter().enumerate() {
            let (mut findings, bits) = bags(names, sides, a, b);
            findings.alternative = a_at + b_at > 0;
            if best.as_ref().is_none_or(|(_, before)| bits > *before) {
                best = Some((findings, bits));
            }
        }
    }
    let (mut findings, mut bits) =
        best.unwrap_or_else(|| bags(names, sides, &Bag::default(), &Bag::default()));
    let job = |business: &Business| !business.leaf.is_empty();
    if job(one_business) != job(other_business) && findings.left != [0, 0] {
        bits -= 6.0;
        findings.own_words = true;
    } else if job(one_business) && job(other_business) && findings.left != [0, 0] {
        bits -= 4.0;
        findings.own_words = true;
    }
    let (mail, own_domain, mail_bits) = mails(sides, one.mail.as_ref(), other.mail.as_ref());
    findings.mail = mail;
    findings.own_domain = own_domain;
    (findings, bits + mail_bits)
}

fn bags(names: &Names, sides: [&Entries; 2], a: &Bag, b: &Bag) -> (Findings, f32) {
    let words = &names.words;
    let mut findings = Findings {
        equal: 0,
        slip: None,
        slips: 0,
        left: [0, 0],
        form: Form::Missing,
        mail: MailLevel::Missing,
        alternative: false,
        rare: false,
        own_words: false,
        own_domain: false,
    };
    let mut bits = 0.0;
    let mut left_a: Vec<WordId> = Vec::new();
    let mut left_b: Vec<WordId> = b.words.iter().copied().filter(|word| !a.words.contains(word)).collect();
    for word in &a.words {
        if b.words.contains(word) {
            let f = frequency(sides, *word);
            bits += (0.95 / f).log2();
            findings.equal += 1;
            findings.rare |= f < RARE && words.word(*word).text.len() > 1;
        } else {
            left_a.push(*word);
        }
    }
    left_a.retain(|word| {
        let found = left_b.iter().position(|other| is_like(names, sides, *word, *other).is_some());
        let Some(at) = found else { return true };
        let other = left_b.swap_remove(at);
        let f = frequency(sides, *word) + frequency(sides, other);
        bits += match is_like(names, sides, *word, other) {
            Some(Like::Slip) => {
                findings.slip = Some((*word, other));
                findings.slips += 1;
                (0.03 / (f + 5e-4)).log2()
            }
            _ => {
                findings.slips += 2;
                (0.02 / (f + 2e-3)).log2()
            }
        };
        false
    });
    for word in left_a.iter().chain(&left_b) {
        bits -= match words.text(*word).bytes().any(|c| c.is_ascii_digit()) {
            true => 7.0,
            false => (-frequency(sides, *word).log2() / 2.5).clamp(2.0, 5.5),
        };
    }
    findings.left = [left_a.len().min(200) as u8, left_b.len().min(200) as u8];
    if !left_a.is_empty() && !left_b.is_empty() {
        bits -= 6.0;
        findings.own_words = true;
    }
    findings.form = match (a.form, b.form) {
        (0, _) | (_, 0) => Form::Missing,
        (a, b) if a == b => Form::Equal,
        _ => Form::Differs,
    };
    bits += match findings.form {
        Form::Missing => 0.0,
        Form::Equal => 0.7,
        Form::Differs => -2.5,
    };
    (findings, bits)
}

enum Like {
    Slip,
    Beginning,
}

fn is_like(names: &Names, sides: [&Entries; 2], a: WordId, b: WordId) -> Option<Like> {
    let words = &names.words;
    let (one, other) = (words.text(a), words.text(b));
    if one.bytes().chain(other.bytes()).any(|c| c.is_ascii_digit()) {
        return None;
    }
    // Where both words occur elsewhere, they are two words.
    let elsewhere = |word: WordId| sides.iter().map(|side| side.holders(word).len()).sum::<usize>() > 1;
    let near = slips::slips(one, other, slips::allowed(one, other)).is_some();
    let skeleton = words.word(a).skeleton;
    let sounds = skeleton != NONE && skeleton == words.word(b).skeleton && one.len().min(other.len()) > 3;
    if (near || sounds) && !(elsewhere(a) && elsewhere(b)) {
        return Some(Like::Slip);
    }
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    (short.len() >= 3 && long.starts_with(short)).then_some(Like::Beginning)
}

fn mails(sides: [&Entries; 2], a: Option<&Mail>, b: Option<&Mail>) -> (MailLevel, bool, f32) {
    let (Some(a), Some(b)) = (a, b) else { return (MailLevel::Missing, false, 0.0) };
    let most = |of: &dyn Fn(&Entries) -> usize| sides.iter().map(|side| of(side)).max().unwrap_or(1).max(1);
    if a.address == b.address {
        let holders = most(&|side| side.at_address(a.address).len());
        let level =
            if holders == 1 { MailLevel::Same } else { MailLevel::Shared(holders.min(60_000) as u16) };
        let base = if a.is_public { 15.0 } else { 11.0 };
        return (level, holders == 1 && !a.is_public, base - 1.5 * (holders as f32).log2());
    }
    if a.domain == b.domain && !a.is_public {
        let holders = most(&|side| side.at_domain(a.domain) as usize);
        return (MailLevel::Local, holders == 1, 8.0 - 1.5 * (holders as f32).log2());
    }
    (MailLevel::Other, false, -2.0)
}

/// What keeps two businesses from being certainly one; rivals apart.
pub(super) fn obstacles(findings: &Findings) -> Vec<Obstacle> {
    let mut against = Vec::new();
    match findings.mail {
        MailLevel::Other => against.push(Obstacle::OtherMail),
        MailLevel::Shared(several) => against.push(Obstacle::SharedMail(several)),
        _ => {}
    }
    let same_mail = findings.mail == MailLevel::Same || findings.own_domain;
    let one_slip = findings.slips == 1 && same_mail;
    if findings.left != [0, 0]
        || findings.equal == 0
        || findings.own_words
        || !(findings.slips == 0 || one_slip)
    {
        against.push(Obstacle::OwnWords);
    }
    if findings.form == Form::Differs {
        against.push(Obstacle::LegalForms);
    }
    if findings.alternative {
        against.push(Obstacle::Alternatives);
    }
    if !findings.rare && !one_slip {
        against.push(Obstacle::CommonWords);
    }
    against
}
