//! `authenticate`: a right password is accepted at once; a wrong one is counted, logged and answered after a delay.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::Request;

use super::failed_sign_ins::{FailedSignIns, Name};
use crate::{
    domain::{ids::ConnectionId, secret::Secret},
    http::{Gateway, peer::Peer},
    store,
    sync::calls_in::{self, Admission, Caller},
};

/// The failed sign-ins of a gateway. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct SignIns(Arc<Mutex<FailedSignIns>>);

impl SignIns {
    fn lock(&self) -> MutexGuard<'_, FailedSignIns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sign-ins were refused: by address, and from all other addresses together.
    pub(in crate::http) fn refused(&self) -> (BTreeMap<IpAddr, u64>, u64) {
        self.lock().counts()
    }

    fn reserve(&self, from: IpAddr, name: Name) -> Option<DelaySlot> {
        self.lock().reserve(from, name).then(|| DelaySlot { sign_ins: self.clone(), from })
    }
}

/// Counts as one delayed answer until it is dropped.
struct DelaySlot {
    sign_ins: SignIns,
    from: IpAddr,
}

impl Drop for DelaySlot {
    fn drop(&mut self) {
        self.sign_ins.lock().release(self.from);
    }
}

/// The address that a request comes from.
pub(super) fn caller(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address.ip())
}

/// The two texts that `authenticate` returns.
pub(super) async fn authenticate(
    gateway: &Gateway,
    from: IpAddr,
    username: String,
    password: Secret,
) -> store::Result<[String; 2]> {
    let name = *blake3::hash(username.as_bytes()).as_bytes();
    // Held until the answer is given.
    let Some(_slot) = gateway.sign_ins.reserve(from, name) else { return Ok(answer("busy")) };
    let called = gateway.store.read(move |db| calls_in::caller(db, &username, &password)).await?;
    let connection_id = match called {
        Caller::Known(connection_id) => connection_id,
        Caller::Wrong(connection_id) => {
            refuse(gateway, from, name, connection_id).await?;
            return Ok(answer("nvu"));
        }
    };
    gateway.sign_ins.lock().succeeded(from, name);
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

/// Takes as long for a name that exists as for one that does not: the database is written during the delay.
async fn refuse(
    gateway: &Gateway,
    from: IpAddr,
    name: Name,
    connection_id: Option<ConnectionId>,
) -> store::Result<()> {
    let now = gateway.ambient.now();
    let penalty = gateway.sign_ins.lock().failed(from, name, now);
    if let Some(refused) = penalty.log {
        // The user name is not logged: some people type the password there.
        tracing::warn!(
            address = %from,
            refused,
            connection = connection_id.as_deref(),
            "a Web Connector was refused: its user name or password is wrong"
        );
    }
    let note = async {
        match connection_id {
            Some(id) => gateway.store.write(move |db| calls_in::refused(db, &id, now)).await,
            None => Ok(()),
        }
    };
    let (noted, ()) = tokio::join!(note, gateway.ambient.clock.sleep(penalty.delay));
    noted
}
