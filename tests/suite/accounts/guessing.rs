//! Who guesses passwords is slowed down, on all gateways together, and keeps nobody out.

use std::sync::Arc;

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    domain::{
        access::{Attempt, Origin, Principal, action},
        secret::Secret,
        words::Role,
    },
    service::{
        self, Class, Refusal,
        accounts::{self, AccountDraft},
        sign_in::{Desk, Entered, Place, SignIn, sign_in, verify},
    },
    store::Store,
    sync::throttle::{self, Trier},
};

use crate::support::{TestClock, TestDatabase, test_vault};

use super::PASSWORD;

const OWNER: &str = "owner@example.com";

/// A gateway's desk with one account.
struct Door {
    desk: Desk,
    clock: Arc<TestClock>,
}

impl Door {
    async fn new(database: &TestDatabase) -> Self {
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let desk = Desk { store: database.open(), ambient: ambient.clone(), vault: test_vault() };
        let hash = verify::hash(Secret::new(PASSWORD), &ambient).await.unwrap();
        let draft = AccountDraft { email: OWNER.into(), name: None, role: Role::User, companies: Vec::new() };
        let made = desk.store.write(move |db| -> service::Result<_> {
            let attempt =
                Attempt::<action::Administer>::new(Principal::CommandLine, None, Origin::at(ambient.now()));
            accounts::add(db, &ambient, &attempt, &draft, Some(&hash))
        });
        made.await.unwrap();
        Self { desk, clock }
    }

    /// The desk of another gateway on the same database.
    fn another(&self, store: Store) -> Self {
        Self { desk: Desk { store, ..self.desk.clone() }, clock: self.clock.clone() }
    }

    async fn tries(
        &self,
        email: &str,
        password: &str,
        from: &str,
        device: Option<&Secret>,
    ) -> Result<Entered, Refusal> {
        let sent = SignIn {
            email: email.into(),
            password: Secret::new(password),
            code: None,
            place: Place { address: Some(from.into()), ..Place::default() },
            before: None,
            device: device.cloned(),
        };
        sign_in(&self.desk, sent).await
    }

    async fn guesses(&self, from: &str) -> Refusal {
        self.tries(OWNER, "a wrong password", from, None).await.unwrap_err()
    }

    /// As an owner does who reads how long to wait.
    async fn enters_patiently(&self, from: &str) -> i64 {
        match self.tries(OWNER, PASSWORD, from, None).await {
            Ok(_) => 0,
            Err(refused) => {
                assert_eq!(refused.class, Class::TooMany, "{refused:?}");
                let wait = i64::from(refused.retry_after.unwrap());
                self.clock.advance(TimeDelta::seconds(wait));
                self.tries(OWNER, PASSWORD, from, None).await.unwrap();
                wait
            }
        }
    }
}

#[tokio::test]
async fn two_hundred_wrong_passwords_from_one_address_do_not_keep_the_owner_out() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        let cookie = door.tries(OWNER, PASSWORD, "192.0.2.1", None).await.unwrap().device;
        let mut looked_at = 0;
        for _ in 0..200 {
            let refused = door.guesses("203.0.113.9").await;
            match refused.class {
                Class::Unauthorized => looked_at += 1,
                Class::TooMany => assert!((1..=30).contains(&refused.retry_after.unwrap())),
                _ => panic!("{refused:?}"),
            }
        }
        assert!((5..=10).contains(&looked_at), "{looked_at} were looked at");
        // The owner's browser does not wait, not even at the same address.
        door.tries(OWNER, PASSWORD, "203.0.113.9", Some(&cookie)).await.unwrap();
        for _ in 0..200 {
            door.guesses("203.0.113.9").await;
        }
        // Another browser waits for half a minute at most.
        assert!(door.enters_patiently("198.51.100.7").await <= 30);
    })
    .await;
}

