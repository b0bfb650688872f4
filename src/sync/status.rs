//! Where a connection stands, in one word and a sentence.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    connectors::{self, Moves},
    domain::{
        problem::Problem,
        words::{Cause, ConnectionState, List, RunState},
    },
    store::{
        Db, Result,
        connections::Connection,
        inbox,
        lists::{self, Cursor},
        polls::{self, Poll},
        runs::{self, Run},
    },
};

use super::{
    check::{self, cause_of},
    subscribe,
};

/// Where a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: ConnectionState,
    /// Since when it is so, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When its source is called next, or is expected to call.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub detail: String,
    /// What to do; empty where nothing is.
    pub remedy: String,
}

impl Status {
    fn new(state: ConnectionState, since: Option<DateTime<Utc>>, detail: impl Into<String>) -> Self {
        Self { state, since, next_attempt_at: None, detail: detail.into(), remedy: String::new() }
    }

    fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }
}

/// What the database knows of where a connection stands.
#[derive(Debug, Default)]
struct Known {
    poll: Option<Poll>,
    held: Option<Run>,
    /// A list that has come in part so far.
    arriving: Option<Run>,
    cursors: BTreeMap<List, Cursor>,
    /// How many messages of its webhooks were given up.
    given_up: u64,
}

impl Known {
    /// What is known of each of the connections, in their order: in as many queries for one as for all.
    fn read(db: &mut Db, connections: &[Connection]) -> Result<Vec<Self>> {
        let ids: Vec<&str> = connections.iter().map(|connection| connection.id.as_str()).collect();
        let mut cursors = lists::cursors(db, &ids)?;
        let mut polls = polls::of(db, &ids)?;
        let given_up = inbox::given_up_of(db, &ids)?;
        let (mut held, mut arriving) = (BTreeMap::new(), BTreeMap::new());
        for run in runs::open_of(db, &ids)? {
            let of_state = if run.state == RunState::Held { &mut held } else { &mut arriving };
            of_state.entry(run.connection_id.clone()).or_insert(run);
        }
        let known = connections.iter().map(|connection| Self {
            poll: polls.remove(&connection.id).filter(|_| connectors::is_polled(connection.kind)),
            held: held.remove(&connection.id),
            arriving: arriving.remove(&connection.id),
            cursors: cursors.remove(&connection.id).unwrap_or_default(),
            given_up: given_up.get(&connection.id).copied().unwrap_or_default(),
        });
        Ok(known.collect())
    }
}

/// Looks at a connection as it is stored. What needs a person comes before what does not.
pub fn status(db: &mut Db, connection: &Connection, now: DateTime<Utc>) -> Result<Status> {
    let known = Known::read(db, std::slice::from_ref(connection))?.pop().unwrap_or_default();
    Ok(judge(connection, &known, now))
}

/// The same for some connections, in their order, each with how far its lists were read.
pub fn all(
    db: &mut Db,
    connections: &[Connection],
    now: DateTime<Utc>,
) -> Result<Vec<(Status, BTreeMap<List, Cursor>)>> {
    let known = Known::read(db, connections)?;
    let judged = connections.iter().zip(known).map(|(it, known)| (judge(it, &known, now), known.cursors));
    Ok(judged.collect())
}

fn judge(connection: &Connection, known: &Known, now: DateTime<Utc>) -> Status {
    let mut status = of_lists(connection, known, now);
    if known.given_up > 0 {
        let (count, id) = (known.given_up, &connection.id);
        let were = if count == 1 { "message of its webhooks was" } else { "messages of its webhooks were" };
        let gap = if status.remedy.is_empty() { "" } else { " " };
        status.detail.push_str(&format!(" {count} {were} given up."));
        status.remedy.push_str(&format!(
            "{gap}`rollcall webhook list {id} --state dead` tells why; `rollcall webhook replay --all-dead {id}` tries \
             them again."
        ));
    }
    status
}

/// Where it stands by its lists and its source.
fn of_lists(connection: &Connection, known: &Known, now: DateTime<Utc>) -> Status {
    let leased = known.poll.as_ref().and_then(|poll| poll.leased).filter(|(_, until)| *until > now);
    if let Some((since, _)) = leased {
        return Status::new(ConnectionState::Polling, Some(since), "Its lists are being read.");
    }
    let next = match &known.poll {
        Some(poll) => (!connection.paused).then_some(poll.next_at),
        None => check::check(connection, now).expected_at,
    };
    let status = match (&connection.problem, &known.held) {
        (Some((problem, since)), Some(run)) => both(troubled(problem, *since), asking(run)),
        (Some((problem, since)), None) => troubled(problem, *since),
        (None, Some(run)) => asking(run),
        (None, None) => quiet(connection, known, now),
    };
    // Whatever says that all is well: only where it is known who is gone.
    let lacking = match status.state {
        ConnectionState::Ok => {
            arriving(known).or_else(|| incomplete(known)).or_else(|| unread(connection, known))
        }
        _ => None,
    };
    Status { next_attempt_at: next, ..lacking.unwrap_or(status) }
}

