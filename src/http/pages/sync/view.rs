//! What a Sync page shows, as its templates want it.

use crate::{
    domain::words::List,
    service::{pairs::Pair, profiles::Profile, records::Record},
};

/// A profile or a record that is not linked.
pub(super) struct Card {
    /// What the form sends.
    pub(super) id: String,
    pub(super) name: String,
    /// The e-mail, or the address of a customer; empty where there is none.
    pub(super) place: String,
    /// The job of an employee, or what a customer is about.
    pub(super) about: String,
    /// As the other system or the app calls it.
    pub(super) code: String,
    /// The customer whose job it is.
    pub(super) parent: String,
    /// Whether it stands right below that customer, or another job of it.
    pub(super) below: bool,
    pub(super) flag: String,
    /// What assistive technology reads after the name.
    pub(super) described: String,
}

impl Card {
    pub(super) fn of_profile(profile: Profile) -> Self {
        let place = match &profile.address {
            Some(address) => address.on_one_line(),
            None => profile.email.unwrap_or_default(),
        };
        Self {
            described: described(&[&place, &profile.profile_id]),
            id: profile.profile_id.clone(),
            name: profile.name,
            place,
            about: profile.description.unwrap_or_default(),
            code: profile.profile_id,
            parent: String::new(),
            below: false,
            flag: String::new(),
        }
    }

    /// Cards in the order of the list; each job knows whether its customer stands above it.
    pub(super) fn of_records(records: Vec<Record>) -> Vec<Self> {
        let mut above: Option<(String, Option<String>)> = None;
        let mut cards = Vec::with_capacity(records.len());
        for record in records {
            let parent = record.content.parent_external_id.clone();
            let below = parent.is_some()
                && above.as_ref().is_some_and(|(id, of)| Some(id) == parent.as_ref() || *of == parent);
            above = Some((record.content.external_id.clone(), parent));
            cards.push(Self { below, ..Self::of_record(record) });
        }
        cards
    }

    pub(super) fn of_record(record: Record) -> Self {
        let flag = flag(record.content.active, record.absent);
        let content = record.content;
        let place = match &content.address {
            Some(address) => address.on_one_line(),
            None => content.email.unwrap_or_default(),
        };
        let about = match record.list {
            List::Employee => content.job_title,
            List::Customer => content.description,
        };
        let parent = content.full_name.as_deref().and_then(|full| full.rsplit_once(':'));
        let parent = parent.filter(|_| content.sublevel > 0).map(|(parent, _)| parent.replace(':', " › "));
        let parent = parent.unwrap_or_default();
        let job = if parent.is_empty() { String::new() } else { format!("job of {parent}") };
        let about = about.unwrap_or_default();
        Self {
            described: described(&[&job, &place, &about, &content.external_id, &flag]),
            id: record.id,
            name: content.name,
            place,
            about,
            code: content.external_id,
            parent,
            below: false,
            flag,
        }
    }
}

fn described(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn flag(active: bool, absent: bool) -> String {
    match (active, absent) {
        (_, true) => "Not in the last list",
        (false, false) => "Inactive",
        (true, false) => "",
    }
    .to_owned()
}

/// A linked pair.
pub(super) struct Row {
    pub(super) record_id: String,
    pub(super) profile_name: String,
    pub(super) profile_id: String,
    pub(super) record_name: String,
    pub(super) external_id: String,
    pub(super) flag: String,
}

impl Row {
    pub(super) fn of(pair: Pair) -> Self {
        Self {
            flag: flag(pair.active, pair.absent_since.is_some()),
            record_id: pair.link.record_id,
            profile_name: pair.link.profile_name,
            profile_id: pair.link.profile_id,
            record_name: pair.record_name,
            external_id: pair.external_id,
        }
    }
}

/// The rows of one list, and where more of them are.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// The address of the page that begins after these; empty at the end.
    pub(super) more: String,
    /// The address of only the rows that follow.
    pub(super) part: String,
    pub(super) search: String,
}

/// A number for people: counted to 10,000.
pub(super) fn told(count: usize) -> String {
    match count {
        0..=999 => count.to_string(),
        1_000..=10_000 => format!("{},{:03}", count / 1_000, count % 1_000),
        _ => "10,000+".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn numbers_are_told_as_far_as_they_are_counted() {
        let shown = [0, 999, 1_000, 1_204, 10_000, 10_001].map(told);
        assert_eq!(shown, ["0", "999", "1,000", "1,204", "10,000", "10,000+"]);
    }
}
