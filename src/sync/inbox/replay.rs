//! What was given up is tried again, because somebody asked for it.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{Denied, Grant, action},
        audit::Act,
        words::AuditAction,
    },
    store::{
        self, WriteDb, audit,
        connections::Connection,
        inbox::{self, Message, Which},
    },
};

/// Why nothing is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the message was not given up, or not any more")]
    NotDead,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Has one message of the connection tried again.
///
/// # Errors
/// [`ReplayError::NotDead`].
pub fn message(
    db: &mut WriteDb,
    grant: &Grant<action::ManageConnections>,
    connection: &Connection,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), ReplayError> {
    grant.covers(&connection.company_id, "message")?;
    match inbox::replay(db, Which::Message(&message.id), now)? {
        0 => Err(ReplayError::NotDead),
        _ => {
            let act =
                Act::new(AuditAction::MessageReplayed, "message", &message.id).of(&connection.company_id);
            audit::note(db, grant, act.with("connection_id", &connection.id));
            Ok(())
        }
    }
}

/// Has all messages of the connection tried again that were given up; how many.
pub fn all(
    db: &mut WriteDb,
    grant: &Grant<action::ManageConnections>,
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<usize, ReplayError> {
    grant.covers(&connection.company_id, "connection")?;
    let messages = inbox::replay(db, Which::AllOf(&connection.id), now)?;
    if messages > 0 {
        let act =
            Act::new(AuditAction::MessageReplayed, "connection", &connection.id).of(&connection.company_id);
        audit::note(db, grant, act.with("messages", messages));
    }
    Ok(messages)
}
