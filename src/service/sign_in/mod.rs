//! Signs people in.
//!
//! | step | file |
//! | --- | --- |
//! | look up the account, and by what it proves who it is | here |
//! | verify the password | [`verify`] |
//! | begin the session | [`session`] |

pub mod session;
pub mod verify;

use crate::{
    clock::Ambient,
    domain::{
        secret::{Secret, SecretHash},
        words::SignInMethod,
    },
    store::{Store, accounts},
};

use super::{Class, Refusal, Result};

pub use session::{NewSession, Origin, Session, SignedIn, end, who};

/// What somebody sends to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub email: String,
    pub password: Secret,
    pub origin: Origin,
    /// The session of the same browser before, which ends.
    pub before: Option<SecretHash>,
}

/// Signs a person in with a password, and begins a session.
///
/// # Errors
/// `invalid_credentials`: the same for an unknown account, a disabled one and a wrong password, after the same work.
pub async fn sign_in(store: &Store, ambient: &Ambient, sent: SignIn) -> Result<NewSession> {
    let SignIn { email, password, origin, before } = sent;
    let proofs = store.read(move |db| accounts::proofs(db, &email)).await?;
    // A disabled account costs what an active one does.
    let stored = proofs.as_ref().and_then(|proofs| proofs.password_hash.clone());
    let verdict = verify::verify(password.clone(), stored).await?;
    let Some(proofs) = proofs.filter(|proofs| verdict.right && proofs.active) else { return Err(invalid()) };
    let rehashed = if verdict.rehash { verify::hash(password, ambient).await.ok() } else { None };
    let ambient = ambient.clone();
    let begun = store.write(move |db| -> Result<NewSession> {
        accounts::lock(db, &proofs.account_id)?;
        let now_stored = accounts::proofs_of(db, &proofs.account_id)?;
        // Disabled, or given another password, while this one was looked at.
        if !now_stored.active || now_stored.password_hash != proofs.password_hash {
            return Err(invalid());
        }
        if let (Some(before), Some(after)) = (&proofs.password_hash, &rehashed) {
            accounts::rehash_password(db, &proofs.account_id, before, after)?;
        }
        session::begin(db, &ambient, &proofs.account_id, SignInMethod::Password, &origin, before)
    });
    begun.await
}

/// The one refusal of all that is wrong.
fn invalid() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "invalid_credentials",
        "The e-mail or the password is not right.",
        "Correct them. An administrator can make a link to choose another password: `rollcall account reset-link EMAIL`.",
    )
}
