//! What goes into the audit at the end of the transaction.

use std::collections::BTreeMap;

use crate::{
    domain::{
        access::{Actor, Attempt, Grant, Origin},
        audit::{Act, Told},
        words::{ActorKind, AuditAction, ChangeKind},
    },
    store::{
        WriteDb,
        gathered::{Changes, Entry},
        values::utc,
    },
};

/// Notes what a verb does for the holder of a grant.
pub fn note<A>(db: &mut WriteDb, grant: &Grant<A>, act: Act) {
    note_by(db, grant.actor(), grant.origin(), act);
}

/// Notes what is done for a caller whose attempt was allowed.
pub fn note_for<A>(db: &mut WriteDb, attempt: &Attempt<A>, act: Act) {
    note_by(db, &attempt.principal().actor(), attempt.origin(), act);
}

/// Notes what is done without a grant: by a worker, or by the command line to the database itself.
pub fn note_by(db: &mut WriteDb, actor: &Actor, origin: &Origin, act: Act) {
    db.told.push(Told { act, actor: actor.clone(), origin: origin.clone() });
}

/// Who works on its own.
fn worker(name: &str) -> Actor {
    Actor { kind: ActorKind::Worker, id: Some(name.to_owned()) }
}

/// What the feed is about to tell is noted as well: whoever links something need not say it twice. Records that a run has
/// staged are not: the run is noted when it ends.
pub(in crate::store) fn of_the_feed(db: &mut WriteDb) {
    let mut all = Vec::new();
    let mut staged: BTreeMap<(&str, &str), Staged> = BTreeMap::new();
    for changes in &db.changes {
        let at = Origin::at(utc(changes.at));
        if let Some(actor) = &changes.actor {
            let origin = db.origin.clone().unwrap_or(at);
            for entry in &changes.entries {
                if let Some(act) = of_an_actor(changes, entry) {
                    all.push(Told { act, actor: actor.clone(), origin: origin.clone() });
                }
            }
        } else if changes.run_id.is_none() {
            let place = (changes.company_id.as_str(), changes.connection_id.as_deref().unwrap_or_default());
            staged.entry(place).or_insert_with(|| Staged::new(at)).count(&changes.entries);
        }
    }
    for ((company_id, connection_id), staged) in staged {
        all.push(staged.told(company_id, connection_id));
    }
    db.told.extend(all);
}

fn of_an_actor(changes: &Changes, entry: &Entry) -> Option<Act> {
    let action = match entry.kind {
        ChangeKind::Linked => AuditAction::Linked,
        ChangeKind::Unlinked => AuditAction::Unlinked,
        ChangeKind::ProfileCreated => AuditAction::ProfileCreated,
        ChangeKind::ProfileUpdated => AuditAction::ProfileUpdated,
        ChangeKind::ProfileRemoved => AuditAction::ProfileRemoved,
        ChangeKind::Created
        | ChangeKind::Updated
        | ChangeKind::Absent
        | ChangeKind::Returned
        | ChangeKind::RecordRemoved => return None,
    };
    let profile_id = entry.profile_id.as_deref();
    let act = match &entry.record_id {
        Some(record_id) => Act::new(action, changes.list.as_str(), record_id),
        None => Act::new(action, "profile", profile_id.unwrap_or_default()).with("list", changes.list),
    };
    let act = act.of(&changes.company_id);
    let act = changes.app_id.iter().fold(act, |act, app_id| act.with("app_id", app_id));
    Some(match (action, profile_id.filter(|_| entry.record_id.is_some())) {
        (AuditAction::Linked, Some(id)) => act.turned("profile_id", None::<&str>, Some(id)),
        (AuditAction::Unlinked, Some(id)) => act.turned("profile_id", Some(id), None::<&str>),
        _ => act,
    })
}

/// How many records of a connection were staged, by what happened to them.
struct Staged {
    origin: Origin,
    counts: BTreeMap<&'static str, usize>,
    /// They go with their connection.
    removed: bool,
}

impl Staged {
    fn new(origin: Origin) -> Self {
        Self { origin, counts: BTreeMap::new(), removed: false }
    }

    fn count(&mut self, entries: &[Entry]) {
        for entry in entries {
            *self.counts.entry(entry.kind.as_str()).or_default() += 1;
            self.removed |= entry.kind == ChangeKind::RecordRemoved;
        }
    }

    fn told(self, company_id: &str, connection_id: &str) -> Told {
        let action = if self.removed { AuditAction::RecordsRemoved } else { AuditAction::RecordsStaged };
        let act = Act::new(action, "connection", connection_id).of(company_id);
        let act = self.counts.into_iter().fold(act, |act, (kind, count)| act.with(kind, count));
        Told { act, actor: worker("staging"), origin: self.origin }
    }
}
