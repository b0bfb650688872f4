//! The view of a run.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::words::{List, Mode, RunState},
    service::schema::{self, Hint},
    store::{records, runs},
};

/// One synchronisation of one list of one connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    pub id: String,
    pub company_id: String,
    pub connection_id: String,
    #[schema(schema_with = schema::lists)]
    pub list: List,
    #[schema(schema_with = schema::modes)]
    pub mode: Mode,
    #[schema(schema_with = schema::run_states)]
    pub state: RunState,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Rows that the source has sent, repetitions included.
    pub received: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Records marked absent, or named by the hold.
    pub absent: u64,
    /// Records that were present when absence was judged.
    pub present_before: u64,
    /// Whether absence was judged: the whole list had arrived.
    pub reconciled: bool,
    /// Why it failed or is held, or a warning of a complete one.
    pub problem: Option<Hint>,
    pub decision: Option<Decision>,
    /// How many absences an approval has still to mark: it is `running` until then. Null where none are left.
    pub to_mark: Option<u64>,
    /// What is to be decided, where it is held and asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// What was decided about a hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// `approved`, `rejected`, or `superseded` by a later whole list.
    pub decision: String,
    pub at: DateTime<Utc>,
    pub by: String,
}

/// Absences that look like a mistake.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    pub absent: u64,
    pub present_before: u64,
    /// The first of them.
    pub records: Vec<Absence>,
}

/// A record that a run did not find in the source's list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Absence {
    pub id: String,
    pub external_id: String,
    pub name: String,
}

impl From<records::Staged> for Absence {
    fn from(staged: records::Staged) -> Self {
        Self { id: staged.id.into(), external_id: staged.record.external_id, name: staged.record.name }
    }
}

impl From<runs::Run> for Run {
    fn from(run: runs::Run) -> Self {
        Self {
            id: run.id.into(),
            company_id: run.company_id.into(),
            connection_id: run.connection_id.into(),
            list: run.list,
            mode: run.mode,
            state: run.state,
            created_at: run.created_at,
            started_at: run.started_at,
            updated_at: run.updated_at,
            ended_at: run.ended_at,
            received: run.counts.received,
            created: run.counts.created,
            updated: run.counts.updated,
            unchanged: run.counts.unchanged,
            absent: run.absent,
            present_before: run.present_before,
            reconciled: run.reconciled,
            problem: run.problem.map(Hint::from),
            decision: run.decision.map(|decision| Decision {
                decision: decision.decision,
                at: decision.at,
                by: decision.by.to_string(),
            }),
            to_mark: run.to_mark,
            hold: None,
        }
    }
}
