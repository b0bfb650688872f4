//! What nobody understood: kept sealed for a while, and read again when it is replayed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::hook,
    domain::{
        ids::{ConnectionId, MessageId},
        key::Key,
        problem::Problem,
    },
    store::{
        self, Db, Store,
        connections::Connection,
        inbox::Message,
        sealed::{self, Sealed},
    },
    sync::vault::{Vault, VaultError},
};

use super::{
    apply::ParsedMessage,
    texts::{not_understood, remedy},
};

/// How long it is kept where nothing else is said.
pub const SEALED_KEPT: TimeDelta = TimeDelta::days(14);

/// The longest body that is kept.
const LONGEST: usize = 256 * 1024;

/// Seals bodies. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sealing {
    pub vault: Vault,
    pub kept: TimeDelta,
}

impl Sealing {
    /// A body as it is kept with the message `inbox_id`; `None` where it is not.
    pub(super) async fn seal(
        &self,
        store: &Store,
        connection_id: &ConnectionId,
        inbox_id: &MessageId,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Option<Sealed> {
        if self.kept <= TimeDelta::zero() || body.is_empty() || body.len() > LONGEST {
            return None;
        }
        let (vault, id) = (self.vault.clone(), connection_id.to_owned());
        let key: Result<Key, VaultError> = store.write(move |db| vault.message_key(db, &id, now)).await;
        let sealed = key.and_then(|key| self.vault.seal_message(&key, connection_id, inbox_id, body));
        match sealed {
            Ok(bytes) => Some(Sealed { bytes, kept_until: now + self.kept }),
            // The message counts all the same: the changes are asked for.
            Err(error) => {
                tracing::error!(%error, "a message that was not understood could not be sealed, and is not kept");
                None
            }
        }
    }
}

/// Gives a message that had no meaning the one that this version knows, if what it says is still there.
pub(super) fn read_again(
    db: &mut Db,
    vault: &Vault,
    connection: &Connection,
    message: Message,
) -> store::Result<ParsedMessage> {
    if message.body.is_some() {
        return Ok(ParsedMessage::read(message));
    }
    let kept = sealed::find(db, &message.id)?;
    let opened = match &kept {
        Some(kept) => match vault.open_message(db, &connection.id, &message.id, &kept.bytes) {
            Ok(body) => hook::read(connection.kind, &connection.settings, &body),
            Err(VaultError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, message = message.id.as_str(), "what is kept of a message does not open");
                None
            }
        },
        None => None,
    };
    let event = match opened.map(|read| read.event) {
        Some(Ok(event)) => Ok(event),
        Some(Err(why)) => Err(not_understood(&why, kept.as_ref().map(|kept| kept.kept_until))),
        None => Err(match &message.problem {
            Some(before) => Problem::new(before.code.clone(), before.detail.clone(), remedy(None)),
            None => not_understood("nothing was kept of it", None),
        }),
    };
    Ok(ParsedMessage { message, event })
}