#[tokio::test]
async fn two_hundred_wrong_passwords_from_many_addresses_do_not_keep_the_owner_out() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        let cookie = door.tries(OWNER, PASSWORD, "192.0.2.1", None).await.unwrap().device;
        for n in 0..200 {
            door.guesses(&format!("203.0.113.{n}")).await;
        }
        assert!(door.enters_patiently("198.51.100.7").await <= 30);
        // Patient guessers, who are all looked at.
        for n in 0..101 {
            let refused = door.guesses(&format!("2001:db8:0:{n:x}::1")).await;
            let expected = if n < 100 { "invalid_credentials" } else { "code_required" };
            assert_eq!(refused.code, expected, "{n}");
            door.clock.advance(TimeDelta::seconds(31));
        }
        // From then on a password is not enough elsewhere, whether it is right or not.
        let refused = door.tries(OWNER, PASSWORD, "198.51.100.7", None).await.unwrap_err();
        assert_eq!(refused.code, "code_required");
        // The owner's browser goes on, and with that others may try again.
        door.tries(OWNER, PASSWORD, "198.51.100.7", Some(&cookie)).await.unwrap();
        door.tries(OWNER, PASSWORD, "198.51.100.7", None).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_link_is_the_way_in_after_so_many_wrong_passwords_that_one_alone_is_not_enough() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        for n in 0..101 {
            door.guesses(&format!("2001:db8:0:{n:x}::1")).await;
            door.clock.advance(TimeDelta::seconds(31));
        }
        let refused = door.tries(OWNER, PASSWORD, "198.51.100.7", None).await.unwrap_err();
        assert_eq!(refused.code, "code_required");
        let (ambient, address) = (door.desk.ambient.clone(), "https://rollcall.example.com".parse().unwrap());
        let made = door.desk.store.write(move |db| -> service::Result<_> {
            let origin = Origin::at(ambient.now());
            let attempt = Attempt::<action::Administer>::new(Principal::CommandLine, None, origin);
            accounts::links::reset_link(db, &ambient, &attempt, OWNER, &address)
        });
        let link = made.await.unwrap().url;
        let token = Secret::new(link.rsplit('/').next().unwrap());
        let another = "seven quiet herons by the water";
        let (store, ambient) = (&door.desk.store, &door.desk.ambient);
        accounts::links::reset(store, ambient, token, Secret::new(another)).await.unwrap();
        door.tries(OWNER, another, "198.51.100.7", None).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_not_there_is_throttled_as_one_that_is() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        let mut heard: [Vec<_>; 2] = Default::default();
        for n in 0..130 {
            for (email, heard) in [OWNER, "nobody@example.com"].into_iter().zip(&mut heard) {
                let refused =
                    door.tries(email, "wrong", &format!("2001:db8:0:{n:x}::1"), None).await.unwrap_err();
                heard.push((refused.code.clone(), refused.retry_after));
            }
            if n > 20 {
                door.clock.advance(TimeDelta::seconds(31));
            }
        }
        assert_eq!(heard[0], heard[1]);
        let codes: std::collections::BTreeSet<_> = heard[0].iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(
            codes.into_iter().collect::<Vec<_>>(),
            ["code_required", "invalid_credentials", "too_many_tries"]
        );
    })
    .await;
}

#[tokio::test]
async fn gateways_count_together_and_many_tries_at_once_gain_nothing() {
    TestDatabase::each(async |database| {
        let one = Door::new(database).await;
        let two = one.another(database.open());
        let tries = (0..40).map(|n| {
            let (one, two) = (&one, &two);
            async move {
                let door = if n % 2 == 0 { one } else { two };
                door.guesses(&format!("203.0.113.{n}")).await
            }
        });
        let refused = futures_util::future::join_all(tries).await;
        let looked_at = refused.iter().filter(|refused| refused.class == Class::Unauthorized).count();
        assert_eq!(looked_at, 6, "five are free, and the sixth begins the wait");
        assert!(refused.iter().all(|refused| matches!(refused.class, Class::Unauthorized | Class::TooMany)));
    })
    .await;
}

#[tokio::test]
async fn a_stolen_device_cookie_gives_ten_tries_and_an_address_cannot_be_worn_out_by_its_own_people() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        let cookie = door.tries(OWNER, PASSWORD, "192.0.2.1", None).await.unwrap().device;
        let mut looked_at = 0;
        for _ in 0..100 {
            let refused = door.tries(OWNER, "wrong", "203.0.113.9", Some(&cookie)).await.unwrap_err();
            looked_at += usize::from(refused.class == Class::Unauthorized);
        }
        assert_eq!(looked_at, 10 + 6, "then it is a browser like any other");
        door.clock.advance(TimeDelta::minutes(1));
        // Right ones of one address are not counted, however many there are.
        for _ in 0..30 {
            door.tries(OWNER, PASSWORD, "192.0.2.1", None).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_try_that_the_gateway_could_not_look_at_does_not_count() {
    TestDatabase::each(async |database| {
        let door = Door::new(database).await;
        let now = door.desk.ambient.now();
        let tried = door.desk.store.write(move |db| -> rollcall::store::Result<()> {
            let address = Some("203.0.113.9".parse().unwrap());
            let trier = Trier { address, email: "nobody@example.com", account_id: None, device: None };
            for _ in 0..50 {
                let counted = throttle::admit(db, trier, now)?.expect("nobody waits");
                assert!(!counted.guarded);
                throttle::give_back(db, &counted, now)?;
            }
            Ok(())
        });
        tried.await.unwrap();
    })
    .await;
}
