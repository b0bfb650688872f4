//! The second factor: offered, set, asked for, and taken away.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    codec::{
        seal::{self, NONCE},
        totp::{self, Code},
    },
    domain::{
        access::{Attempt, action},
        audit::Act,
        key::Key,
        secret::Secret,
        words::{AuditAction, SignInMethod},
    },
    service::{Refusal, Result, find},
    store::{
        Db, WriteDb,
        accounts::{self, Proofs, sessions},
        audit, sign_in,
    },
    sync::vault::{SIGN_IN, Vault},
};

use super::session;

/// What authenticator apps show as the name of the service.
const ISSUER: &str = "Rollcall";

/// For how long a person has time to show the first code.
pub const OFFER_LIFE: TimeDelta = TimeDelta::minutes(15);

/// A second factor that is on offer: shown once, and asked for from the first code on.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpOffer {
    /// To type into an authenticator app.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same for an app to read, mostly as a QR code.
    #[schema(
        example = "otpauth://totp/Rollcall:ana%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rollcall"
    )]
    url: String,
}

/// Codes for a lost app. Each works once; they are shown only now.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    #[schema(min_items = 10, max_items = 10, example = json!(["MZXW-6YTB-OJRG-C6T2"]))]
    recovery_codes: Vec<String>,
}

/// Offers the caller a second factor, in place of one that was offered before.
///
/// # Errors
/// `no_account`; `fresh_sign_in_needed`.
pub fn offer(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    attempt: &Attempt<action::OwnAccount>,
) -> Result<TotpOffer> {
    let account = own(db, attempt)?;
    let now = ambient.now();
    let mut secret = [0; totp::SECRET];
    let random = ambient.entropy.bytes().into_iter().chain(ambient.entropy.bytes());
    secret.iter_mut().zip(random).for_each(|(to, random)| *to = random);
    let mut nonce = [0; NONCE];
    nonce.iter_mut().zip(ambient.entropy.bytes()).for_each(|(to, random)| *to = random);
    let key = sealing(&vault.gateway_key(db, SIGN_IN, now)?);
    let sealed = seal::seal(&key, nonce, &account.id, PLACE, &secret).map_err(Refusal::internal)?;
    sign_in::offer_totp(db, &account.id, &sealed, now)?;
    Ok(TotpOffer {
        secret: totp::to_text(&secret).reveal().to_owned(),
        url: totp::url(&secret, ISSUER, &account.email).reveal().to_owned(),
    })
}

/// Sets the second factor that is on offer, by a code of it: then the app has it. That code counts as used.
///
/// # Errors
/// `no_account`; `fresh_sign_in_needed`; `nothing_offered`; `wrong_code`.
pub fn set(
    db: &mut WriteDb,
    ambient: &Ambient,
    vault: &Vault,
    attempt: &Attempt<action::OwnAccount>,
    code: &str,
) -> Result<(RecoveryCodes, Secret)> {
    let account = own(db, attempt)?;
    let now = ambient.now();
    accounts::lock(db, &account.id)?;
    let sealed = sign_in::offered_totp(db, &account.id, now - OFFER_LIFE)?.ok_or_else(|| {
        Refusal::conflict(
            "nothing_offered",
            "No second factor is on offer, or it was offered more than 15 minutes ago.",
            "Begin anew: `POST /v1/me/totp`.",
        )
    })?;
    let secret = open(db, vault, &account.id, &sealed)?;
    let shown = match totp::read(code) {
        Some(Code::Totp(code)) => totp::step(&secret, code, now, None),
        _ => None,
    };
    let Some(step) = shown else {
        return Err(Refusal::unacceptable(
            "wrong_code",
            "That is not the code that the app shows now.",
            "Enter the six figures that the app shows; the clocks of the app and of the gateway must agree.",
        ));
    };
    sign_in::set_totp(db, &account.id, &sealed, step)?;
    let codes: Vec<_> = (0..totp::RECOVERY_CODES).map(|_| recovery_code(ambient)).collect();
    let hashes: Vec<[u8; 32]> = codes.iter().filter_map(|code| stored(code.reveal())).collect();
    sign_in::set_recovery_codes(db, &account.id, &hashes)?;
    audit::note_for(db, attempt, Act::new(AuditAction::SecondFactorSet, "account", &account.id));
    let codes = RecoveryCodes { recovery_codes: codes.iter().map(|code| code.reveal().to_owned()).collect() };
    Ok((codes, session::rotate(db, ambient, attempt)?))
}

