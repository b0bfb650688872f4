//! Which company it is, where the company file does not tell: its people do.

use chrono::{DateTime, Utc};

use crate::{
    connectors::quickbooks_desktop::plan::Suspect,
    domain::{problem::Problem, words::List},
    store::{self, Db, connections, desktop, records},
};

const CODE: &str = "company_file_doubted";

/// How many of these people were staged before.
pub(super) fn known_of(db: &mut Db, connection_id: &str, list: List, ids: &[String]) -> store::Result<usize> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(records::known(db, connection_id, list, &ids)?.len())
}

/// What the people of a company file in doubt have shown.
pub(super) enum People {
    /// So many of the first ones are known.
    Known { known: usize, of: usize },
    /// There are none.
    None,
    /// They were looked at by an earlier session.
    SeenBefore,
}

pub(super) fn doubted(connection_id: &str, suspect: &Suspect, people: People) -> Problem {
    let people = match people {
        People::Known { known, of } => format!("other people: {known} of the first {of} are known"),
        People::None => "no people that could tell".into(),
        People::SeenBefore => "other people".into(),
    };
    Problem::new(
        CODE,
        format!(
            "The company file «{}» ({}) carries the FileID of this connection, but another name and path than before, \
             and {people}. It may be a copy that another company uses now, so nothing was staged, and nobody was marked \
             absent.",
            suspect.name, suspect.path
        ),
        format!(
            "If it is the same company, say so: `rollcall connection set {connection_id} --same-company-file`, or PATCH \
             /v1/connections/{connection_id} with `same_company_file`. If it is another one, add a connection for it, and \
             in that file its own .qwc file."
        ),
    )
}

/// Nothing is in doubt.
#[derive(Debug, thiserror::Error)]
#[error("no company file of this connection waits for a decision")]
pub struct NothingInDoubt;

/// Somebody says that the file in doubt is the same company's: it is known by its name and path from now on.
pub fn same_company(
    db: &mut Db,
    connection_id: &str,
    now: DateTime<Utc>,
) -> store::Result<Result<(), NothingInDoubt>> {
    let file = desktop::get(db, connection_id)?;
    let (Some(name), Some(path)) = (file.doubted_name, file.doubted_path) else {
        return Ok(Err(NothingInDoubt));
    };
    desktop::set_pin(db, connection_id, true, Some(&name), Some(&path))?;
    let connection = connections::get(db, connection_id)?;
    if connection.problem.is_some_and(|(problem, _)| problem.code == CODE) {
        connections::set_problem(db, connection_id, None, now)?;
    }
    Ok(Ok(()))
}
