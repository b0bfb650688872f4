//! What matching promises, whatever the names.

use crate::domain::words::List;

use super::*;

fn person(id: &str, name: &str, email: &str) -> Entry {
    let email = (!email.is_empty()).then(|| email.to_owned());
    Entry { id: id.into(), name: name.into(), email, ..Entry::default() }
}

fn filled(records: &[(&str, &str, &str)], profiles: &[(&str, &str, &str)]) -> Matcher {
    let all =
        |some: &[(&str, &str, &str)]| some.iter().map(|(id, name, email)| person(id, name, email)).collect();
    let (mut records, mut profiles): (Vec<Entry>, Vec<Entry>) = (all(records), all(profiles));
    for (at, name) in
        ["Ines Okoro", "Karl Brandt", "Mei Castell", "Tomas Vik", "Ruth Abel"].iter().enumerate()
    {
        records.push(person(&format!("r9{at}"), name, ""));
        profiles.push(person(&format!("p9{at}"), name, ""));
    }
    Matcher::new(List::Employee, records, profiles)
}

fn level(matcher: &mut Matcher, record: &str) -> Option<(String, Level)> {
    matcher.of_record(record).first().map(|pair| (pair.profile_id.clone(), pair.level))
}

#[test]
fn the_same_e_mail_and_name_are_certain_and_the_name_alone_is_not() {
    let mut two = filled(
        &[("r1", "Kowalczyk, William", "bill@acme.example"), ("r2", "Jane Ferrand", "")],
        &[("p1", "Bill Kowalczyk", "bill@acme.example"), ("p2", "Jane Ferrand", "")],
    );
    assert_eq!(level(&mut two, "r1"), Some(("p1".into(), Level::Certain)));
    assert_eq!(two.of_record("r1")[0].reasons, ["same e-mail", "same last name", "nickname: William – Bill"]);
    assert_eq!(level(&mut two, "r2"), Some(("p2".into(), Level::Likely)));
    assert!(two.of_record("r2")[0].reasons.contains(&"only the name can be compared".to_owned()));
}

#[test]
fn a_namesake_of_any_standing_and_a_mailbox_of_a_role_keep_a_pair_from_being_certain() {
    for standing in [Standing::Free, Standing::Linked, Standing::Aside] {
        for side in [Side::Records, Side::Profiles] {
            let mut two = filled(
                &[("r1", "Ann Kowalczyk", "ann@acme.example")],
                &[("p1", "Ann Kowalczyk", "ann@acme.example")],
            );
            assert_eq!(level(&mut two, "r1"), Some(("p1".into(), Level::Certain)));
            two.put(side, Entry { standing, ..person("x", "Kowalczyk, Anne", "") });
            assert_ne!(level(&mut two, "r1").map(|it| it.1), Some(Level::Certain), "{side:?} {standing:?}");
            two.remove(side, "x");
            assert_eq!(level(&mut two, "r1"), Some(("p1".into(), Level::Certain)));
        }
    }
    let mut two = filled(
        &[("r1", "Ann Kowalczyk", "info@acme.example")],
        &[("p1", "Ann Kowalczyk", "info@acme.example")],
    );
    assert_eq!(level(&mut two, "r1"), Some(("p1".into(), Level::Likely)));
}

#[test]
fn a_business_with_a_rare_name_is_certain_and_one_of_two_places_is_not() {
    let named = |id: &str, name: &str| Entry { id: id.into(), name: name.into(), ..Entry::default() };
    let records = vec![
        named("r1", "Zabriskie Mfg. Co., Inc."),
        named("r2", "Halden Dental #4"),
        named("r3", "Halden Dental #7"),
    ];
    let profiles = vec![
        named("p1", "Zabriskie Manufacturing"),
        named("p2", "Halden Dental #4"),
        named("p3", "Halden Dental 9"),
    ];
    let mut two = Matcher::new(List::Customer, records, profiles);
    assert_eq!(two.of_record("r1").first().map(|it| it.profile_id.as_str()), Some("p1"));
    assert!(two.of_record("r3").iter().all(|it| it.level != Level::Certain));
}

#[test]
fn a_business_has_a_twin_whatever_its_standing_and_is_not_certain_then() {
    let named = |id: &str, name: &str| Entry { id: id.into(), name: name.into(), ..Entry::default() };
    let certain = |two: &mut Matcher| two.of_record("r1").first().map(|it| it.level) == Some(Level::Certain);
    let filler = ["Halden Dental", "Ostrander Glass", "Quillan Books", "Vesper Roofing"];
    let side = |prefix: &str| -> Vec<Entry> {
        let others = filler.iter().enumerate().map(|(at, name)| named(&format!("{prefix}9{at}"), name));
        others.chain([named(&format!("{prefix}1"), "Zabriskie Chandlery Annex")]).collect()
    };
    let mut two = Matcher::new(List::Customer, side("r"), side("p"));
    assert!(certain(&mut two));
    for (side, standing) in [(Side::Records, Standing::Linked), (Side::Profiles, Standing::Aside)] {
        two.put(side, Entry { standing, ..named("x", "Zabriskie Chandlery Annex") });
        assert!(!certain(&mut two), "{side:?}");
        two.remove(side, "x");
        assert!(certain(&mut two), "{side:?}");
    }
}

proptest::proptest! {
    #[test]
    fn the_order_of_the_lists_does_not_matter_and_each_has_at_most_one_that_is_certain(
        words in proptest::collection::vec((0_usize..6, 0_usize..6, 0_usize..8), 1..14)
    ) {
        let (first, last) = (["Ann", "Anna", "Bill", "William", "Jo", "Xenia"], ["Lee", "Li", "Kowalczyk", "Kowalcyk", "Garcia Lopez", "Lopez"]);
        let entries = |prefix: &str| -> Vec<Entry> {
            words.iter().enumerate().map(|(at, (f, l, mail))| {
                let mail = if *mail < 5 { format!("m{mail}@acme.example") } else { String::new() };
                let turn = if prefix == "p" { (f + at) % 6 } else { *f };
                person(&format!("{prefix}{at}"), &format!("{} {}", first[turn], last[*l]), &mail)
            }).collect()
        };
        let (records, profiles) = (entries("r"), entries("p"));
        let mut straight = Matcher::new(List::Employee, records.clone(), profiles.clone());
        let mut turned = Matcher::new(
            List::Employee, records.iter().rev().cloned().collect(), profiles.iter().rev().cloned().collect());
        // The same, one by one and the last first.
        let mut followed = Matcher::new(List::Employee, Vec::new(), Vec::new());
        for (record, profile) in records.iter().zip(&profiles).rev() {
            followed.put(Side::Profiles, profile.clone());
            followed.put(Side::Records, record.clone());
        }
        for level in [Level::Certain, Level::Likely, Level::Possible] {
            proptest::prop_assert_eq!(straight.best(level), followed.best(level));
        }
        for profile in &profiles {
            proptest::prop_assert_eq!(straight.of_profile(&profile.id), followed.of_profile(&profile.id));
        }
        let mut certain = std::collections::BTreeSet::new();
        for record in &records {
            let found = straight.of_record(&record.id);
            proptest::prop_assert_eq!(&found, &turned.of_record(&record.id));
            proptest::prop_assert_eq!(&found, &followed.of_record(&record.id));
            for pair in found {
                proptest::prop_assert!(!pair.reasons.is_empty());
                if pair.level == Level::Certain {
                    proptest::prop_assert!(certain.insert(pair.profile_id.clone()), "{:?}", pair);
                    proptest::prop_assert!(record.email.is_some());
                }
            }
        }
    }
}