/// Takes the second factor from the caller's account. The session's new secret.
///
/// # Errors
/// `no_account`; `fresh_sign_in_needed`; `short_password`; `no_second_factor`.
pub fn remove(db: &mut WriteDb, ambient: &Ambient, attempt: &Attempt<action::OwnAccount>) -> Result<Secret> {
    let account = own(db, attempt)?;
    if sign_in::password_is_short(db, &account.id)? {
        return Err(Refusal::conflict(
            "short_password",
            "The password is too short to be the only proof.",
            "Choose one of at least 15 characters first: `PUT /v1/me/password`.",
        ));
    }
    if !sign_in::remove_totp(db, &account.id)? {
        return Err(none("Nothing is to be done; `POST /v1/me/totp` offers one."));
    }
    audit::note_for(db, attempt, Act::new(AuditAction::SecondFactorRemoved, "account", &account.id));
    session::rotate(db, ambient, attempt)
}

/// Takes the second factor from an account whose person has lost it, and ends all its sessions. A password that is too
/// short to be the only proof goes with it: the person needs a link for another one then.
///
/// # Errors
/// `account_not_found`; `fresh_sign_in_needed`; `no_second_factor`.
pub fn take_away(db: &mut WriteDb, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<TakenAway> {
    let account = find::account(db.as_mut(), attempt, wanted)?;
    attempt.fresh()?;
    accounts::lock(db, &account.id)?;
    let short = sign_in::password_is_short(db, &account.id)?;
    if !sign_in::remove_totp(db, &account.id)? {
        return Err(none("Nothing is to be done: a password or an identity provider is enough there."));
    }
    if short {
        accounts::forget_password(db, &account.id)?;
        sign_in::note_short_password(db, &account.id, false)?;
    }
    let ended = sessions::end_all(db, &account.id, None)?;
    let act = Act::new(AuditAction::SecondFactorRemoved, "account", &account.id).with("sessions", ended);
    audit::note_for(db, attempt, if short { act.named("password") } else { act });
    Ok(TakenAway { id: account.id, ended, needs_password: short })
}

/// A second factor that was taken away.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenAway {
    /// The account's.
    pub id: String,
    /// How many sessions have ended.
    #[schema(minimum = 0)]
    pub ended: usize,
    /// Whether the password went with it, because it was too short to be the only proof: then make a link for another one.
    pub needs_password: bool,
}

fn none(remedy: &'static str) -> Refusal {
    Refusal::conflict("no_second_factor", "The account has no second factor.", remedy)
}

/// Looks at a code of an account, and uses it up: how the person has signed in, if it is right.
pub(super) fn use_up(
    db: &mut WriteDb,
    vault: &Vault,
    proofs: &Proofs,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<SignInMethod>> {
    let Some(sealed) = &proofs.totp_sealed else { return Ok(None) };
    let right = match totp::read(code) {
        Some(Code::Totp(code)) => {
            let secret = open(db, vault, &proofs.account_id, sealed)?;
            match totp::step(&secret, code, now, proofs.totp_last_step) {
                Some(step) => sign_in::use_step(db, &proofs.account_id, step)?.then_some(SignInMethod::Totp),
                None => None,
            }
        }
        Some(Code::Recovery(code)) => sign_in::use_recovery_code(db, &proofs.account_id, &code.hash().0)?
            .then_some(SignInMethod::RecoveryCode),
        None => None,
    };
    Ok(right)
}

/// The name of the place that the secret is sealed for, beside the account's ID.
const PLACE: &str = "totp";

fn sealing(key: &Key) -> Key {
    Key::new(blake3::derive_key("rollcall second factors", key.bytes()))
}

fn open(db: &mut Db, vault: &Vault, account_id: &str, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let key = vault.known_gateway_key(db, SIGN_IN)?.ok_or_else(|| Refusal::internal(seal::NotOpened))?;
    seal::open(&sealing(&key), account_id, PLACE, sealed).map_err(Refusal::internal)
}

fn own(db: &mut Db, attempt: &Attempt<action::OwnAccount>) -> Result<accounts::Account> {
    attempt.throughout()?;
    let id = attempt.own_account()?.to_owned();
    attempt.own_session()?;
    attempt.fresh()?;
    Ok(accounts::get(db, &id)?)
}

fn recovery_code(ambient: &Ambient) -> Secret {
    let mut random = [0; totp::RECOVERY_BYTES];
    random.iter_mut().zip(ambient.entropy.bytes()).for_each(|(to, byte)| *to = byte);
    totp::recovery_code(random)
}

/// What is kept of a recovery code.
fn stored(code: &str) -> Option<[u8; 32]> {
    match totp::read(code) {
        Some(Code::Recovery(code)) => Some(code.hash().0),
        _ => None,
    }
}
