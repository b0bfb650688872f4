//! A whole list that comes in pages: page 1 begins it, each next one follows, the last one judges who is absent.
//!
//! Messages overtake each other: a page that is ahead waits for those before it. Pages that name their list are told
//! apart by that; of two lists the newer one goes on. Pages without a name are told apart by nothing: where a second
//! page 1 comes before the last page, what belongs to which cannot be known, and nobody is judged by either.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Ambient,
    domain::{
        event::Moment,
        hold::Gone,
        ids::ConnectionId,
        problem::Problem,
        record::Record,
        words::{List, Mode, RunState},
    },
    store::{
        self, Db, Result, WriteDb,
        connections::Connection,
        inbox::{self, Message},
        lists,
        locks::Locked,
        message_times,
        runs::{self, Counts, Run},
    },
    sync::{ingest, reconcile, run},
};

use super::{
    newest,
    outcome::Outcome,
    texts::{WAITS, given_up, interleaved, missing, older_list, stopped, superseded, waits},
};

/// How long a list waits for its next page, and a page for those before it.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// How long lists that are mixed up are waited for: the next one shall be judged.
pub(super) const MIXED_PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// How much earlier than its page 1 a page may come that does not name its list.
const EARLY: TimeDelta = TimeDelta::minutes(5);

/// When a page that waits is looked at again, should it not be woken by the one before it.
const LOOK: TimeDelta = TimeDelta::seconds(30);

/// Names of lists that were given up, so that their late pages are known.
const GIVEN_UP: usize = 8;

/// One page as it was told.
pub(super) struct Page<'a> {
    pub list: List,
    pub lock: &'a Locked<List>,
    pub list_id: Option<&'a str>,
    pub number: u32,
    pub last: bool,
    pub records: &'a [Record],
    pub message: &'a Message,
}

/// How far a list has come: kept with its run.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    page: u32,
    /// Pages without a name that were received before are of an earlier list.
    from: DateTime<Utc>,
    #[serde(default)]
    list_id: Option<String>,
    /// The oldest time that its pages tell: whoever was told of after that is not judged by it.
    #[serde(default)]
    moment: Option<Moment>,
    /// What its page 1 was, where that can be told from the page 1 of another list.
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    mixed: Option<Mixed>,
    #[serde(default)]
    given_up: Vec<String>,
}

/// Lists without names whose pages came among each other.
#[derive(Debug, Serialize, Deserialize)]
struct Mixed {
    begun: u32,
    ended: u32,
}

impl Progress {
    fn moment(&self) -> Moment {
        self.moment.unwrap_or(Moment { at: self.from, received_at: self.from })
    }
}

/// Takes a page in its turn.
pub(super) fn take(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    page: &Page<'_>,
) -> Result<Outcome> {
    if message_times::whole_list(db, &connection.id, page.list)?
        .is_some_and(|newest| newest > page.message.moment())
    {
        return Ok(Outcome::Done(Some(older_list(page.list, page.number))));
    }
    match reading(db, &connection.id, page.list, ambient.now())? {
        Some((run, progress)) if progress.list_id.as_deref() == page.list_id => {
            go_on(db, ambient, connection, &run, progress, page)
        }
        Some((run, progress)) => beside(db, ambient, connection, &run, progress, page),
        None if page.number <= 1 => {
            let early = if broke_off(db, &connection.id, page.list)? { TimeDelta::zero() } else { EARLY };
            begin(db, ambient, connection, page, page.message.received_at - early, Vec::new())
        }
        None => wait(db, ambient, connection, page),
    }
}

/// The list that is under way. One whose pages have stopped coming ends here.
fn reading(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    list: List,
    now: DateTime<Utc>,
) -> Result<Option<(Run, Progress)>> {
    let running = runs::in_state(db, connection_id, list, RunState::Running)?;
    let Some(run) = running.filter(|run| run.mode == Mode::Full) else { return Ok(None) };
    let Some(progress) = progress(&run)? else { return Ok(None) };
    if now - run.updated_at > patience(&progress) {
        run::fail(db, &run.id, &why_stopped(&run, &progress), now)?;
        return Ok(None);
    }
    Ok(Some((run, progress)))
}

fn progress(run: &Run) -> Result<Option<Progress>> {
    let read = |text| serde_json::from_str(text).map_err(|error| corrupt(&error));
    run.progress.as_deref().map(read).transpose()
}

