//! E-mail addresses, as far as they tell who somebody is.

use crate::domain::email;

use super::text;

/// An address, normalized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub address: String,
    pub domain: String,
    /// The part before the `@`, its letters and digits only.
    pub local: String,
    /// The words of that part.
    pub words: Vec<String>,
    /// Whether it belongs to a role, not to a person.
    pub is_role: bool,
    /// Whether anybody can have an address at its domain.
    pub is_public: bool,
}

const ROLES: [&str; 40] = [
    "info",
    "office",
    "admin",
    "administrator",
    "payroll",
    "hr",
    "humanresources",
    "sales",
    "billing",
    "ap",
    "ar",
    "frontdesk",
    "reception",
    "noreply",
    "donotreply",
    "support",
    "contact",
    "accounting",
    "accounts",
    "accountspayable",
    "accountsreceivable",
    "invoices",
    "invoice",
    "help",
    "helpdesk",
    "service",
    "services",
    "mail",
    "team",
    "staff",
    "jobs",
    "careers",
    "orders",
    "purchasing",
    "dispatch",
    "it",
    "webmaster",
    "hello",
    "enquiries",
    "postmaster",
];

const PUBLIC: [&str; 32] = [
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "aol.com",
    "icloud.com",
    "live.com",
    "msn.com",
    "comcast.net",
    "att.net",
    "verizon.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "me.com",
    "mac.com",
    "ymail.com",
    "rocketmail.com",
    "mail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "protonmail.com",
    "proton.me",
    "yahoo.co.uk",
    "hotmail.co.uk",
    "btinternet.com",
    "orange.fr",
    "libero.it",
];

/// Reads the first address of a text.
pub(super) fn read(text: &str) -> Option<Mailbox> {
    let address = email::email(text)?;
    let folded = text::latin(&address);
    let (local, domain) = folded.split_once('@')?;
    let domain = if domain == "googlemail.com" { "gmail.com" } else { domain };
    let local = local.split_once('+').map_or(local, |(before, _)| before);
    let letters: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let kept = if domain == "gmail.com" { local.replace('.', "") } else { local.to_owned() };
    let words = local.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let bare = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    Some(Mailbox {
        address: format!("{kept}@{domain}"),
        domain: domain.to_owned(),
        is_role: ROLES.contains(&bare) || words.clone().next().is_some_and(|word| word == "noreply"),
        is_public: PUBLIC.contains(&domain),
        words: words.map(Into::into).collect(),
        local: letters,
    })
}

/// Whether the part before the `@` is made of a name, as `jsmith` of Jane Smith: then it fits any namesake as well.
pub(super) fn is_made_of(local: &str, first: &str, last: &str) -> bool {
    let local = local.trim_end_matches(|c: char| c.is_ascii_digit());
    if local.is_empty() || first.is_empty() || last.is_empty() {
        return !local.is_empty() && (local == first || local == last);
    }
    let around = |one: &str, other: &str| {
        // One name, or its beginning, before the other or its initial.
        local.strip_prefix(one).is_some_and(|rest| {
            rest.is_empty()
                || (rest.len() <= other.len() && other.starts_with(rest))
                || rest.strip_suffix(other).is_some_and(|inner| inner.len() == 1)
        }) || local.strip_suffix(other).is_some_and(|rest| !rest.is_empty() && one.starts_with(rest))
    };
    around(first, last) || around(last, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalized() {
        let one = |text: &str| read(text).unwrap();
        assert_eq!(one("J.Smith+pay@GoogleMail.com").address, "jsmith@gmail.com");
        assert_eq!(one("J.Smith@Acme.com").address, "j.smith@acme.com");
        assert_eq!(one("J.Smith@Acme.com").local, "jsmith");
        assert!(one("payroll2@acme.com").is_role && !one("pay.roland@acme.com").is_role);
        assert!(one("a@gmail.com").is_public && !one("a@acme.com").is_public);
        assert_eq!(read("N/A"), None);
    }

    #[test]
    fn a_local_part_is_made_of_the_name_or_not() {
        for local in ["janesmith", "jsmith", "smithj", "jane", "smith", "janes", "jsmith2", "janeqsmith"] {
            assert!(is_made_of(local, "jane", "smith"), "{local}");
        }
        for local in ["bluebird", "kate", "xsmith", "jones"] {
            assert!(!is_made_of(local, "jane", "smith"), "{local}");
        }
    }
}
