//! What people read: facts in a fixed order, with the words that were compared.

use super::{
    compare::{Extra, Findings, MailLevel, NameLevel},
    customers,
    lexicon::{NONE, WordId},
    matcher::Found,
    rules::Obstacle,
    side::{Names, Part, Person, Prepared},
};

/// The sentences about a pair: what speaks for it, then what keeps it from being certain.
pub(super) fn sentences(
    names: &Names,
    found: &Found,
    record: &Prepared,
    profile: &Prepared,
    against: &[Obstacle],
    rival: Option<&Prepared>,
) -> Vec<String> {
    let mut said = match (found, &record.person, &profile.person) {
        (Found::People(findings), Some(one), Some(other)) => of_people(names, findings, one, other),
        (Found::Businesses(findings), ..) => of_businesses(names, findings),
        _ => Vec::new(),
    };
    if said.is_empty() {
        said.push("some words of both are alike".into());
    }
    said.extend(against.iter().filter_map(|it| obstacle(names, it, record, profile)));
    if let Some(rival) = rival {
        said.push(format!("{} is nearly as good a match", rival.entry.name));
    }
    said
}

fn of_people(names: &Names, found: &Findings, one: &Person, other: &Person) -> Vec<String> {
    let word = |word: WordId| if word == NONE { String::new() } else { capital(names.words.text(word)) };
    let part = |part: &Part| part.words.iter().map(|it| word(*it)).collect::<Vec<_>>().join(" ");
    let both = |a: &Part, b: &Part| format!("{}, {}", part(a), part(b));
    let mut said = Vec::new();
    said.extend(mail(found.mail));
    if found.swapped {
        said.push("first and last name swapped".into());
        return said;
    }
    let (a, b) = (&one.last, &other.last);
    said.extend(match found.last {
        NameLevel::Equal => Some("same last name".to_owned()),
        NameLevel::Respelt => Some(format!("last names spelt differently: {}", both(a, b))),
        NameLevel::OneWord => Some(format!("one of two last names: {}", both(a, b))),
        NameLevel::Slip => Some(format!("last names differ by a letter or two: {}", both(a, b))),
        NameLevel::FromMail => Some("last name as in the e-mail address".to_owned()),
        NameLevel::Initial => Some(format!("last name by its initial only: {}", both(a, b))),
        NameLevel::Loose => Some(format!("last names are a little alike: {}", both(a, b))),
        _ => None,
    });
    let (a, b) = (&one.first, &other.first);
    said.extend(match found.first {
        NameLevel::Equal => Some("same first name".to_owned()),
        NameLevel::Respelt => Some(format!("spelt differently: {}", both(a, b))),
        NameLevel::Nickname => Some(format!("nickname: {} – {}", part(a), part(b))),
        NameLevel::OneWord => Some(format!("one of two first names: {}", both(a, b))),
        NameLevel::Middle => Some(format!("goes by the middle name: {}", both(a, b))),
        NameLevel::Slip => Some(format!("first names differ by a letter or two: {}", both(a, b))),
        NameLevel::Initial => Some(format!("initial only: {}", both(a, b))),
        NameLevel::Loose => Some(format!("first names are a little alike: {}", both(a, b))),
        _ => None,
    });
    said.extend(match found.middle {
        Extra::Equal => Some("same middle name".to_owned()),
        Extra::Initial => Some("middle initial agrees".to_owned()),
        _ => None,
    });
    said.extend((found.generation == Extra::Equal).then(|| "same generation".to_owned()));
    said
}

fn of_businesses(names: &Names, found: &customers::Findings) -> Vec<String> {
    let mut said: Vec<String> = mail(found.mail).into_iter().collect();
    let whole = found.left == [0, 0] && found.slips == 0;
    said.extend(match (whole, found.equal) {
        (true, 1..) => Some("same name".to_owned()),
        (false, 1) => Some("one word of the name is the same".to_owned()),
        (false, several @ 2..) => Some(format!("{several} words of the name are the same")),
        _ => None,
    });
    said.extend(found.slip.map(|(a, b)| {
        format!(
            "words differ by a letter or two: {}, {}",
            capital(names.words.text(a)),
            capital(names.words.text(b))
        )
    }));
    said.extend((found.form == customers::Form::Equal).then(|| "same legal form".to_owned()));
    said
}

fn mail(level: MailLevel) -> Option<String> {
    Some(match level {
        MailLevel::Same | MailLevel::Shared(_) | MailLevel::Role => "same e-mail".into(),
        MailLevel::Slip => "e-mail addresses differ by one letter".into(),
        MailLevel::Local => "e-mail addresses are alike".into(),
        MailLevel::LocalOfName => "both e-mail addresses fit the name".into(),
        MailLevel::OtherAtCompany | MailLevel::Other | MailLevel::Missing => return None,
    })
}

fn obstacle(names: &Names, it: &Obstacle, record: &Prepared, profile: &Prepared) -> Option<String> {
    let middles = || {
        let of = |entry: &Prepared| {
            let word = entry.person.as_ref().and_then(|it| it.middle.first().copied()).unwrap_or(NONE);
            capital(names.words.text(word))
        };
        format!("middle names differ: {}, {}", of(record), of(profile))
    };
    let domain = || {
        let at = record.entry.email.as_deref().and_then(|text| text.rsplit_once('@'));
        at.map_or_else(
            || "another e-mail at the same company".to_owned(),
            |(_, domain)| format!("another e-mail at {domain}"),
        )
    };
    Some(match it {
        Obstacle::OnlyTheName => "only the name can be compared".into(),
        Obstacle::OtherMail => "the e-mail addresses differ".into(),
        Obstacle::OtherMailAtCompany => domain(),
        Obstacle::MailSlip => return None,
        Obstacle::SharedMail(several) => format!("e-mail is shared by {several}"),
        Obstacle::RoleMail => "the e-mail is a shared mailbox".into(),
        Obstacle::FirstNames => "first names do not agree".into(),
        Obstacle::LastNames => "last names do not agree".into(),
        Obstacle::MiddleNames => middles(),
        Obstacle::Generation { differs: true } => "generations differ".into(),
        Obstacle::Generation { differs: false } => "Jr, Sr or the like on one side only".into(),
        Obstacle::Swapped => "the swapped names differ by a letter".into(),
        Obstacle::Namesakes(several) => format!("{several} are called {}", record.entry.name),
        Obstacle::Aside => "one of them is not to be matched".into(),
        Obstacle::OwnWords => "both names are not the same word for word".into(),
        Obstacle::LegalForms => "legal forms differ".into(),
        Obstacle::CommonWords => "no word of the name is rare".into(),
        Obstacle::Alternatives => "only one of several names was compared".into(),
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
