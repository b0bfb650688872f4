//! Tries to sign in that failed, second factors on offer, recovery codes, and who people are at identity providers.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::throttle::Count;

use super::{
    Db, Result, WriteDb,
    db::per_backend,
    dsl::*,
    schema::{account_identities, accounts, recovery_codes, sign_in_tries, totp_offers, used_oidc_states},
    values::{at, uncount, utc},
};

/// Takes the rows of these counts until the transaction ends, in one order, and gives them in that of `ids`. Rows that are
/// not there yet are made: two gateways that read them at once would both let a try pass.
pub fn lock_tries(db: &mut WriteDb, ids: &[[u8; 32]], now: DateTime<Utc>) -> Result<Vec<Option<Count>>> {
    let mut ordered = ids.to_vec();
    ordered.sort_unstable();
    for id in &ordered {
        per_backend!(db, |connection| diesel::insert_into(sign_in_tries::table)
            .values((
                sign_in_tries::id.eq(id.as_slice()),
                sign_in_tries::failures.eq(0_i64),
                sign_in_tries::last_at.eq(at(now)),
                sign_in_tries::free_at.eq(at(now)),
                sign_in_tries::expires_at.eq(at(now)),
            ))
            .on_conflict(sign_in_tries::id)
            .do_update()
            .set(sign_in_tries::failures.eq(sign_in_tries::failures))
            .execute(connection))?;
    }
    let columns = (sign_in_tries::failures, sign_in_tries::last_at, sign_in_tries::free_at);
    let one = |id: &[u8; 32]| {
        let row: (i64, NaiveDateTime, NaiveDateTime) =
            sign_in_tries::table.find(id.as_slice()).select(columns).first(db)?;
        let (failures, last_at, free_at) = row;
        let failures = u32::try_from(uncount(failures)).unwrap_or(u32::MAX);
        Ok((failures > 0).then(|| Count { failures, last_at: utc(last_at), free_at: utc(free_at) }))
    };
    ids.iter().map(one).collect()
}

/// Writes a count, which is to be locked.
pub fn put_tries(db: &mut WriteDb, id: &[u8; 32], tries: Count, expires_at: DateTime<Utc>) -> Result<()> {
    diesel::update(sign_in_tries::table.find(id.as_slice()))
        .set((
            sign_in_tries::failures.eq(i64::from(tries.failures)),
            sign_in_tries::last_at.eq(at(tries.last_at)),
            sign_in_tries::free_at.eq(at(tries.free_at)),
            sign_in_tries::expires_at.eq(at(expires_at)),
        ))
        .execute(db)?;
    Ok(())
}

/// Takes one try back, as if it had not been: nobody waits because of it.
pub fn give_back_try(db: &mut WriteDb, id: &[u8; 32], now: DateTime<Utc>) -> Result<()> {
    diesel::update(sign_in_tries::table.find(id.as_slice()).filter(sign_in_tries::failures.gt(0)))
        .set((sign_in_tries::failures.eq(sign_in_tries::failures - 1), sign_in_tries::free_at.eq(at(now))))
        .execute(db)?;
    Ok(())
}

/// Forgets a count.
pub fn clear_tries(db: &mut WriteDb, id: &[u8; 32]) -> Result<()> {
    diesel::delete(sign_in_tries::table.find(id.as_slice())).execute(db)?;
    Ok(())
}

/// Forgets the counts that say nothing any more, the states of flows that cannot be used again, and the offers of second
/// factors that nobody took; how many.
pub fn forget_old(db: &mut WriteDb, now: DateTime<Utc>, offered_before: DateTime<Utc>) -> Result<usize> {
    let tries = sign_in_tries::table.filter(sign_in_tries::expires_at.lt(at(now)));
    let states = used_oidc_states::table.filter(used_oidc_states::expires_at.lt(at(now)));
    let offers = totp_offers::table.filter(totp_offers::created_at.lt(at(offered_before)));
    Ok(diesel::delete(tries).execute(db)?
        + diesel::delete(states).execute(db)?
        + diesel::delete(offers).execute(db)?)
}

/// Offers a second factor to an account, in place of one that was offered before.
pub fn offer_totp(db: &mut WriteDb, account_id: &str, sealed: &[u8], now: DateTime<Utc>) -> Result<()> {
    per_backend!(db, |connection| diesel::insert_into(totp_offers::table)
        .values((
            totp_offers::account_id.eq(account_id),
            totp_offers::sealed.eq(sealed),
            totp_offers::created_at.eq(at(now)),
        ))
        .on_conflict(totp_offers::account_id)
        .do_update()
        .set((totp_offers::sealed.eq(sealed), totp_offers::created_at.eq(at(now))))
        .execute(connection))?;
    Ok(())
}

/// The second factor on offer, unless it was offered before then.
pub fn offered_totp(db: &mut Db, account_id: &str, since: DateTime<Utc>) -> Result<Option<Vec<u8>>> {
    let row = totp_offers::table.find(account_id).filter(totp_offers::created_at.ge(at(since)));
    Ok(row.select(totp_offers::sealed).first(db).optional()?)
}

