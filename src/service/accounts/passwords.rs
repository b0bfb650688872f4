//! Sets passwords.

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        audit::Act,
        passwords::{self, Owner, Weakness},
        problem::sentence,
        secret::Secret,
        words::{AuditAction, LinkPurpose},
    },
    store::{
        Db, Store, WriteDb,
        accounts::{self, Proofs, one_time, sessions},
        audit, sign_in,
    },
};

use crate::service::{
    Refusal, Result,
    call::{self, CallContext, Outcome},
    find,
    sign_in::verify,
};

/// What is to be the password of an account.
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub password: Secret,
    /// The one before: whoever changes the own one must know it.
    pub current: Option<Secret>,
}

/// Whose password is set: the caller's own, or that of an account.
#[derive(Debug, Clone)]
pub enum Whose {
    Own,
    Of(String),
}

/// Sets the password of an account; its other sessions end, and links to choose a password stop working.
///
/// # Errors
/// In the outcome: `account_not_found`; `fresh_sign_in_needed`; `current_needed`, `wrong_password`, `weak_password`.
pub async fn set(
    store: &Store,
    ambient: &Ambient,
    context: CallContext,
    whose: Whose,
    sent: NewPassword,
) -> Outcome<()> {
    let (looked, new) = (whose.clone(), sent.clone());
    let checked =
        call::read(store, context.clone(), move |db, attempt| check(db, attempt, &looked, &new)).await;
    let Outcome { authentication, result } = checked;
    let refused = |refusal| Outcome { authentication: authentication.clone(), result: Err(refusal) };
    let proofs = match result {
        Ok(proofs) => proofs,
        Err(refusal) => return refused(refusal),
    };
    // An account without a password has nothing to compare with.
    if let (Some(current), Some(stored)) = (sent.current, proofs.password_hash) {
        match verify::verify(current, Some(stored)).await {
            Ok(verdict) if verdict.right => {}
            Ok(_) => return refused(wrong()),
            Err(refusal) => return refused(refusal),
        }
    }
    let short = passwords::is_short(&sent.password);
    let hash = match verify::hash(sent.password, ambient).await {
        Ok(hash) => hash,
        Err(refusal) => return refused(refusal),
    };
    let ambient = ambient.clone();
    call::write(store, context, move |db, attempt| {
        let id = account(db.as_mut(), attempt, &whose)?.id;
        let own = attempt.own_account().is_ok_and(|own| own == id);
        let but = attempt.session().filter(|_| own).map(|session| session.id.as_str());
        audit::note_for(db, attempt, Act::new(AuditAction::PasswordChanged, "account", &id));
        keep(db, &id, Hashed { hash: &hash, short }, but, &ambient)
    })
    .await
}

/// A password that is to be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed<'h> {
    /// In PHC form.
    pub hash: &'h str,
    /// Whether it is too short to be the only proof.
    pub short: bool,
}

/// Sets a password, ends the sessions of the account but for one, and forgets the links to choose a password.
pub(super) fn keep(
    db: &mut WriteDb,
    account_id: &str,
    new: Hashed<'_>,
    but: Option<&str>,
    ambient: &Ambient,
) -> Result<()> {
    accounts::set_password(db, account_id, new.hash, ambient.now())?;
    sign_in::note_short_password(db, account_id, new.short)?;
    sessions::end_all(db, account_id, but)?;
    one_time::forget(db, LinkPurpose::Reset, Some(account_id))?;
    Ok(())
}

fn account(db: &mut Db, attempt: &Attempt<action::OwnAccount>, whose: &Whose) -> Result<accounts::Account> {
    match whose {
        Whose::Of(wanted) => find::account(db, attempt, wanted),
        Whose::Own => {
            attempt.throughout()?;
            Ok(accounts::get(db, attempt.own_account()?)?)
        }
    }
}

/// Looks at all that can be looked at before passwords are compared and hashed.
fn check(
    db: &mut Db,
    attempt: &Attempt<action::OwnAccount>,
    whose: &Whose,
    new: &NewPassword,
) -> Result<Proofs> {
    let account = account(db, attempt, whose)?;
    let own = attempt.own_account().is_ok_and(|own| own == account.id);
    if own && account.has_password {
        // To know it is as good as a fresh sign-in.
        if new.current.is_none() {
            return Err(Refusal::unacceptable(
                "current_needed",
                "To change the own password one must know the one before.",
                "Send it as `current`.",
            ));
        }
    } else {
        attempt.fresh()?;
    }
    strong(&new.password, &account)?;
    Ok(accounts::proofs_of(db, &account.id)?)
}

/// Refuses a password that is too easily guessed.
///
/// # Errors
/// `weak_password`.
pub(super) fn strong(password: &Secret, account: &accounts::Account) -> Result<()> {
    let accounts::Account { email, name, second_factor, .. } = account;
    passwords::check(password, Owner { email, name, second_factor: *second_factor }).map_err(weak)
}

fn weak(weakness: Weakness) -> Refusal {
    Refusal::unacceptable(
        "weak_password",
        sentence(&weakness.to_string()),
        "Choose a longer one: some words that do not belong together are easy to keep, and hard to guess.",
    )
}

fn wrong() -> Refusal {
    Refusal::unacceptable("wrong_password", "The present password is not right.", "Correct `current`.")
}
