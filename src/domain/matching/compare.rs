//! Two people, field by field: what was found, and what it weighs in bits, log2(m / u): m is the share of true pairs that
//! show it, u that of pairs by chance. The figures were counted on generated and on public labelled pairs.

use super::{
    lexicon::{Lexicon, NONE, WordId},
    mailbox,
    side::{Entries, Mail, Names, Part, Person, Prepared},
    slips,
};

/// How two first or last names relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameLevel {
    Equal,
    Respelt,
    Nickname,
    /// One of the words of a double name.
    OneWord,
    /// One side goes by the other's middle name.
    Middle,
    Slip,
    /// Only the other side's address tells the last name.
    FromMail,
    Initial,
    Loose,
    Different,
    Missing,
}

impl NameLevel {
    /// Whether the names are the same but for how they are written.
    pub(super) fn agrees(self) -> bool {
        matches!(self, Self::Equal | Self::Respelt | Self::Nickname | Self::OneWord)
    }
}

/// How middle names, or generations, relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    Equal,
    Initial,
    OneSide,
    Differs,
    Missing,
}

/// How two addresses relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MailLevel {
    /// The same, and nobody else's.
    Same,
    /// The same, and this many have it on one side.
    Shared(u16),
    /// The same, of a role.
    Role,
    /// One letter apart at one domain.
    Slip,
    /// The same before the `@`, at another domain.
    Local,
    /// So, but it is made of the name.
    LocalOfName,
    /// Another address at the domain of a company.
    OtherAtCompany,
    Other,
    Missing,
}

/// All that was found about two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    pub first: NameLevel,
    pub last: NameLevel,
    pub middle: Extra,
    pub generation: Extra,
    pub mail: MailLevel,
    pub swapped: bool,
}

/// How often names occur, by both sides and by the census.
pub(super) struct Frequencies<'a> {
    pub words: &'a Lexicon,
    pub sides: [&'a Entries; 2],
}

/// So many people the tables of the census count for.
const STEADINESS: f32 = 500.0;

impl Frequencies<'_> {
    fn blend(&self, counts: [u32; 2], share: f32) -> f32 {
        let blended = self.sides.iter().zip(counts).map(|(side, count)| {
            (count.saturating_sub(1) as f32 + STEADINESS * share) / (side.count as f32 + STEADINESS)
        });
        blended.fold(0.0, f32::max)
    }

    pub(super) fn first(&self, word: WordId) -> f32 {
        let share = self.words.word(word).first_share.unwrap_or(2e-5);
        self.blend(self.sides.map(|side| side.first_count(word)), share)
    }

    pub(super) fn last(&self, word: WordId) -> f32 {
        let share = self.words.word(word).last_share.unwrap_or(3e-5);
        self.blend(self.sides.map(|side| side.last_count(word)), share)
    }

    /// That of a name: of several words the product.
    fn part(&self, part: &Part, of: impl Fn(&Self, WordId) -> f32, least: f32) -> f32 {
        part.words.iter().map(|word| of(self, *word)).product::<f32>().max(least)
    }

    /// Whether nobody else has this spelling, and no table knows it.
    fn is_unheard_of(&self, word: WordId, counted: fn(&Entries, WordId) -> u32) -> bool {
        let known = self.words.word(word);
        let in_tables = known.first_share.is_some()
            || known.last_share.is_some()
            || known.nickname != NONE
            || known.group != NONE;
        !in_tables && self.sides.iter().map(|side| counted(side, word)).sum::<u32>() <= 1
    }
}

fn bits(m: f32, u: f32) -> f32 {
    (m / u).log2()
}

