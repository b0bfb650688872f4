use super::{Fault, Faults, PlannedFault, limit::Limit};

#[test]
fn a_fault_is_named_with_its_times_and_its_delay() {
    let planned: PlannedFault = "missing-page:3@2".parse().unwrap();
    assert_eq!(planned, PlannedFault::from(Fault::MissingPage).times(3).after(2));
    assert_eq!("slow".parse::<PlannedFault>().unwrap(), Fault::Slow.into());
    assert_eq!("slow@4".parse::<PlannedFault>().unwrap(), PlannedFault::from(Fault::Slow).after(4));
    for wrong in ["", "slower", "slow:", "slow:x", "slow@", "slow@1:2"] {
        assert!(wrong.parse::<PlannedFault>().is_err(), "{wrong}");
    }
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse::<PlannedFault>().unwrap(), fault.into());
    }
}

#[test]
fn a_fault_waits_strikes_as_planned_and_is_counted() {
    let planned = [PlannedFault::from(Fault::Slow).times(2).after(1), Fault::CutOff.into()];
    let mut faults = Faults::new(planned);
    let kinds = [Fault::Slow];
    let struck: Vec<_> = (0..4).map(|_| faults.strikes("/x", true, &kinds).is_some()).collect();
    assert_eq!(struck, [false, true, true, false]);
    assert!(!faults.is_over());
    assert_eq!(faults.applied().into_iter().collect::<Vec<_>>(), [(Fault::Slow, 2)]);

    let mut faults = Faults::new([PlannedFault::from(Fault::Redirect).on("/login/")]);
    assert_eq!(faults.strikes("/api", true, &Fault::ANY_CALL), None);
    assert_eq!(faults.strikes("/login/x", false, &Fault::ANY_CALL), Some(Fault::Redirect));
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let run = |seed| -> Vec<Option<Fault>> {
        let mut faults = Faults::random(seed, 300, &[Fault::ServerError, Fault::CutOff, Fault::ResultFalse]);
        (0..200).map(|_| faults.strikes("/x", true, &Fault::ANY_CALL)).collect()
    };
    let struck = run(1).iter().flatten().count();
    assert!((30..90).contains(&struck), "{struck}");
    assert!(!run(1).contains(&Some(Fault::ResultFalse)));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn the_limit_slides_and_tells_how_long_to_wait() {
    let start = "2026-03-01T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let at = |milliseconds| start + chrono::TimeDelta::milliseconds(milliseconds);
    let mut limit = Limit::new(2);
    assert_eq!(limit.refuses("a", at(0)), None);
    assert_eq!(limit.refuses("a", at(30_000)), None);
    assert_eq!(limit.refuses("a", at(59_500)), Some(1));
    assert_eq!(limit.refuses("b", at(59_500)), None);
    assert_eq!(limit.refuses("a", at(60_000)), None);
    assert_eq!(limit.refuses("a", at(60_001)), Some(30));
    assert!((0..10_000).all(|_| Limit::new(0).refuses("a", at(0)).is_none()));
}