fn corrupt(error: &serde_json::Error) -> store::Error {
    let why = format!("line {}, column {}", error.line(), error.column());
    store::Error::Corrupt { what: "progress of a run", why }
}

fn patience(progress: &Progress) -> TimeDelta {
    if progress.mixed.is_some() { MIXED_PATIENCE } else { PATIENCE }
}

fn why_stopped(run: &Run, progress: &Progress) -> Problem {
    if progress.mixed.is_some() { interleaved(run.list) } else { stopped() }
}

/// Why a running list ends, where its pages have stopped coming.
pub(super) fn silent(run: &Run, now: DateTime<Utc>) -> Result<Option<Problem>> {
    let Some(progress) = progress(run)? else {
        return Ok((now - run.updated_at > PATIENCE).then(stopped));
    };
    Ok((now - run.updated_at > patience(&progress)).then(|| why_stopped(run, &progress)))
}

/// Whether the whole list before was left in the middle: pages of it may be about still.
fn broke_off(db: &mut Db, connection_id: &ConnectionId, list: List) -> Result<bool> {
    let last = runs::last_full(db, connection_id, list)?.filter(|run| run.decision.is_none());
    Ok(last.is_some_and(|run| run.state != RunState::Held && !run.reconciled))
}

/// Takes a page of the list that is under way.
fn go_on(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    run: &Run,
    progress: Progress,
    page: &Page<'_>,
) -> Result<Outcome> {
    let unnamed = page.list_id.is_none();
    if unnamed && progress.mixed.is_some() {
        return mix(db, ambient, run, progress, page);
    }
    let same_first = progress.first.is_some() && progress.first == first(page)?;
    if unnamed && page.number <= 1 && !same_first {
        return mix(db, ambient, run, progress, page);
    }
    if unnamed && page.number > 1 && page.message.received_at < progress.from {
        return Ok(Outcome::Dead(superseded(page.list, page.number)));
    }
    match page.number {
        // Sent twice under two names: what it says is seen, whichever of the two was meant.
        number if number <= progress.page => {
            let note = stage(db, ambient, run, page)?;
            let moment = progress.moment().min(page.message.moment());
            save(db, run, &Progress { moment: Some(moment), ..progress })?;
            Ok(Outcome::Done(note))
        }
        number if number == progress.page.saturating_add(1) => add(db, ambient, run, page, progress),
        _ => wait(db, ambient, connection, page),
    }
}

/// Takes a page where another list is under way.
fn beside(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    run: &Run,
    mut progress: Progress,
    page: &Page<'_>,
) -> Result<Outcome> {
    let later = page.list_id.is_some_and(|id| progress.given_up.iter().any(|given_up| given_up == id));
    if page.message.moment() < progress.moment() || (later && page.number > 1) {
        newest::upserted(db, ambient, connection, page.lock, page.records, page.message.moment())?;
        return Ok(Outcome::Done(Some(superseded(page.list, page.number))));
    }
    if page.number > 1 {
        return wait(db, ambient, connection, page);
    }
    run::fail(db, &run.id, &given_up(page.list), ambient.now())?;
    let mut names = std::mem::take(&mut progress.given_up);
    names.extend(progress.list_id);
    names.retain(|name| Some(name.as_str()) != page.list_id);
    let names = names.split_off(names.len().saturating_sub(GIVEN_UP));
    begin(db, ambient, connection, page, page.message.received_at, names)
}

fn begin(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    page: &Page<'_>,
    from: DateTime<Utc>,
    given_up: Vec<String>,
) -> Result<Outcome> {
    let run = run::start(db, ambient, connection, page.list, Mode::Full)?;
    let progress = Progress {
        page: 0,
        from,
        list_id: page.list_id.map(str::to_owned),
        moment: Some(page.message.moment()),
        first: first(page)?,
        mixed: None,
        given_up,
    };
    add(db, ambient, &run, page, progress)
}

/// What tells a repetition of a page 1 from the page 1 of another list: the same time and the same records.
fn first(page: &Page<'_>) -> Result<Option<String>> {
    let Some(told_at) = page.message.told_at.filter(|_| page.number <= 1) else { return Ok(None) };
    let records = serde_json::to_vec(page.records).map_err(|error| corrupt(&error))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&told_at.timestamp_micros().to_le_bytes()).update(&[u8::from(page.last)]).update(&records);
    Ok(Some(hasher.finalize().to_hex().to_string()))
}

