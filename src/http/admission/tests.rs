//! Which holder is evicted, with a clock that stands still.

use super::*;

fn at(n: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, n])
}

/// Whether it was evicted by now.
fn gone(client: &Admitted<ClientConnection>) -> bool {
    futures_util::FutureExt::now_or_never(client.0.evicted()).is_some()
}

fn enter(admission: &Arc<Admission>, address: IpAddr) -> Option<Admitted<ClientConnection>> {
    admission.try_connection(address, false, false)
}

fn stands_still(client: &Admitted<ClientConnection>) {
    client.0.last_activity.store(0, Relaxed);
}

#[test]
fn the_one_that_stands_still_for_the_longest_time_makes_room_at_its_own_address() {
    let admission = Admission::new(100, 3);
    let [first, second, working] = [(); 3].map(|()| enter(&admission, at(1)).unwrap());
    let other = enter(&admission, at(2)).unwrap();
    let exchange = admission.try_exchange(&working.0, at(1)).unwrap();
    exchange.0.request_complete();
    assert!(enter(&admission, at(1)).is_none(), "all have moved just now");
    first.0.last_activity.store(7, Relaxed);
    second.0.last_activity.store(5, Relaxed);
    working.0.last_activity.store(4, Relaxed);
    stands_still(&other);
    let _third = enter(&admission, at(1)).unwrap();
    assert!(gone(&second) && ![&first, &other, &working].into_iter().any(gone));
}

#[test]
fn who_is_known_is_not_sent_away_for_strangers_and_finds_a_place() {
    let admission = Admission::new(8, 8);
    let clients: Vec<_> = (0..7).map(|_| enter(&admission, at(1)).unwrap()).collect();
    let exchanges: Vec<_> =
        clients.iter().map(|client| admission.try_exchange(&client.0, at(1)).unwrap()).collect();
    for exchange in &exchanges {
        exchange.0.authenticated();
    }
    // All slots that unknown addresses may have are taken, by authenticated requests.
    clients.iter().for_each(stands_still);
    assert!(enter(&admission, at(2)).is_none());
    let known = enter(&admission, at(1)).unwrap();
    drop(exchanges);
    // They are idle now, but still known: an unknown address does not evict them.
    clients.iter().for_each(stands_still);
    assert!(enter(&admission, at(3)).is_none() && !clients.iter().any(gone));
    drop((clients, known));
    assert!(enter(&admission, at(2)).is_some());
}

#[test]
fn the_lane_is_bounded_and_nothing_is_left_behind() {
    let admission = Admission::new(1, 1);
    let client = enter(&admission, at(1)).unwrap();
    let exchange = admission.try_exchange(&client.0, at(1)).unwrap();
    exchange.0.authenticated();
    assert!(admission.try_exchange(&client.0, at(1)).is_none(), "a stream counts like a connection");
    let probes_only: Vec<_> =
        (0..PROBE_SLOTS + 3).map(|_| admission.try_connection(at(2), false, true).unwrap()).collect();
    assert!(probes_only.iter().all(|client| client.0.probes_only));
    assert_eq!(probes_only.iter().filter(|client| gone(client)).count(), 3);
    drop((probes_only, exchange));
    let counts = |count: &AtomicUsize| count.load(Relaxed);
    assert_eq!((counts(&client.0.authenticated_exchanges), counts(&client.0.handling)), (0, 0));
    drop(client);
    let state = admission.state();
    assert!(state.connections.entries.is_empty() && state.connections.per_address.is_empty());
    assert!(
        state.probes.entries.is_empty()
            && state.requests.entries.is_empty()
            && state.requests.per_address.is_empty()
    );
}

#[test]
fn a_network_of_ipv6_is_one_address_and_a_proxy_has_no_bound() {
    let admission = Admission::new(100, 1);
    let one = enter(&admission, "2001:db8::1".parse().unwrap()).unwrap();
    stands_still(&one);
    let _other = enter(&admission, "2001:db8::2".parse().unwrap()).unwrap();
    assert!(gone(&one));
    let proxy: Vec<_> = (0..5).map(|_| admission.try_connection(at(1), true, false).unwrap()).collect();
    assert!(!proxy.iter().any(gone));
    // Each request through a proxy counts for its own client.
    let first = admission.try_exchange(&proxy[0].0, at(7)).unwrap();
    let _second = admission.try_exchange(&proxy[1].0, at(8)).unwrap();
    first.0.last_activity.store(0, Relaxed);
    let _third = admission.try_exchange(&proxy[2].0, at(7)).unwrap();
    assert!(futures_util::FutureExt::now_or_never(first.0.evicted()).is_some());
}
