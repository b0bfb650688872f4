use std::collections::HashSet;

use super::super::changes::{CompanyFileError, NewEmployee};
use super::*;

#[test]
fn the_same_seed_makes_the_same_lists() {
    let (a, b) = (CompanyFile::new(3, 500, 500), CompanyFile::new(3, 500, 500));
    assert!(a.employees().eq(b.employees()) && a.customers().eq(b.customers()));
    assert_ne!(a.employees().next(), CompanyFile::new(4, 500, 500).employees().next());
}

#[test]
fn the_lists_hold_what_is_awkward() {
    let file = CompanyFile::new(11, 200, 200);
    let (people, customers): (Vec<_>, Vec<_>) = (file.employees().collect(), file.customers().collect());
    assert!(people.iter().any(|one| !one.active) && people.iter().any(|one| one.email.is_none()));
    assert!(people.iter().filter(|one| one.email.as_deref() == Some("frontdesk@example.com")).count() > 1);
    assert!(
        people.iter().any(|one| !one.name.is_ascii()) && people.iter().any(|one| one.name.contains('\''))
    );
    assert!(
        customers.iter().any(|one| one.name.contains('&'))
            && customers.iter().any(|one| one.name.contains('"'))
    );
    for level in 0..3 {
        assert!(customers.iter().any(|one| one.sublevel == level));
    }
    let job = customers.iter().find(|one| one.sublevel == 2).unwrap();
    assert_eq!(job.full_name.matches(':').count(), 2);
    assert_eq!(job.full_name, format!("{}:{}", job.parent_full_name.as_ref().unwrap(), job.name));
}

#[test]
fn names_and_ids_are_unique_and_not_too_long() {
    for file in [CompanyFile::new(1, 9000, 30_000), CompanyFile::new(u64::MAX, 9000, 30_000)] {
        let entries: Vec<_> = file.employees().chain(file.customers()).collect();
        let ids: HashSet<_> = entries.iter().map(|one| one.list_id.as_str()).collect();
        assert_eq!(ids.len(), entries.len());
        let names: HashSet<_> = entries.iter().map(|one| (one.list, one.full_name.as_str())).collect();
        assert_eq!(names.len(), entries.len());
        for one in &entries {
            assert!(one.name.chars().count() <= 41 && !one.name.contains(':'), "{}", one.name);
            assert!(one.time_created <= one.time_modified && one.time_modified < file.now());
        }
    }
    assert_eq!(CompanyFile::new(1, 1, 0).employees().next().unwrap().list_id, "80000001-1446673838");
}

#[test]
fn a_million_employees_need_no_memory() {
    let file = CompanyFile::new(1, 1_000_000, 0);
    let last = file.entry(List::Employee, 999_999).unwrap();
    assert_eq!(file.find(&last.list_id), Some(last));
}

#[test]
fn changes_are_seen_at_their_time() {
    let mut file = CompanyFile::new(5, 20, 20);
    let id = file.employees().nth(2).unwrap().list_id;
    file.advance(TimeDelta::minutes(1));
    file.rename_person(&id, "Ada", "Lovelace").unwrap();
    file.change_email(&id, None).unwrap();
    file.deactivate(&id).unwrap();
    let one = file.find(&id).unwrap();
    assert_eq!((one.name.as_str(), one.email, one.active), ("Ada Lovelace", None, false));
    assert_eq!((one.time_modified, one.edit_sequence), (file.now(), file.now().timestamp().to_string()));
    assert!(one.released_on.is_some());
    file.reactivate(&id).unwrap();
    assert!(file.find(&id).unwrap().active);
    let new = file.add_employee(NewEmployee {
        first_name: "Bo".into(),
        last_name: "Ek".into(),
        ..Default::default()
    });
    assert_eq!(file.employees().last().unwrap().list_id, new);
    file.delete(&new).unwrap();
    assert_eq!((file.find(&new), file.employees().count()), (None, 20));
    assert_eq!(file.deleted().len(), 1);
    assert_eq!(file.delete(&new), Err(CompanyFileError::NoSuchEntry(new)));
}

#[test]
fn a_job_follows_the_name_of_its_customer() {
    let mut file = CompanyFile::new(5, 0, 10);
    let job = file.customers().find(|one| one.sublevel == 1).unwrap();
    let parent = job.parent_list_id.unwrap();
    file.rename(&parent, "Renamed").unwrap();
    let after = file.find(&job.list_id).unwrap();
    assert_eq!(after.full_name, format!("Renamed:{}", job.name));
    assert_eq!(after.time_modified, job.time_modified);
    assert!(matches!(file.delete(&parent), Err(CompanyFileError::HasJobs(_))));
}
