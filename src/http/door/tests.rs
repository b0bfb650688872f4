//! Who makes room for whom, at a standstill of the clock.

use super::*;

fn at(n: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, n])
}

/// Whether it was sent away, by now.
fn gone(guest: &Seated<Guest>) -> bool {
    futures_util::FutureExt::now_or_never(guest.0.sent_away()).is_some()
}

fn enter(door: &Arc<Door>, address: IpAddr) -> Option<Seated<Guest>> {
    door.connection(address, false, false)
}

fn stands_still(guest: &Seated<Guest>) {
    guest.0.moved.store(0, Relaxed);
}

#[test]
fn the_one_that_stands_still_for_the_longest_time_makes_room_at_its_own_address() {
    let door = Door::new(100, 3);
    let [first, second, working] = [(); 3].map(|()| enter(&door, at(1)).unwrap());
    let other = enter(&door, at(2)).unwrap();
    let visit = door.request(&working.0, at(1)).unwrap();
    visit.0.whole();
    assert!(enter(&door, at(1)).is_none(), "all have moved just now");
    first.0.moved.store(7, Relaxed);
    second.0.moved.store(5, Relaxed);
    working.0.moved.store(4, Relaxed);
    stands_still(&other);
    let _third = enter(&door, at(1)).unwrap();
    assert!(gone(&second) && ![&first, &other, &working].into_iter().any(gone));
}

#[test]
fn who_is_known_is_not_sent_away_for_strangers_and_finds_a_place() {
    let door = Door::new(8, 8);
    let guests: Vec<_> = (0..7).map(|_| enter(&door, at(1)).unwrap()).collect();
    let visits: Vec<_> = guests.iter().map(|guest| door.request(&guest.0, at(1)).unwrap()).collect();
    visits.iter().for_each(|visit| visit.0.welcome());
    // All places of strangers are taken by callers who are known and at work.
    guests.iter().for_each(stands_still);
    assert!(enter(&door, at(2)).is_none());
    let known = enter(&door, at(1)).unwrap();
    drop(visits);
    // Idle now, and still known: a stranger does not push them out.
    guests.iter().for_each(stands_still);
    assert!(enter(&door, at(3)).is_none() && !guests.iter().any(gone));
    drop((guests, known));
    assert!(enter(&door, at(2)).is_some());
}

#[test]
fn the_lane_is_bounded_and_nothing_is_left_behind() {
    let door = Door::new(1, 1);
    let guest = enter(&door, at(1)).unwrap();
    let visit = door.request(&guest.0, at(1)).unwrap();
    visit.0.welcome();
    assert!(door.request(&guest.0, at(1)).is_none(), "a stream counts like a connection");
    let lane: Vec<_> = (0..LANE + 3).map(|_| door.connection(at(2), false, true).unwrap()).collect();
    assert!(lane.iter().all(|guest| guest.0.lane));
    assert_eq!(lane.iter().filter(|guest| gone(guest)).count(), 3);
    drop((lane, visit));
    let counts = |count: &AtomicUsize| count.load(Relaxed);
    assert_eq!((counts(&guest.0.firm), counts(&guest.0.whole)), (0, 0));
    drop(guest);
    let state = door.state();
    assert!(state.connections.seats.is_empty() && state.connections.by.is_empty());
    assert!(state.lane.seats.is_empty() && state.requests.seats.is_empty() && state.requests.by.is_empty());
}

#[test]
fn a_network_of_ipv6_is_one_address_and_a_proxy_has_no_bound() {
    let door = Door::new(100, 1);
    let one = enter(&door, "2001:db8::1".parse().unwrap()).unwrap();
    stands_still(&one);
    let _other = enter(&door, "2001:db8::2".parse().unwrap()).unwrap();
    assert!(gone(&one));
    let proxy: Vec<_> = (0..5).map(|_| door.connection(at(1), true, false).unwrap()).collect();
    assert!(!proxy.iter().any(gone));
    // Of the requests through it each counts for its own client.
    let first = door.request(&proxy[0].0, at(7)).unwrap();
    let _second = door.request(&proxy[1].0, at(8)).unwrap();
    first.0.moved.store(0, Relaxed);
    let _third = door.request(&proxy[2].0, at(7)).unwrap();
    assert!(futures_util::FutureExt::now_or_never(first.0.sent_away()).is_some());
}