/// Takes the next page of a list.
fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    run: &Run,
    page: &Page<'_>,
    progress: Progress,
) -> Result<Outcome> {
    let note = stage(db, ambient, run, page)?;
    let moment = progress.moment().min(page.message.moment());
    save(db, run, &Progress { page: page.number, moment: Some(moment), ..progress })?;
    if page.last {
        judge(db, ambient, run, page.lock, moment)?;
    }
    // After the last one too: what waits is of another list then, or came too often.
    inbox::wake(db, &run.connection_id, WAITS, ambient.now())?;
    Ok(Outcome::Done(note))
}

/// Takes a page of lists that are mixed up: what it says of its records counts, and who is in none of them stays.
fn mix(
    db: &mut WriteDb,
    ambient: &Ambient,
    run: &Run,
    mut progress: Progress,
    page: &Page<'_>,
) -> Result<Outcome> {
    let note = stage(db, ambient, run, page)?;
    let entangled = progress.mixed.is_none();
    let mut mixed = progress.mixed.take().unwrap_or(Mixed { begun: 1, ended: 0 });
    mixed.begun = mixed.begun.saturating_add(u32::from(page.number <= 1));
    mixed.ended = mixed.ended.saturating_add(u32::from(page.last));
    if mixed.ended >= mixed.begun {
        reconcile::finish(db, run, &Gone::Unknown, Some(&interleaved(run.list)), ambient.now())?;
    } else {
        save(db, run, &Progress { mixed: Some(mixed), ..progress })?;
    }
    if entangled {
        // Those that wait for others need not wait any more.
        inbox::wake(db, &run.connection_id, WAITS, ambient.now())?;
    }
    Ok(Outcome::Done(note))
}

fn save(db: &mut WriteDb, run: &Run, progress: &Progress) -> Result<()> {
    let progress = serde_json::to_string(progress).map_err(|error| corrupt(&error))?;
    runs::set_progress(db, &run.id, Some(&progress))
}

/// Judges who is absent: who is in none of the pages, and was not told of after the list began.
fn judge(db: &mut WriteDb, ambient: &Ambient, run: &Run, lock: &Locked<List>, moment: Moment) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let since = message_times::present_since(db, &run.connection_id, run.list, moment, after.as_deref())?;
        let Some(last) = since.last() else { break };
        after = Some(last.clone());
        let keys: Vec<u8> = since.iter().flat_map(|id| ingest::seen_key(id)).collect();
        runs::add_seen(db, &run.id, &keys)?;
    }
    reconcile::finish(db, run, &Gone::NotSeen, None, ambient.now())?;
    message_times::note_whole_list(db, lock, moment)
}

/// Stages what a page says of its records; of what did not count, a word.
fn stage(db: &mut WriteDb, ambient: &Ambient, run: &Run, page: &Page<'_>) -> Result<Option<Problem>> {
    let mut counted = 0;
    for some in page.records.chunks(ingest::BATCH) {
        let fresh = newest::fresh(db, page.lock, some, page.message.moment())?;
        ingest::batch(db, ambient, run, &fresh, None)?;
        counted += fresh.len();
    }
    // An empty page is a sign of life as well; what did not count was received all the same.
    let left = page.records.len().saturating_sub(counted);
    let received = Counts { received: left as u64, unchanged: left as u64, ..Counts::default() };
    runs::advance(db, &run.id, received, None, ambient.now())?;
    Ok(newest::left_out(page.list, page.records.len(), counted))
}

/// Leaves a page for later; after an hour only what it says of its records counts.
fn wait(db: &mut WriteDb, ambient: &Ambient, connection: &Connection, page: &Page<'_>) -> Result<Outcome> {
    let now = ambient.now();
    if now - page.message.pending_since <= PATIENCE {
        return Ok(Outcome::Later { at: now + LOOK, problem: waits(page.list, page.number) });
    }
    newest::upserted(db, ambient, connection, page.lock, page.records, page.message.moment())?;
    let why = missing(page.list, page.number);
    // A list was sent, and nobody was judged by it: a list that is whole ends that.
    lists::unjudged(db, page.lock, true, &why, now)?;
    Ok(Outcome::Dead(why))
}
