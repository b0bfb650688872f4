//! Applies each event in the transaction that marks its message as done.

use crate::{
    clock::Ambient,
    connectors,
    domain::{
        event::Event,
        problem::Problem,
        words::{List, Mode},
    },
    store::{
        Error, Result, WriteDb,
        connections::Connection,
        inbox::{self, Message},
        locks::{self, Locked},
        webhooks,
    },
    sync::ask::{self, AskError},
};

use super::{
    newest,
    outcome::{Outcome, settle},
    pages::{self, Page},
    texts::not_understood,
};

/// A message and the event in it, or why it could not be read.
#[derive(Debug, Clone)]
pub(super) struct ParsedMessage {
    pub message: Message,
    pub event: std::result::Result<Event, Problem>,
}

impl ParsedMessage {
    pub(super) fn read(message: Message) -> Self {
        let event = match &message.body {
            // A reader's own words would hold what stands there.
            Some(body) => serde_json::from_str(body).map_err(|error| {
                let at = format!("line {}, column {}", error.line(), error.column());
                not_understood(&format!("what was kept of it cannot be read ({at})"), None)
            }),
            None => Err(not_understood("nothing was kept of it", None)),
        };
        Self { message, event }
    }

    /// The record that it names, to be fetched.
    pub(super) fn record_to_fetch(&self) -> Option<(List, &str)> {
        match &self.event {
            Ok(Event::Changed { list, external_id } | Event::MayBeGone { list, external_id }) => {
                Some((*list, external_id))
            }
            _ => None,
        }
    }

    /// Whether the source is to be asked for what has changed. A message without a meaning may have told of anything.
    fn asks(&self) -> bool {
        matches!(self.event, Ok(Event::SomethingChanged) | Err(_))
    }

    /// The list that it writes to.
    fn list(&self) -> Option<List> {
        match &self.event {
            Ok(
                Event::Upserted { list, .. }
                | Event::Merged { list, .. }
                | Event::Removed { list, .. }
                | Event::Replaced { list, .. },
            ) => Some(*list),
            _ => None,
        }
    }
}

/// Does what messages say, in their order, and ends them. Whether the source was asked for what has changed.
pub(super) fn apply_all(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    told: &[ParsedMessage],
) -> Result<bool> {
    // Locks in the order that everybody keeps: the poll's row, then those of the lists.
    let asks = connectors::is_polled(connection.kind) && told.iter().any(ParsedMessage::asks);
    if asks {
        ask_for_changes(db, ambient, connection)?;
    }
    let mut held = Vec::new();
    for list in List::ALL.iter().filter(|list| told.iter().any(|told| told.list() == Some(**list))) {
        held.push(locks::of(&connection.id).list(db, *list)?);
    }
    let mut done = Vec::new();
    for one in told {
        let lock = held.iter().find(|lock| Some(lock.what()) == one.list());
        match apply(db, ambient, connection, lock, one)? {
            // Most end so: with one statement for all of them.
            Outcome::Done(None) if one.message.body.is_some() => done.push(one.message.id.as_str()),
            outcome => settle(db, &one.message, outcome, ambient.now())?,
        }
    }
    inbox::all_done(db, &done, ambient.now())?;
    Ok(asks)
}

fn ask_for_changes(db: &mut WriteDb, ambient: &Ambient, connection: &Connection) -> Result<()> {
    match ask::request(db, ambient, connection, Mode::Delta) {
        Ok(_) => Ok(()),
        Err(AskError::Store(error)) => Err(error),
        // The poller tells people of it.
        Err(error) => {
            tracing::warn!(%error, connection = connection.id.as_str(), "a webhook could not ask for the changes");
            Ok(())
        }
    }
}

fn apply(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: Option<&Locked<List>>,
    told: &ParsedMessage,
) -> Result<Outcome> {
    let message = &told.message;
    match (&told.event, lock) {
        (Err(problem), _) => return Ok(Outcome::Dead(problem.clone())),
        (Ok(Event::Upserted { records, .. }), Some(lock)) => {
            return newest::upserted(db, ambient, connection, lock, records, message.moment());
        }
        (Ok(Event::Merged { patches, .. }), Some(lock)) => {
            return newest::merged(db, ambient, connection, lock, patches, message.moment());
        }
        (Ok(Event::Removed { external_ids, .. }), Some(lock)) => {
            return newest::removed(db, ambient, connection, lock, external_ids, message.moment());
        }
        (Ok(Event::Replaced { list, list_id, page, last, records }), Some(lock)) => {
            let page = Page {
                list: *list,
                lock,
                list_id: list_id.as_deref(),
                number: *page,
                last: *last,
                records,
                message,
            };
            return pages::take(db, ambient, connection, &page);
        }
        (Ok(Event::VerificationCode { code }), _) => {
            webhooks::set_verification(db, &connection.id, code, message.received_at)?;
        }
        // What writes to a list was given its lock.
        (
            Ok(
                Event::Upserted { .. }
                | Event::Merged { .. }
                | Event::Removed { .. }
                | Event::Replaced { .. },
            ),
            None,
        ) => return Err(Error::Stale("inbox")),
        // A record that is named is fetched; for the others the source was asked what has changed.
        (
            Ok(Event::Changed { .. } | Event::MayBeGone { .. } | Event::SomethingChanged | Event::Nothing),
            _,
        ) => {}
    }
    Ok(Outcome::Done(None))
}
