//! Signs people in.
//!
//! | step | file |
//! | --- | --- |
//! | look up the account, and by what it proves who it is; slow down who guesses | here |
//! | verify the password | [`verify`] |
//! | verify the second factor | [`second_factor`] |
//! | begin the session | [`session`] |
//! | instead of password and second factor: an identity provider | [`oidc`] |

pub mod oidc;
mod refusals;
pub mod second_factor;
pub mod session;
pub mod verify;

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    codec::device::{self, DeviceId},
    domain::{
        secret::{Secret, SecretHash},
        words::SignInMethod,
    },
    store::{
        Store, WriteDb,
        accounts::{self, Proofs},
    },
    sync::{
        throttle::{self, Counted, Trier},
        vault::{SIGN_IN, Vault},
    },
};

use super::{Refusal, Result};

use refusals::{code_required, invalid, invalid_code, too_many};
pub use session::{NewSession, Place, Session, SignedIn, end, who};

/// What signing in works with.
#[derive(Clone)]
pub struct Desk {
    pub store: Store,
    pub ambient: Ambient,
    pub vault: Vault,
}

/// What somebody sends to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub email: String,
    pub password: Secret,
    /// Of the second factor, or one for a lost second factor.
    pub code: Option<Secret>,
    pub place: Place,
    /// The session of the same browser before, which ends.
    pub before: Option<SecretHash>,
    /// The cookie by which the browser is known: see [`device`].
    pub device: Option<Secret>,
}

/// A person who has signed in.
#[derive(Debug)]
pub struct Entered {
    pub session: NewSession,
    /// The cookie by which the browser is known from now on.
    pub device: Secret,
}

/// Signs a person in with a password, and begins a session.
///
/// # Errors
/// `invalid_credentials`: the same for an unknown account, a disabled one and a wrong password, after the same work.
/// `code_required`, `invalid_code`; `too_many_tries`, `busy`.
pub async fn sign_in(desk: &Desk, sent: SignIn) -> Result<Entered> {
    let Admitted { proofs, device, counted } = admit(desk, &sent).await?;
    // Too many have guessed: whether the password is right is not told to who has no code.
    if counted.guarded && sent.code.is_none() {
        return Err(taken_back(desk, counted, code_required()).await);
    }
    // A disabled account costs what an active one does.
    let stored = proofs.as_ref().and_then(|proofs| proofs.password_hash.clone());
    let verdict = match verify::verify(sent.password.clone(), stored).await {
        Ok(verdict) => verdict,
        Err(refusal) => return Err(taken_back(desk, counted, refusal).await),
    };
    let Some(proofs) = proofs.filter(|proofs| verdict.right && proofs.active) else { return Err(invalid()) };
    if proofs.totp_sealed.is_some() {
        match &sent.code {
            None => return Err(taken_back(desk, counted, code_required()).await),
            Some(_) => admit_code(desk, &proofs, device, counted.guarded).await?,
        }
    } else if counted.guarded {
        return Err(invalid());
    }
    let rehashed =
        if verdict.rehash { verify::hash(sent.password.clone(), &desk.ambient).await.ok() } else { None };
    let entering = Entering { sent, proofs, device, counted, rehashed };
    let work = desk.clone();
    desk.store.write(move |db| entering.enter(db, &work)).await
}

/// A try that is looked at.
struct Admitted {
    proofs: Option<Proofs>,
    device: Option<DeviceId>,
    counted: Counted,
}

/// Looks the account up, and counts the try.
async fn admit(desk: &Desk, sent: &SignIn) -> Result<Admitted> {
    let (vault, now) = (desk.vault.clone(), desk.ambient.now());
    let (email, cookie) = (sent.email.clone(), sent.device.clone());
    let address: Option<IpAddr> = sent.place.address.as_deref().and_then(|address| address.parse().ok());
    let admitted = desk.store.write(move |db| -> Result<_> {
        let proofs = accounts::proofs(db, &email)?;
        let account_id = proofs.as_ref().map(|proofs| proofs.account_id.as_str());
        let device = match (&cookie, account_id) {
            (Some(cookie), Some(account)) => vault
                .known_gateway_key(db, SIGN_IN)?
                .and_then(|key| device::known(&key, cookie, account, now)),
            _ => None,
        };
        let trier = Trier { address, email: &email, account_id, device };
        Ok(throttle::admit(db, trier, now)?.map(|counted| Admitted { proofs, device, counted }))
    });
    admitted.await?.map_err(too_many)
}

/// Counts a try of the second factor.
async fn admit_code(desk: &Desk, proofs: &Proofs, device: Option<DeviceId>, guarded: bool) -> Result<()> {
    let (account, now) = (proofs.account_id.clone(), desk.ambient.now());
    let admitted = desk.store.write(move |db| throttle::admit_code(db, &account, device, now)).await?;
    // Who guesses must not learn from the wait that the password is right.
    admitted.map_err(|wait| if guarded { invalid() } else { too_many(wait) })
}

/// A refusal of a try that does not count.
async fn taken_back(desk: &Desk, counted: Counted, refusal: Refusal) -> Refusal {
    let now = desk.ambient.now();
    match desk.store.write(move |db| throttle::give_back(db, &counted, now)).await {
        Ok(()) => refusal,
        Err(error) => error.into(),
    }
}

/// A person whose password is right.
struct Entering {
    sent: SignIn,
    proofs: Proofs,
    device: Option<DeviceId>,
    counted: Counted,
    rehashed: Option<String>,
}

impl Entering {
    fn enter(&self, db: &mut WriteDb, desk: &Desk) -> Result<Entered> {
        let Self { sent, proofs, counted, .. } = self;
        let (id, now) = (&proofs.account_id, desk.ambient.now());
        accounts::lock(db, id)?;
        let now_stored = accounts::proofs_of(db, id)?;
        // Disabled, or given another password, while this one was looked at.
        if !now_stored.active || now_stored.password_hash != proofs.password_hash {
            return Err(invalid());
        }
        let method = match (&now_stored.totp_sealed, &sent.code) {
            (None, _) => SignInMethod::Password,
            // It was set while the password was looked at.
            (Some(_), None) => return Err(code_required()),
            (Some(_), Some(code)) => second_factor::use_up(db, &desk.vault, &now_stored, code.reveal(), now)?
                .ok_or_else(|| if counted.guarded { invalid() } else { invalid_code() })?,
        };
        if let (Some(before), Some(after)) = (&proofs.password_hash, &self.rehashed) {
            accounts::rehash_password(db, id, before, after)?;
        }
        throttle::succeeded(db, counted, id, self.device, now)?;
        let device = remember(db, desk, sent.device.as_ref(), id, self.device, now)?;
        let session = session::begin(db, &desk.ambient, id, method, &sent.place, sent.before)?;
        Ok(Entered { session, device })
    }
}

/// The browser's cookie, by which it is known for this account from now on.
fn remember(
    db: &mut WriteDb,
    desk: &Desk,
    cookie: Option<&Secret>,
    account_id: &str,
    device: Option<DeviceId>,
    now: DateTime<Utc>,
) -> Result<Secret> {
    let key = desk.vault.gateway_key(db, SIGN_IN, now)?;
    let id = device.unwrap_or_else(|| desk.ambient.entropy.bytes());
    Ok(device::remember(&key, cookie, account_id, id, now))
}