/// Sets the second factor of an account; the step whose code was shown counts as used. The offer ends.
pub fn set_totp(db: &mut WriteDb, account_id: &str, sealed: &[u8], step: i64) -> Result<()> {
    let set = (accounts::totp_sealed.eq(sealed), accounts::totp_last_step.eq(step));
    diesel::update(accounts::table.find(account_id)).set(set).execute(db)?;
    diesel::delete(totp_offers::table.find(account_id)).execute(db)?;
    Ok(())
}

/// Takes the second factor from an account, and the codes that were kept for it; whether there was one.
pub fn remove_totp(db: &mut WriteDb, account_id: &str) -> Result<bool> {
    diesel::delete(totp_offers::table.find(account_id)).execute(db)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(account_id))).execute(db)?;
    let set = accounts::table.find(account_id).filter(accounts::totp_sealed.is_not_null());
    let none = (accounts::totp_sealed.eq(None::<Vec<u8>>), accounts::totp_last_step.eq(None::<i64>));
    Ok(diesel::update(set).set(none).execute(db)? > 0)
}

/// Uses a step of the second factor up: of two who show its code at once only one gets it.
pub fn use_step(db: &mut WriteDb, account_id: &str, step: i64) -> Result<bool> {
    let later = accounts::totp_last_step.is_null().or(accounts::totp_last_step.lt(step));
    let row = accounts::table.find(account_id).filter(later);
    Ok(diesel::update(row).set(accounts::totp_last_step.eq(step)).execute(db)? > 0)
}

/// Makes these the recovery codes of an account, by their hashes.
pub fn set_recovery_codes(db: &mut WriteDb, account_id: &str, hashes: &[[u8; 32]]) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(account_id))).execute(db)?;
    for hash in hashes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::account_id.eq(account_id),
                recovery_codes::code_hash.eq(hash.as_slice()),
            ))
            .execute(db)?;
    }
    Ok(())
}

/// Uses a recovery code up; whether it was one.
pub fn use_recovery_code(db: &mut WriteDb, account_id: &str, hash: &[u8; 32]) -> Result<bool> {
    Ok(diesel::delete(recovery_codes::table.find((account_id, hash.as_slice()))).execute(db)? > 0)
}

/// How many recovery codes an account has left.
pub fn recovery_codes_left(db: &mut Db, account_id: &str) -> Result<u64> {
    let own = recovery_codes::table.filter(recovery_codes::account_id.eq(account_id));
    Ok(uncount(own.count().get_result(db)?))
}

/// The account that a person at an identity provider is.
pub fn by_identity(db: &mut Db, issuer: &str, subject: &str) -> Result<Option<String>> {
    let row = account_identities::table.find((issuer, subject)).select(account_identities::account_id);
    Ok(row.first(db).optional()?)
}

/// Whether an account has an identity at a provider.
pub fn has_identity(db: &mut Db, account_id: &str, issuer: &str) -> Result<bool> {
    let own = account_identities::table
        .filter(account_identities::account_id.eq(account_id).and(account_identities::issuer.eq(issuer)));
    Ok(own.select(account_identities::subject).first::<String>(db).optional()?.is_some())
}

/// Whether the owner has written the e-mail of an account, so that nobody vouches for it.
pub fn email_is_own(db: &mut Db, account_id: &str) -> Result<bool> {
    let own = accounts::table.find(account_id).select(accounts::own_email).first(db).optional()?;
    Ok(own.unwrap_or_default())
}

/// Notes whether the owner has written the e-mail of an account.
pub fn note_own_email(db: &mut WriteDb, account_id: &str, own: bool) -> Result<()> {
    diesel::update(accounts::table.find(account_id)).set(accounts::own_email.eq(own)).execute(db)?;
    Ok(())
}

/// Whether the password of an account is too short to be the only proof.
pub fn password_is_short(db: &mut Db, account_id: &str) -> Result<bool> {
    let short = accounts::table.find(account_id).select(accounts::short_password).first(db).optional()?;
    Ok(short.unwrap_or_default())
}

/// Notes whether the password of an account is too short to be the only proof.
pub fn note_short_password(db: &mut WriteDb, account_id: &str, short: bool) -> Result<()> {
    diesel::update(accounts::table.find(account_id)).set(accounts::short_password.eq(short)).execute(db)?;
    Ok(())
}

/// Binds an account to a person at an identity provider.
///
/// # Errors
/// [`super::Error::Duplicate`] where either is bound already.
pub fn bind_identity(
    db: &mut WriteDb,
    account_id: &str,
    issuer: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(account_identities::table)
        .values((
            account_identities::issuer.eq(issuer),
            account_identities::subject.eq(subject),
            account_identities::account_id.eq(account_id),
            account_identities::created_at.eq(at(now)),
        ))
        .execute(db)?;
    Ok(())
}

/// Uses the state of a flow to an identity provider up; false where it was used.
pub fn use_state(db: &mut WriteDb, hash: &[u8; 32], expires_at: DateTime<Utc>) -> Result<bool> {
    let used = per_backend!(db, |connection| diesel::insert_into(used_oidc_states::table)
        .values((
            used_oidc_states::state_hash.eq(hash.as_slice()),
            used_oidc_states::expires_at.eq(at(expires_at)),
        ))
        .on_conflict_do_nothing()
        .execute(connection))?;
    Ok(used > 0)
}
