//! Slows down who tries to sign in and fails. All is counted in the database, so that several gateways agree; a try is
//! counted before it is looked at, so that many at once gain nothing.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    codec::device::DeviceId,
    domain::{
        email,
        throttle::{Count, DEVICE_BUDGET, PASSWORD_ALONE, Subject, memory, neighbourhood},
    },
    store::{Result, WriteDb, sign_in},
};

type Id = [u8; 32];

/// Who tries to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Trier<'t> {
    pub address: Option<IpAddr>,
    /// The e-mail as it was sent.
    pub email: &'t str,
    /// The account that has it, if there is one.
    pub account_id: Option<&'t str>,
    /// The browser, if the account has signed in there.
    pub device: Option<DeviceId>,
}

/// A try that is looked at, and that counts as a failure until it is said otherwise.
#[derive(Debug, Clone)]
pub struct Counted {
    ids: Vec<Id>,
    /// Too many failed: a password alone is not enough in this browser.
    pub guarded: bool,
}

/// Counts a try to sign in; the error says how long to wait, where it is not to be looked at now.
pub fn admit(
    db: &mut WriteDb,
    trier: Trier<'_>,
    now: DateTime<Utc>,
) -> Result<std::result::Result<Counted, TimeDelta>> {
    if let (Some(device), Some(account)) = (trier.device, trier.account_id) {
        let id = id("device", &[account.as_bytes(), &device]);
        let before = sign_in::lock_tries(db, &[id], now)?.into_iter().next().flatten();
        if Subject::Device.failures(before, now) < DEVICE_BUDGET {
            put(db, Subject::Device, id, before, now)?;
            return Ok(Ok(Counted { ids: vec![id], guarded: false }));
        }
    }
    let whose = trier.account_id.map_or_else(|| nobody(trier.email), account);
    let mut subjects = vec![(Subject::Account, whose)];
    subjects.extend(trier.address.map(|address| {
        let address = neighbourhood(address).to_string();
        (Subject::Address, id("address", &[address.as_bytes()]))
    }));
    let ids: Vec<Id> = subjects.iter().map(|(_, id)| *id).collect();
    let counts = sign_in::lock_tries(db, &ids, now)?;
    let wait =
        subjects.iter().zip(&counts).filter_map(|((subject, _), count)| subject.wait(*count, now)).max();
    if let Some(wait) = wait {
        return Ok(Err(wait));
    }
    let mut guarded = false;
    for ((subject, id), before) in subjects.into_iter().zip(counts) {
        guarded |= subject == Subject::Account && subject.failures(before, now) >= PASSWORD_ALONE;
        put(db, subject, id, before, now)?;
    }
    Ok(Ok(Counted { ids, guarded }))
}

/// Counts a try of the second factor, by somebody who knows the password.
pub fn admit_code(
    db: &mut WriteDb,
    account_id: &str,
    device: Option<DeviceId>,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(), TimeDelta>> {
    let id = code(account_id, device);
    let before = sign_in::lock_tries(db, &[id], now)?.into_iter().next().flatten();
    if let Some(wait) = Subject::Code.wait(before, now) {
        return Ok(Err(wait));
    }
    put(db, Subject::Code, id, before, now)?;
    Ok(Ok(()))
}

/// The try was not looked at, through no fault of who tried.
pub fn give_back(db: &mut WriteDb, counted: &Counted, now: DateTime<Utc>) -> Result<()> {
    let mut ids = counted.ids.clone();
    ids.sort_unstable();
    ids.iter().try_for_each(|id| sign_in::give_back_try(db, id, now))
}

/// The person signed in: what failed before counts no more. Of an address only this try is taken back, or whoever has one
/// account could guess at all others.
pub fn succeeded(
    db: &mut WriteDb,
    counted: &Counted,
    account_id: &str,
    device: Option<DeviceId>,
    now: DateTime<Utc>,
) -> Result<()> {
    // Always in the order browser, account and address, code: others wait for these rows too.
    if let Some(device) = device {
        sign_in::clear_tries(db, &id("device", &[account_id.as_bytes(), &device]))?;
    }
    give_back(db, counted, now)?;
    sign_in::clear_tries(db, &account(account_id))?;
    sign_in::clear_tries(db, &code(account_id, device))
}

fn put(db: &mut WriteDb, subject: Subject, id: Id, before: Option<Count>, now: DateTime<Utc>) -> Result<()> {
    sign_in::put_tries(db, &id, subject.failed(before, now), now + memory(subject))
}

fn account(account_id: &str) -> Id {
    id("account", &[account_id.as_bytes()])
}

/// In place of an account that is not there. All such e-mails share 65,536 rows: strangers can fill no more, and see no
/// difference.
fn nobody(email: &str) -> Id {
    let [a, b, ..] = id("email", &[email::key(email).as_bytes()]);
    id("nobody", &[&[a, b]])
}

fn code(account_id: &str, device: Option<DeviceId>) -> Id {
    let device = device.unwrap_or_default();
    id("code", &[account_id.as_bytes(), &device])
}

/// Of what is counted only a hash is kept.
fn id(kind: &str, parts: &[&[u8]]) -> Id {
    let mut hasher = blake3::Hasher::new_derive_key("rollcall sign-in tries");
    hasher.update(kind.as_bytes());
    for part in parts {
        hasher.update(&[0]).update(part);
    }
    *hasher.finalize().as_bytes()
}
