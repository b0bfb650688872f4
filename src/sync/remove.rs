//! A connection is deleted: said beforehand how much goes, gone for all at once, and its rows in small steps after that.

use chrono::{DateTime, Utc};

use crate::{
    connectors,
    domain::{
        access::{Denied, Grant, action},
        audit::Act,
        ids::ConnectionId,
        problem::{Problem, sentence},
        words::AuditAction,
    },
    store::{
        self, Db, WriteDb, audit, companies, connections,
        connections::{Connection, Contents},
        locks, purge, sessions, webhooks,
    },
};

use super::{
    run,
    source_access::SourceAccess,
    subscribe::{self, SubscribeError},
};

/// Why a connection was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// So many links would go with it, and nobody has confirmed that.
    #[error("{0} of the connection's records are linked; these links would go with it")]
    InUse(u64),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What goes with a connection.
#[derive(Debug, Clone)]
pub struct Extent {
    pub connection: Connection,
    pub contents: Contents,
    /// Whether its source was told to send callbacks, which are taken back.
    pub callbacks: bool,
}

/// What may go with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Not its links.
    Unlinked,
    /// Its links as well: somebody has confirmed that.
    Links,
    /// All, because its company goes.
    WithCompany,
}

/// Looks at what goes with a connection. Nothing is changed.
///
/// # Errors
/// [`store::Error::NotFound`]; another company's is not there.
pub fn extent(
    db: &mut Db,
    grant: &Grant<action::ManageConnections>,
    id: &ConnectionId,
) -> Result<Extent, RemoveError> {
    let connection = connections::get(db, id)?;
    grant.covers(&connection.company_id, "connection")?;
    let contents = connections::contents(db, id)?;
    let callbacks = connectors::is_polled(connection.kind) && webhooks::get(db, id)?.subscribed;
    Ok(Extent { connection, contents, callbacks })
}

/// Deletes a connection: its callbacks are taken back where that is possible, it is gone for everybody, and so are its
/// first rows. `leave` is what may go with it. What a person should know of callbacks that may still be there.
///
/// # Errors
/// [`store::Error::NotFound`]; [`RemoveError::InUse`]; [`store::Error::Closing`] where its company is being removed.
pub async fn connection(
    sources: &SourceAccess,
    grant: &Grant<action::ManageConnections>,
    extent: &Extent,
    leave: Leave,
) -> Result<Option<Problem>, RemoveError> {
    grant.covers(&extent.connection.company_id, "connection")?;
    if extent.contents.links > 0 && leave == Leave::Unlinked {
        return Err(RemoveError::InUse(extent.contents.links));
    }
    let id = extent.connection.id.clone();
    let company = extent.connection.company_id.clone();
    if leave != Leave::WithCompany {
        // Before its source is told: once more below, where it counts.
        let company = company.clone();
        sources.store.write(move |db| companies::open(db, &company)).await?;
    }
    // While its secrets are there.
    let left = match extent.callbacks {
        true => subscribe::unsubscribe(sources, grant, &id).await.err().map(|error| callbacks_left(&error)),
        false => None,
    };
    let now = sources.ambient.now();
    let marked = id.clone();
    let (actor, origin) = (grant.actor().clone(), grant.origin().clone());
    let (company_id, links) = (extent.connection.company_id.clone(), extent.contents.links);
    let mark = move |db: &mut WriteDb| {
        locks::of(&marked).all(db)?;
        if leave != Leave::WithCompany {
            companies::open(db, &company)?;
        }
        // Somebody may have linked one of its records meanwhile.
        match connections::links_held(db, &marked)? {
            links @ 1.. if leave == Leave::Unlinked => Err(RemoveError::InUse(links)),
            _ => {
                let act = Act::new(AuditAction::ConnectionRemoved, "connection", &marked).of(&company_id);
                audit::note_by(db, &actor, &origin, act.with("links", links));
                Ok(mark(db, &marked, now)?)
            }
        }
    };
    sources.store.write(mark).await?;
    // A small one is gone now; a worker goes on with a large one.
    if let Err(error) = sources.store.write(move |db| purge::step(db, &id, now)).await {
        tracing::warn!(%error, "the rows of a deleted connection are left to the worker");
    }
    Ok(left)
}

/// Takes a connection away from everybody, in one small transaction.
pub fn mark(db: &mut WriteDb, id: &ConnectionId, now: DateTime<Utc>) -> store::Result<()> {
    let lock = locks::of(id).all(db)?;
    connections::get(db, id)?;
    run::abandon(db, id, now)?;
    sessions::retire(db, id, now)?;
    purge::mark(db, &lock, now)
}

/// Ends whatever is read or told of a connection whose company is being removed: what is staged of it stays as it is.
pub fn shut(db: &mut WriteDb, id: &ConnectionId, now: DateTime<Utc>) -> store::Result<()> {
    let lock = locks::of(id).all(db)?;
    run::abandon(db, id, now)?;
    sessions::retire(db, id, now)?;
    connections::shut(db, &lock, now)
}

/// Takes [`shut`] back.
pub fn reopen(db: &mut WriteDb, id: &ConnectionId, now: DateTime<Utc>) -> store::Result<()> {
    let lock = locks::of(id).all(db)?;
    connections::reopen(db, &lock, now)
}

fn callbacks_left(error: &SubscribeError) -> Problem {
    tracing::warn!(%error, "the callbacks of a deleted connection could not be taken back");
    let why = error.problem().map_or_else(|| sentence(&error.to_string()), |problem| problem.detail);
    Problem::new(
        "callbacks_left",
        format!("The connection is deleted. Its callbacks could not be taken back at the source: {why}"),
        "Delete them there. Until then what they send is answered with 401 and does nothing.",
    )
}
