//! Runs: one synchronisation of one list of one connection.

mod read;
mod seen;
mod write;

pub use read::{
    Filter, beginning, get, held, in_state, last_full, list, open_of, page, removed_since, running_of,
    silent_since, to_mark,
};
pub use seen::{add_seen, forget_seen, seen, unsee};
pub use write::{
    End, NewRun, advance, decide, end, insert, insert_ended, marked, set_progress, start, take_back, widen,
};

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{
    access::Actor,
    ids::{CompanyId, ConnectionId, RunId},
    problem::Problem,
    words::{List, Mode, RunState},
};

use super::{
    Error, Result,
    dsl::*,
    schema::runs,
    values::{MaybeTime, Time, loaded_as, uncount},
};

/// What a run has done so far, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Received from the source, each page's repetitions included.
    pub received: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// What a person decided about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `approved`, `rejected`, or `superseded` by a later whole list.
    pub decision: String,
    pub at: DateTime<Utc>,
    pub by: Decider,
}

/// Who decided about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decider {
    /// Somebody, with the name that it had then.
    Party { actor: Actor, name: Option<String> },
    /// The later run that took its place, by ID.
    Run(RunId),
}

/// `app Ops`, `command line`; the ID of a run.
impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party { actor, name: Some(name) } => {
                write!(f, "{} {name}", actor.kind.as_str().replace('_', " "))
            }
            Self::Party { actor, name: None } => actor.fmt(f),
            Self::Run(id) => f.write_str(id),
        }
    }
}

/// The kind of a [`Decider::Run`] in its column.
const RUN: &str = "run";

impl Decider {
    fn read(kind: &str, id: Option<String>, name: Option<String>) -> Result<Self> {
        Ok(match kind {
            RUN => Self::Run(id.unwrap_or_default().into()),
            kind => Self::Party { actor: Actor { kind: kind.parse()?, id }, name },
        })
    }

    /// Kind, ID and name, as they are stored.
    fn columns(&self) -> (&str, Option<&str>, Option<&str>) {
        match self {
            Self::Party { actor, name } => (actor.kind.as_str(), actor.id.as_deref(), name.as_deref()),
            Self::Run(id) => (RUN, Some(id), None),
        }
    }
}

/// One synchronisation of one list of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub company_id: CompanyId,
    pub connection_id: ConnectionId,
    pub list: List,
    pub mode: Mode,
    pub state: RunState,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub counts: Counts,
    /// Records marked absent, or named by the hold.
    pub absent: u64,
    /// Records that were present when absence was judged.
    pub present_before: u64,
    /// Whether absence was judged: the whole list had arrived.
    pub reconciled: bool,
    /// The newest modification seen, in the source's own words.
    pub high_water: Option<String>,
    /// Why it failed or is held, or a warning of a complete one.
    pub problem: Option<Problem>,
    pub decision: Option<Decision>,
    /// How far it has come, in the connector's own words.
    pub progress: Option<String>,
    /// How many absences an approval has still to mark, at most; until then it is `running` again.
    pub to_mark: Option<u64>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = runs)]
#[doc(hidden)]
pub struct Row {
    id: RunId,
    company_id: CompanyId,
    connection_id: ConnectionId,
    list: List,
    mode: Mode,
    state: RunState,
    #[diesel(deserialize_as = Time)]
    created_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    started_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = Time)]
    updated_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    ended_at: Option<DateTime<Utc>>,
    received: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    absent: i64,
    present_before: i64,
    reconciled: bool,
    high_water: Option<String>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    decision: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    decided_at: Option<DateTime<Utc>>,
    decided_by_kind: Option<String>,
    decided_by_id: Option<String>,
    decided_by_name: Option<String>,
    progress: Option<String>,
    to_mark: Option<i64>,
}

loaded_as!(Row => Run);

impl TryFrom<Row> for Run {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let words = |text: Option<String>| text.unwrap_or_default();
        Ok(Self {
            list: row.list,
            mode: row.mode,
            state: match row.to_mark {
                Some(_) => RunState::Running,
                None => row.state,
            },
            to_mark: row.to_mark.map(uncount),
            id: row.id,
            company_id: row.company_id,
            connection_id: row.connection_id,
            created_at: row.created_at,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            counts: Counts {
                received: uncount(row.received),
                created: uncount(row.created),
                updated: uncount(row.updated),
                unchanged: uncount(row.unchanged),
            },
            absent: uncount(row.absent),
            present_before: uncount(row.present_before),
            reconciled: row.reconciled,
            high_water: row.high_water,
            problem: row.code.map(|code| Problem::new(code, words(row.detail), words(row.remedy))),
            decision: match (row.decision, row.decided_at, row.decided_by_kind) {
                (Some(decision), Some(at), Some(kind)) => {
                    let by = Decider::read(&kind, row.decided_by_id, row.decided_by_name)?;
                    Some(Decision { decision, at, by })
                }
                _ => None,
            },
            progress: row.progress,
        })
    }
}