/// Compares two people.
pub(super) fn people(
    names: &Names,
    sides: [&Entries; 2],
    one: (&Prepared, &Person),
    other: (&Prepared, &Person),
) -> (Findings, f32) {
    let frequencies = Frequencies { words: &names.words, sides };
    let (first, first_bits) = first_names(&frequencies, one.1, other.1);
    let (last, last_bits) = last_names(&frequencies, one, other);
    let straight = first_bits + last_bits;
    let swapped = swapped(&frequencies, one.1, other.1);
    let (mail, mail_bits) = mails(names, sides, one, other);
    let (middle, middle_bits) = middles(&names.words, one.1, other.1, first);
    let (generation, generation_bits) = generations(one.1, other.1);
    let rest = mail_bits + generation_bits;
    match swapped {
        Some((first, last, weight)) if weight > straight => {
            (Findings { first, last, middle: Extra::Missing, generation, mail, swapped: true }, weight + rest)
        }
        _ => (
            Findings { first, last, middle, generation, mail, swapped: false },
            straight + middle_bits + rest,
        ),
    }
}

fn first_names(frequencies: &Frequencies<'_>, one: &Person, other: &Person) -> (NameLevel, f32) {
    use NameLevel as L;
    let words = frequencies.words;
    let (Some(a), Some(b)) = (one.first.words.first().copied(), other.first.words.first().copied()) else {
        return (L::Missing, 0.0);
    };
    let (fa, fb) = (
        frequencies.part(&one.first, Frequencies::first, 1e-5),
        frequencies.part(&other.first, Frequencies::first, 1e-5),
    );
    let (ja, jb) = (one.first.joined, other.first.joined);
    let initial = words.word(ja).is_initial() || words.word(jb).is_initial();
    if initial {
        let nick = |person: &Person| {
            person
                .nick
                .iter()
                .chain([&person.first.joined])
                .map(|w| words.word(*w).initial())
                .collect::<Vec<_>>()
        };
        return match nick(one).iter().any(|letter| nick(other).contains(letter)) {
            true => (L::Initial, 3.5),
            false => (L::Different, -5.3),
        };
    }
    let joined = |x: WordId, y: WordId| x != NONE && x == y;
    if ja == jb || joined(one.first_middle, jb) || joined(ja, other.first_middle) {
        return (L::Equal, bits(0.85, fa.max(fb)));
    }
    if let Some(nick) =
        one.nick.iter().find(|word| **word == jb).or(other.nick.iter().find(|word| **word == ja))
    {
        return (L::Nickname, bits(0.5, frequencies.first(*nick) + 5e-4));
    }
    if words.respelt(ja, jb) {
        return (L::Respelt, bits(0.015, fa + fb + 4e-4));
    }
    if words.nicknames(ja, jb) || words.shortened(ja, jb) {
        return (L::Nickname, bits(0.035, fa.max(fb) + 2e-3));
    }
    let doubled = |part: &Part, word: WordId| part.words.len() > 1 && part.words.contains(&word);
    if doubled(&one.first, b) || doubled(&other.first, a) {
        let shared = if doubled(&one.first, b) { b } else { a };
        return (L::OneWord, bits(0.01, frequencies.first(shared) + 5e-4));
    }
    let by_middle = |person: &Person, word: WordId| person.middle.contains(&word);
    if by_middle(one, jb) || by_middle(other, ja) {
        let shared = if by_middle(one, jb) { jb } else { ja };
        return (L::Middle, bits(0.012, 2.0 * frequencies.first(shared) + 1.5e-3));
    }
    if is_slip(frequencies, ja, jb, Entries::first_count) {
        return (L::Slip, bits(0.02, fa + fb + 1e-3));
    }
    if slips::likeness(words.text(ja), words.text(jb)) >= 0.88 {
        return (L::Loose, bits(0.003, fa + fb + 2e-3));
    }
    (L::Different, -5.3)
}

/// A slip needs a spelling that nobody else has and no table knows: Feng and Deng are two names.
fn is_slip(
    frequencies: &Frequencies<'_>,
    a: WordId,
    b: WordId,
    counted: fn(&Entries, WordId) -> u32,
) -> bool {
    let (one, other) = (frequencies.words.text(a), frequencies.words.text(b));
    slips::slips(one, other, slips::allowed(one, other)).is_some()
        && (frequencies.is_unheard_of(a, counted) || frequencies.is_unheard_of(b, counted))
}

