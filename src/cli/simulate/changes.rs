//! Changes to the simulated company file between two sessions.

use chrono::Utc;

use crate::simulators::quickbooks_desktop::{CompanyFile, NewEmployee};

/// Moves the clock of the company file to now. It never goes back.
pub(crate) fn keep_time(file: &mut CompanyFile) {
    let now = Utc::now().fixed_offset();
    if now > file.now() {
        file.set_now(now);
    }
}

/// Changes some entries, others in each round: an address, a new hire, somebody who leaves and one who returns.
pub(crate) fn change(file: &mut CompanyFile, round: u64, changes: u64) {
    keep_time(file);
    for step in 0..changes {
        let number = round.saturating_mul(changes).saturating_add(step);
        let people: Vec<(String, bool)> =
            file.employees().map(|entry| (entry.list_id, entry.active)).collect();
        let Some(index) = number.wrapping_mul(7).checked_rem(people.len() as u64) else { return };
        let Some((list_id, active)) = usize::try_from(index).ok().and_then(|index| people.get(index)) else {
            return;
        };
        // Every entry named here is in the file, so none of these can be refused.
        let _ = match number % 4 {
            0 => file.change_email(list_id, Some(&format!("changed.{number}@example.com"))),
            1 => {
                file.add_employee(NewEmployee {
                    first_name: "Robin".into(),
                    last_name: format!("Newhire {number}"),
                    email: Some(format!("robin.newhire{number}@example.com")),
                    ..NewEmployee::default()
                });
                Ok(())
            }
            _ if *active => file.deactivate(list_id),
            _ => file.reactivate(list_id),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::change;
    use crate::simulators::quickbooks_desktop::CompanyFile;

    #[test]
    fn every_round_changes_something_and_nobody_is_lost() {
        let mut file = CompanyFile::new(1, 10, 0);
        for round in 1..=8 {
            let before: Vec<_> = file.employees().collect();
            change(&mut file, round, 2);
            assert_ne!(before, file.employees().collect::<Vec<_>>());
        }
        assert!(file.employees().count() > 10);
        change(&mut CompanyFile::new(1, 0, 0), 1, 2);
    }
}
