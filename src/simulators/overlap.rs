//! How the same person or business is known to another system: mostly the same, and sometimes not.

use chrono::NaiveDate;

use super::people::{self, Person};
use super::quickbooks_desktop::List;

/// A system that knows some of the company file's people, and some that the company file does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Paycom,
    ConnectWise,
}

impl System {
    /// The first index of the people that only this system knows.
    fn own(self) -> u64 {
        match self {
            Self::Paycom => 1_000_000,
            Self::ConnectWise => 2_000_000,
        }
    }

    /// Which one in ten is somebody else: these people of the company file are unknown here.
    fn gap(self) -> u64 {
        match self {
            Self::Paycom => 7,
            Self::ConnectWise => 4,
        }
    }
}

/// Somebody as another system tells of them.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) first_name: String,
    pub(super) middle_name: Option<String>,
    pub(super) last_name: String,
    pub(super) nickname: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) title: Option<String>,
    pub(super) active: bool,
    pub(super) hired_on: Option<NaiveDate>,
    pub(super) left_on: Option<NaiveDate>,
    /// Unix time, seconds.
    pub(super) modified: i64,
}

/// Employee `index` of the system.
pub(super) fn employee(seed: u64, system: System, index: u64) -> Known {
    let source = if index % 10 == system.gap() { system.own() + index } else { index };
    let person = people::person(seed, List::Employee, source);
    let mut known = plain(person);
    known.nickname = nickname(&known.first_name).map(str::to_owned);
    differ(&mut known, system, index);
    known
}

fn plain(person: Person) -> Known {
    Known {
        first_name: person.first_name.unwrap_or_default(),
        middle_name: person.middle_name,
        last_name: person.last_name.unwrap_or_default(),
        nickname: None,
        email: person.email,
        phone: person.phone,
        title: person.job_title,
        active: person.active,
        hired_on: person.hired_on,
        left_on: person.released_on,
        modified: person.modified,
    }
}

/// What keeps two systems apart: another address, none, a married name, a nickname in place of the name.
fn differ(known: &mut Known, system: System, index: u64) {
    match (index + u64::from(system == System::ConnectWise) * 3) % 12 {
        2 => known.email = None,
        5 => {
            let initial: String = known.first_name.chars().filter(char::is_ascii).take(1).collect();
            known.email = Some(format!("{}{index}@staff.example.com", initial.to_lowercase()));
        }
        8 => known.last_name = format!("{}-Carter", known.last_name),
        10 if system == System::ConnectWise => {
            if let Some(nickname) = &known.nickname {
                known.first_name.clone_from(nickname);
            }
        }
        _ => {}
    }
}

fn nickname(first: &str) -> Option<&'static str> {
    Some(match first {
        "Katherine" | "Catherine" => "Kate",
        "Kathryn" => "Kathy",
        "Stephen" | "Steven" => "Steve",
        "Mohammed" | "Muhammad" => "Mo",
        "Jean-Sébastien" => "Jean",
        "Thomas" => "Tom",
        "Mary Ann" | "Maryann" => "Mary",
        "Łukasz" => "Luke",
        "Iñigo" => "Indy",
        "María" => "Mari",
        _ => return None,
    })
}

/// A business that may be a customer, with the person to ask for.
#[derive(Debug, Clone)]
pub(super) struct Business {
    pub(super) name: String,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) active: bool,
    /// Unix time, seconds.
    pub(super) modified: i64,
}

/// Business `index`: the customers of the company file without their jobs, with some that it does not know.
pub(super) fn business(seed: u64, index: u64) -> Business {
    // Places 3 and 4 of each five are jobs.
    let place = |ordinal: u64| ordinal / 3 * 5 + ordinal % 3;
    let gap = System::ConnectWise.gap();
    let source = if index % 10 == gap { place(System::ConnectWise.own() + index) } else { place(index) };
    let customer = people::person(seed, List::Customer, source);
    Business {
        name: customer.name,
        first_name: customer.first_name,
        last_name: customer.last_name,
        email: customer.email,
        phone: customer.phone,
        active: customer.active,
        modified: customer.modified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_people_are_known_to_all_systems_and_some_to_one_only() {
        let name = |known: &Known| (known.first_name.clone(), known.last_name.clone());
        let quickbooks: Vec<_> =
            (0..100).map(|index| name(&plain(people::person(1, List::Employee, index)))).collect();
        for system in [System::Paycom, System::ConnectWise] {
            let here: Vec<_> = (0..100).map(|index| name(&employee(1, system, index))).collect();
            let shared = here.iter().filter(|name| quickbooks.contains(name)).count();
            assert!((70..100).contains(&shared), "{system:?}: {shared}");
        }
        let customers: Vec<_> = (0..200).map(|index| people::person(1, List::Customer, index).name).collect();
        let shared = (0..100).filter(|index| customers.contains(&business(1, *index).name)).count();
        assert!((70..100).contains(&shared), "{shared}");
    }
}