fn last_names(
    frequencies: &Frequencies<'_>,
    (one_entry, one): (&Prepared, &Person),
    (other_entry, other): (&Prepared, &Person),
) -> (NameLevel, f32) {
    use NameLevel as L;
    let words = frequencies.words;
    let (a, b) = (&one.last, &other.last);
    let of_mail = |entry: &Prepared, part: &Part| tells_last(words, entry, part);
    if a.words.is_empty() || b.words.is_empty() {
        let (entry, part) = if a.words.is_empty() { (one_entry, b) } else { (other_entry, a) };
        return match !part.words.is_empty() && of_mail(entry, part) {
            true => (L::FromMail, bits(0.015, frequencies.part(part, Frequencies::last, 1e-6) + 5e-4)),
            false => (L::Missing, 0.0),
        };
    }
    let fa = frequencies.part(a, Frequencies::last, 1e-6);
    let fb = frequencies.part(b, Frequencies::last, 1e-6);
    let (ja, jb) = (a.joined, b.joined);
    if words.word(ja).is_initial() || words.word(jb).is_initial() {
        return match words.word(ja).initial() == words.word(jb).initial() {
            true => (L::Initial, 3.3),
            false => (L::Different, -5.6),
        };
    }
    let joined = |x: WordId, y: WordId| x != NONE && x == y;
    if ja == jb || joined(one.middle_last, jb) || joined(ja, other.middle_last) {
        return (L::Equal, bits(0.91, fa.max(fb)));
    }
    if words.respelt(ja, jb) {
        return (L::Respelt, bits(0.012, fa + fb + 1e-4));
    }
    let shared = a.words.iter().find(|word| b.words.contains(word)).copied();
    let of_middle = |person: &Person, part: &Part| {
        person
            .middle
            .iter()
            .find(|word| part.words.contains(word) && !words.word(**word).is_initial())
            .copied()
    };
    if let Some(shared) = shared.or_else(|| of_middle(one, b)).or_else(|| of_middle(other, a)) {
        return (L::OneWord, bits(0.014, frequencies.last(shared) + 1e-4));
    }
    if is_slip(frequencies, ja, jb, Entries::last_count) {
        return (L::Slip, bits(0.022, fa + fb + 4e-4));
    }
    if of_mail(one_entry, b) || of_mail(other_entry, a) {
        let f = if of_mail(one_entry, b) { fb } else { fa };
        return (L::FromMail, bits(0.015, f + 5e-4));
    }
    if slips::likeness(words.text(ja), words.text(jb)) >= 0.88 {
        return (L::Loose, bits(0.0015, fa + fb + 1.2e-3));
    }
    (L::Different, -5.6)
}

/// Whether the address of an entry holds this last name.
fn tells_last(words: &Lexicon, entry: &Prepared, last: &Part) -> bool {
    let Some(mail) = entry.mail.as_ref().filter(|mail| !mail.is_role) else { return false };
    let (local, last) = (words.text(mail.local), words.text(last.joined));
    let local = local.trim_end_matches(|c: char| c.is_ascii_digit());
    last.len() >= 4 && (local.starts_with(last) || local.ends_with(last))
}

