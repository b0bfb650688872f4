//! Links for another password, for those who ask by their e-mail alone.

use chrono::TimeDelta;
use url::Url;

use crate::{
    clock::Ambient,
    domain::words::LinkPurpose,
    store::{
        Store, WriteDb,
        accounts::{self, one_time},
    },
};

use super::{
    Result,
    accounts::links::{self, ShownLink},
    sign_in::Place,
};

/// How soon another one is made: whoever knows an e-mail could fill its mailbox otherwise, and end the links that were
/// sent before.
const AGAIN: TimeDelta = TimeDelta::minutes(5);

/// A link for the account of this e-mail, and the e-mail to send it to; `None` where there is no such account, it is
/// disabled, or a link was made just now. `place` is where somebody asked.
///
/// # Errors
/// The database's.
pub async fn link(
    store: &Store,
    ambient: &Ambient,
    email: &str,
    public_url: &Url,
    place: Place,
) -> Result<Option<(String, ShownLink)>> {
    let (email, now) = (email.to_owned(), ambient.now());
    let looked = email.clone();
    // Whoever is unknown costs no write.
    let known = store.read(move |db| accounts::proofs(db, &looked)).await?;
    let Some(known) = known.filter(|known| known.active) else { return Ok(None) };
    let (ambient, public_url) = (ambient.clone(), public_url.clone());
    let made = store.write(move |db: &mut WriteDb| -> Result<_> {
        accounts::lock(db, &known.account_id)?;
        let account = accounts::get(db.as_mut(), &known.account_id)?;
        let last = one_time::newest(db.as_mut(), LinkPurpose::Reset, &account.id)?;
        if !account.active || last.is_some_and(|made_at| now < made_at + AGAIN) {
            return Ok(None);
        }
        links::note_mailed(db, &account.id, &place.origin(now));
        let link = links::reset_link_of(db, &ambient, &account.id, &public_url)?;
        // To the address as the account has it, not as somebody typed it.
        Ok(Some((account.email, link)))
    });
    made.await
}
