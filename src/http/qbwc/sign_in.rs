//! `authenticate`: the right password is let in at once; a wrong one is answered late, counted and told of.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::Request;

use super::guesses::{Guesses, Name};
use crate::{
    domain::secret::Secret,
    http::{Gateway, peer::Peer},
    store,
    sync::calls_in::{self, Admission, Caller},
};

/// What is remembered of sign-ins. Clones remember together.
#[derive(Debug, Clone, Default)]
pub struct SignIns(Arc<Mutex<Guesses>>);

impl SignIns {
    fn lock(&self) -> MutexGuard<'_, Guesses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many were refused, by address; from the others together, for their number is bounded.
    pub(in crate::http) fn refused(&self) -> (BTreeMap<IpAddr, u64>, u64) {
        self.lock().counts()
    }

    fn enter(&self, from: IpAddr, name: Name) -> Option<Place> {
        self.lock().enter(from, name).then(|| Place { sign_ins: self.clone(), from })
    }
}

/// One of the answers that may be kept back at the same time.
struct Place {
    sign_ins: SignIns,
    from: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sign_ins.lock().leave(self.from);
    }
}

/// Where a request comes from.
pub(super) fn caller(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address.ip())
}

/// The two texts that `authenticate` answers.
pub(super) async fn authenticate(
    gateway: &Gateway,
    from: IpAddr,
    username: String,
    password: Secret,
) -> store::Result<[String; 2]> {
    let name = *blake3::hash(username.as_bytes()).as_bytes();
    // Kept until the answer is given.
    let Some(_place) = gateway.sign_ins.enter(from, name) else { return Ok(answer("busy")) };
    let called = gateway.store.read(move |db| calls_in::caller(db, &username, &password)).await?;
    let connection_id = match called {
        Caller::Known(connection_id) => connection_id,
        Caller::Wrong(connection_id) => {
            refuse(gateway, from, name, connection_id).await?;
            return Ok(answer("nvu"));
        }
    };
    gateway.sign_ins.lock().right(from, name);
    let ambient = gateway.ambient.clone();
    let admitted =
        gateway.store.write(move |db| calls_in::authenticate(db, &ambient, &connection_id)).await?;
    Ok(match admitted {
        Admission::Session { ticket, company_file } => [ticket, company_file],
        Admission::NoWork => answer("none"),
    })
}

fn answer(word: &str) -> [String; 2] {
    [String::new(), word.to_owned()]
}

/// Takes as long for a name that is known as for one that is not: what is written of it is written meanwhile.
async fn refuse(
    gateway: &Gateway,
    from: IpAddr,
    name: Name,
    connection_id: Option<String>,
) -> store::Result<()> {
    let now = gateway.ambient.now();
    let consequence = gateway.sign_ins.lock().wrong(from, name, now);
    if let Some(refused) = consequence.tell {
        // Never the name: some type the password there.
        tracing::warn!(
            address = %from,
            refused,
            connection = connection_id,
            "a Web Connector was refused: its user name or password is wrong"
        );
    }
    let note = async {
        match connection_id {
            Some(id) => gateway.store.write(move |db| calls_in::refused(db, &id, now)).await,
            None => Ok(()),
        }
    };
    let (noted, ()) = tokio::join!(note, gateway.ambient.clock.sleep(consequence.wait));
    noted
}