/// First and last name swapped, where both are at slip level or better.
fn swapped(
    frequencies: &Frequencies<'_>,
    one: &Person,
    other: &Person,
) -> Option<(NameLevel, NameLevel, f32)> {
    let words = frequencies.words;
    let crossed = |a: WordId, b: WordId| {
        if a == NONE || b == NONE || words.word(a).is_initial() || words.word(b).is_initial() {
            return None;
        }
        let f = |word| frequencies.first(word).max(frequencies.last(word));
        if a == b {
            return Some((NameLevel::Equal, bits(0.88, f(a))));
        }
        if words.respelt(a, b) {
            return Some((NameLevel::Respelt, bits(0.015, f(a) + f(b) + 4e-4)));
        }
        is_slip(frequencies, a, b, |side, word| side.first_count(word) + side.last_count(word))
            .then(|| (NameLevel::Slip, bits(0.02, f(a) + f(b) + 1e-3)))
    };
    let (first, first_bits) = crossed(one.first.joined, other.last.joined)?;
    let (last, last_bits) = crossed(one.last.joined, other.first.joined)?;
    Some((first, last, first_bits + last_bits - 5.0))
}

fn middles(words: &Lexicon, one: &Person, other: &Person, first: NameLevel) -> (Extra, f32) {
    let (Some(a), Some(b)) = (one.middle.first(), other.middle.first()) else { return (Extra::Missing, 0.0) };
    if first == NameLevel::Middle {
        return (Extra::Missing, 0.0);
    }
    if words.word(*a).is_initial() || words.word(*b).is_initial() {
        return match words.word(*a).initial() == words.word(*b).initial() {
            true => (Extra::Initial, 3.2),
            false => (Extra::Differs, -4.5),
        };
    }
    let same = one
        .middle
        .iter()
        .any(|word| other.middle.iter().any(|other| word == other || words.respelt(*word, *other)));
    let near = || {
        words.nicknames(*a, *b)
            || words.shortened(*a, *b)
            || slips::slips(words.text(*a), words.text(*b), 1).is_some()
    };
    if same || near() { (Extra::Equal, 6.0) } else { (Extra::Differs, -4.5) }
}

fn generations(one: &Person, other: &Person) -> (Extra, f32) {
    match (one.generation, other.generation) {
        (0, 0) => (Extra::Missing, 0.0),
        (a, b) if a == b => (Extra::Equal, 4.5),
        (0, _) | (_, 0) => (Extra::OneSide, -0.7),
        _ => (Extra::Differs, -8.0),
    }
}

fn mails(
    names: &Names,
    sides: [&Entries; 2],
    (one, one_name): (&Prepared, &Person),
    (other, other_name): (&Prepared, &Person),
) -> (MailLevel, f32) {
    use MailLevel as L;
    let (Some(a), Some(b)) = (&one.mail, &other.mail) else { return (L::Missing, 0.0) };
    if a.address == b.address {
        if a.is_role {
            return (L::Role, 1.0);
        }
        let holders = sides.iter().map(|side| side.at_address(a.address).len()).max().unwrap_or_default();
        return match holders {
            0..=1 => (L::Same, 17.0),
            several => (L::Shared(several.min(60_000) as u16), 6.0 - (several as f32).log2()),
        };
    }
    if a.is_role || b.is_role {
        return (L::Other, -0.5);
    }
    if a.domain == b.domain {
        return match () {
            () if is_typo(names, a, b) => (L::Slip, 6.0),
            () if !a.is_public => (L::OtherAtCompany, -6.0),
            () => (L::Other, -0.5),
        };
    }
    if a.local == b.local {
        let text = |word: WordId| names.words.text(word);
        let local = text(a.local);
        let made = |person: &Person| {
            let part = |part: &Part| {
                if part.words.is_empty() { String::new() } else { text(part.joined).to_owned() }
            };
            mailbox::is_made_of(local, &part(&person.first), &part(&person.last))
        };
        return match made(one_name) || made(other_name) {
            true => (L::LocalOfName, 2.0),
            false => (L::Local, 10.0),
        };
    }
    (L::Other, -0.5)
}

/// One letter apart, and the digits equal: `jsmith2` and `jsmith` are two people.
fn is_typo(names: &Names, a: &Mail, b: &Mail) -> bool {
    let (a, b) = (names.words.text(a.local), names.words.text(b.local));
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
    a.len().min(b.len()) >= 5 && slips::slips(a, b, 1).is_some() && digits(a) == digits(b)
}
