//! Some messages only name a record that has changed. The record is fetched from its source once for all messages that
//! name it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Ambient,
    connectors::{
        self,
        source::{Failure, Fetched},
    },
    domain::words::{Cause, List, Mode},
    store::{
        Result, WriteDb,
        connections::Connection,
        inbox::{self, Message},
        locks, records,
    },
    sync::{ingest, poll},
};

use super::{
    apply::ParsedMessage,
    outcome::{Outcome, place, settle},
    retry::{Verdict, verdict},
};

/// How long the others wait where one record could not be fetched: it may be that record alone.
const SHORT: TimeDelta = TimeDelta::seconds(30);

/// A record, and the messages that name it.
#[derive(Debug, Clone)]
pub(super) struct FetchRequest {
    pub list: List,
    pub external_id: String,
    pub messages: Vec<Message>,
}

/// Groups messages by the record that they name, in the order in which each was first named.
pub(super) fn group(told: Vec<ParsedMessage>) -> Vec<FetchRequest> {
    let mut requests: Vec<FetchRequest> = Vec::new();
    for one in told {
        let Some((list, external_id)) = one.record_to_fetch().map(|(list, id)| (list, id.to_owned())) else {
            continue;
        };
        let known =
            requests.iter_mut().find(|request| request.list == list && request.external_id == external_id);
        match known {
            Some(request) => request.messages.push(one.message),
            None => requests.push(FetchRequest { list, external_id, messages: vec![one.message] }),
        }
    }
    requests
}

/// Writes what the source said of a record, and ends the messages. Whether the whole list is asked for: one answer
/// never marks a record absent, for the source may hide it as well as lack it.
pub(super) fn fetched(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    request: &FetchRequest,
    fetched: &Fetched,
) -> Result<bool> {
    let now = ambient.now();
    let asks = match fetched {
        Fetched::Record(record) => {
            let records = std::slice::from_ref(record.as_ref());
            let lock = locks::of(&connection.id).list(db, request.list)?;
            ingest::stage(db, ambient, &place(connection, &lock, now), records)?;
            false
        }
        Fetched::Missing => {
            let staged = records::find(db, &connection.id, request.list, &request.external_id)?;
            match staged.filter(|staged| staged.absent_at.is_none()) {
                // The whole list has told it already, and a person is asked: reading it again would only ask anew.
                Some(staged) if records::is_held(db, &connection.id, request.list, &staged.id)? => false,
                staged => staged.is_some() && connectors::is_polled(connection.kind),
            }
        }
    };
    if asks {
        poll::request(db, ambient, connection, &[request.list], Mode::Full)?;
    }
    for message in &request.messages {
        settle(db, message, Outcome::Done(None), now)?;
    }
    Ok(asks)
}

/// Puts the messages off, or gives them up. Until when the source is better left alone.
pub(super) fn failed(
    db: &mut WriteDb,
    ambient: &Ambient,
    request: &FetchRequest,
    failure: &Failure,
) -> Result<DateTime<Utc>> {
    let now = ambient.now();
    let mut next = now + SHORT;
    for message in &request.messages {
        match verdict(message, failure, ambient.fraction(), now) {
            Verdict::Later { attempts, at, problem } => {
                inbox::retry(db, &message.id, attempts, at, &problem, now)?;
                next = at;
            }
            Verdict::GiveUp(problem) => settle(db, message, Outcome::Dead(problem), now)?,
        }
    }
    Ok(if concerns_all(failure) { next } else { next.min(now + SHORT) })
}

/// Whether a failure would meet any record of the connection.
fn concerns_all(failure: &Failure) -> bool {
    match failure {
        Failure::NotSent(_) => true,
        Failure::Source { cause, retry_after, .. } => {
            retry_after.is_some() || matches!(cause, Cause::Credentials | Cause::RateLimit)
        }
    }
}