/// The state that a problem puts a connection into.
fn troubled(problem: &Problem, since: DateTime<Utc>) -> Status {
    let state = match cause_of(&problem.code) {
        // Its lists are read all the same.
        _ if problem.code == subscribe::TROUBLE => ConnectionState::Ok,
        Cause::Credentials => ConnectionState::CredentialsRejected,
        Cause::Permission => ConnectionState::PermissionMissing,
        Cause::RateLimit => ConnectionState::RateLimited,
        _ => ConnectionState::Failing,
    };
    Status::new(state, Some(since), &problem.detail).remedy(&problem.remedy)
}

fn asking(run: &Run) -> Status {
    let (detail, remedy) = match &run.problem {
        Some(problem) => (problem.detail.clone(), problem.remedy.clone()),
        None => Default::default(),
    };
    Status::new(ConnectionState::Held, run.ended_at, format!("Run {} waits for a decision: {detail}", run.id))
        .remedy(format!(
            "{remedy} `rollcall run show {0}`, then `rollcall run approve {0}` or `reject`.",
            run.id
        ))
}

/// Something is wrong, and a run waits for a decision. What is wrong comes first where only a person can mend it; else it
/// may be over before the run is decided.
fn both(troubled: Status, asking: Status) -> Status {
    use ConnectionState::{CredentialsRejected, PermissionMissing};
    let (first, second) = match troubled.state {
        CredentialsRejected | PermissionMissing => (troubled, asking),
        _ => (asking, troubled),
    };
    let joined = |one: &str, other: &str| format!("{one} {other}").trim().to_owned();
    Status {
        detail: joined(&first.detail, &second.detail),
        remedy: joined(&first.remedy, &second.remedy),
        ..first
    }
}

fn arriving(known: &Known) -> Option<Status> {
    let run = known.arriving.as_ref()?;
    let detail = format!("Its {} are coming in.", run.list.plural());
    Some(Status::new(ConnectionState::Polling, run.started_at, detail))
}

/// Lists of which it is not known who is gone.
fn incomplete(known: &Known) -> Option<Status> {
    let mut all = known.cursors.iter().filter_map(|(list, cursor)| Some((list, cursor.unjudged.as_ref()?)));
    let (first, why) = all.next()?;
    let say = |list: &List, problem: &Problem| {
        format!("Nobody of the {} can be marked absent. {}", list.plural(), problem.detail)
    };
    let status = Status::new(ConnectionState::Incomplete, Some(why.since), say(first, &why.problem))
        .remedy(&why.problem.remedy);
    Some(all.fold(status, |mut status, (list, why)| {
        status.detail.push_str(&format!(" {}", say(list, &why.problem)));
        if !status.remedy.contains(&why.problem.remedy) {
            status.remedy.push_str(&format!(" {}", why.problem.remedy));
        }
        status.since = status.since.min(Some(why.since));
        status
    }))
}

/// Lists that a source has and that were never read, or never whole. Who pushes decides itself what it sends.
fn unread(connection: &Connection, known: &Known) -> Option<Status> {
    let spec = connectors::spec(connection.kind).filter(|spec| spec.moves != Moves::Pushes)?;
    let wanted = spec.lists;
    let cursor = |list: &List| known.cursors.get(list).cloned().unwrap_or_default();
    let never = wanted.iter().find(|list| cursor(list).last_complete_at.is_none()).map(|list| {
        let detail = format!("Its {} were not read yet.", list.plural());
        Status::new(ConnectionState::Waiting, Some(connection.created_at), detail).remedy(spec.words.not_read)
    });
    let never_whole = || {
        let list = wanted.iter().find(|list| cursor(list).last_full_at.is_none())?;
        let detail = format!(
            "The {} never came as a whole list, so nobody of them can be marked absent.",
            list.plural()
        );
        let status = Status::new(ConnectionState::Incomplete, Some(connection.created_at), detail);
        Some(status.remedy(format!("Ask for it: `rollcall connection poll {} --full`.", connection.id)))
    };
    never.or_else(never_whole)
}

/// Nothing is wrong, as far as can be told without the lists.
fn quiet(connection: &Connection, known: &Known, now: DateTime<Utc>) -> Status {
    use ConnectionState::{Failing, Ok, Waiting};
    let seen = connection.last_seen_at;
    if connection.paused {
        return Status::new(Waiting, None, "It is paused: nothing runs until it is resumed.")
            .remedy(format!("`rollcall connection set {} --resume` starts runs again.", connection.id));
    }
    let calls_in = connectors::spec(connection.kind).is_some_and(|spec| spec.moves == Moves::CallsIn);
    match (calls_in, &known.poll) {
        (true, _) => {
            let check = check::check(connection, now);
            let state = match (check.ok, seen) {
                (true, _) => Ok,
                (false, None) => Waiting,
                (false, Some(_)) => Failing,
            };
            Status::new(state, seen, check.detail).remedy(check.remedy)
        }
        (_, Some(poll)) => Status::new(Ok, poll.last_ok_at, "Its source was read to the end."),
        (_, None) if seen.is_some() => Status::new(Ok, seen, "Its source sends messages."),
        (_, None) => {
            let never = check::check(connection, now);
            Status::new(Waiting, Some(connection.created_at), "No message was received yet.")
                .remedy(never.remedy)
        }
    }
}
