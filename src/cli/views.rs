//! What the command line shows of each thing: the same words as the API.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{
    domain::{
        problem::Problem,
        words::{Kind, List, Mode, RunState},
    },
    store::{apps::App, companies::Company, connections::Connection, desktop::DesktopFile, runs::Run},
};

#[derive(Debug, Serialize)]
pub struct CompanyView {
    pub id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl From<Company> for CompanyView {
    fn from(Company { id, name, created_at }: Company) -> Self {
        Self { id, name, created_at }
    }
}

#[derive(Debug, Serialize)]
pub struct AppView {
    pub id: String,
    pub name: String,
    pub admin: bool,
    /// IDs; an admin's app sees all companies and lists none.
    pub companies: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl AppView {
    pub fn new(App { id, name, admin, companies, created_at }: App, token: Option<String>) -> Self {
        Self { id, name, admin, companies, created_at, token }
    }
}

#[derive(Debug, Serialize)]
pub struct ConnectionView {
    pub id: String,
    pub company_id: String,
    pub kind: Kind,
    pub name: String,
    pub settings: Value,
    pub paused: bool,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: Option<DateTime<Utc>>,
    pub problem: Option<ProblemView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<DesktopView>,
}

/// What only a connection to QuickBooks Desktop shows.
#[derive(Debug, Serialize)]
pub struct DesktopView {
    /// What the Web Connector signs in with.
    pub username: String,
    /// The company that answered first; another company file is refused.
    pub company_name: Option<String>,
    /// The path of the company file that answered first.
    pub company_file: Option<String>,
    pub qbxml_version: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ProblemView {
    #[serde(flatten)]
    pub problem: Problem,
    pub since: DateTime<Utc>,
}

impl ConnectionView {
    pub fn new(connection: Connection, desktop: Option<DesktopFile>) -> Self {
        Self {
            // The store holds nothing else; a text would still be better than nothing.
            settings: serde_json::from_str(&connection.settings)
                .unwrap_or(Value::String(connection.settings)),
            id: connection.id,
            company_id: connection.company_id,
            kind: connection.kind,
            name: connection.name,
            paused: connection.paused,
            created_at: connection.created_at,
            last_seen_at: connection.last_seen_at,
            problem: connection.problem.map(|(problem, since)| ProblemView { problem, since }),
            desktop: desktop.map(DesktopView::from),
        }
    }
}

impl From<DesktopFile> for DesktopView {
    fn from(file: DesktopFile) -> Self {
        Self {
            username: file.username,
            company_name: file.pinned_name,
            company_file: file.pinned_path,
            qbxml_version: file.qbxml_version,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct RunView {
    pub id: String,
    pub company_id: String,
    pub connection_id: String,
    pub list: List,
    pub mode: Mode,
    pub state: RunState,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub received: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub absent: u64,
    pub present_before: u64,
    pub reconciled: bool,
    pub problem: Option<Problem>,
    pub decision: Option<DecisionView>,
}

#[derive(Debug, Serialize)]
pub struct DecisionView {
    pub decision: String,
    pub at: DateTime<Utc>,
    pub by: String,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            company_id: run.company_id,
            connection_id: run.connection_id,
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
            problem: run.problem,
            decision: run.decision.map(|it| DecisionView { decision: it.decision, at: it.at, by: it.by }),
        }
    }
}
