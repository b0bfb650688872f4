//! A vendor may count requests in several ways at once: by credential and by endpoint, by second and by minute.

use std::time::Duration;

use rollcall::{
    clock::Ambient,
    connectors::{
        outbound::{InFlight, RequestLimiter},
        source::{Limit, Rate},
    },
    store::Store,
    sync::source_access::{DatabaseLimiter, SparePermits, in_order},
};

use crate::support::{TestClock, TestDatabase};

/// A gate of one credential, ten of whose requests may come at once, for an endpoint that takes two.
fn limiter(store: &Store, ambient: &Ambient, endpoint: &str) -> DatabaseLimiter {
    let credential = Rate::new(&["acme"], Limit::PerMinute(40));
    let endpoint = Rate::new(&["acme", endpoint], Limit::Bucket { a_second: 1, at_once: 3 });
    DatabaseLimiter {
        store: store.clone(),
        ambient: ambient.clone(),
        rates: in_order(vec![credential, endpoint]),
        in_flight: InFlight::default(),
        lease: None,
        lease_for: Duration::from_secs(10),
        patience: Duration::ZERO,
        spare: SparePermits::default(),
        slot: None,
    }
}

/// How many of some requests are let through now.
async fn passed(limiter: &DatabaseLimiter, requests: usize) -> usize {
    let mut passed = 0;
    for _ in 0..requests {
        passed += usize::from(limiter.acquire().await.is_ok());
    }
    passed
}

#[tokio::test]
async fn all_rates_hold_at_once_and_what_one_refuses_uses_up_none_of_another() {
    TestDatabase::each(async |database| {
        let ambient = Ambient { clock: TestClock::new(), ..Ambient::system() };
        let store = database.open();
        // Whichever of the two is asked first: what an endpoint refuses again and again costs the credential nothing.
        let mut all = 0;
        for endpoint in ["a", "b", "c", "d", "e", "f", "g"] {
            let some = passed(&limiter(&store, &ambient, endpoint), 12).await;
            assert!(some <= 2, "{endpoint}: {some}");
            all += some;
        }
        assert_eq!(all, 10);
    })
    .await;
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_may_be_whichever_connection_sends_them() {
    TestDatabase::each(async |database| {
        let ambient = Ambient { clock: TestClock::new(), ..Ambient::system() };
        let (store, in_flight) = (database.open(), InFlight::default());
        let limiter = |_| DatabaseLimiter {
            rates: vec![Rate::new(&["acme"], Limit::InFlight(2))],
            in_flight: in_flight.clone(),
            ..limiter(&store, &ambient, "a")
        };
        let [one, other] = [1, 2].map(limiter);
        let (first, _second) = (one.acquire().await.unwrap(), other.acquire().await.unwrap());
        assert!(one.acquire().await.is_err() && other.acquire().await.is_err());
        // It is answered.
        drop(first);
        let _third = other.acquire().await.unwrap();
        assert!(one.acquire().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn who_is_asked_to_wait_waits_by_all_rates() {
    TestDatabase::each(async |database| {
        let ambient = Ambient { clock: TestClock::new(), ..Ambient::system() };
        let store = database.open();
        limiter(&store, &ambient, "a").back_off(Duration::from_mins(1)).await.unwrap();
        assert_eq!(passed(&limiter(&store, &ambient, "b"), 3).await, 0);
    })
    .await;
}
