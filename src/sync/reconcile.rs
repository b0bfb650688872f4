//! The end of a run: absence is judged, once, when the whole list has arrived (promises 2 and 3).

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Ambient,
    connectors,
    domain::{
        hold::{Gone, is_mass_absence},
        ids::{ConnectionId, RecordId, RunId},
        problem::Problem,
        words::{List, Mode, RunState},
    },
    store::{
        Db, PageLimit, Result, WriteDb,
        connections::Connection,
        lists,
        locks::{self, Locked},
        records::{self, Present},
        runs::{self, Decider, Decision, End, NewRun, Run},
    },
};

use super::{
    ingest::seen_key,
    run::{ended, place},
};

/// Ends a run: complete, or held where too many are gone. `warning` stays with a complete run.
///
/// # Errors
/// [`crate::store::Error::Stale`] where the run does not run any more.
pub fn finish(
    db: &mut WriteDb,
    run: &Run,
    gone: &Gone,
    warning: Option<&Problem>,
    now: DateTime<Utc>,
) -> Result<Run> {
    let lock = locks::of(&run.connection_id).list(db, run.list)?;
    // As it is now: the batches moved its high water.
    let run = &runs::get(db, &run.id)?;
    let read = *gone != Gone::Unknown;
    let gone = match gone {
        Gone::NotSeen => Some(Absent::NotSeen(seen(db, run)?)),
        Gone::Named(external_ids) => {
            Some(Absent::Named(named(db, &run.connection_id, run.list, external_ids)?))
        }
        Gone::Unjudged | Gone::Unknown => None,
    };
    let (full, judged) = (run.mode == Mode::Full, gone.is_some());
    match gone {
        Some(gone) => {
            let verdict = judge(db, &run.connection_id, run.list, gone, now)?;
            if full || verdict.held.is_some() {
                supersede_hold(db, &run.connection_id, run.list, &run.id, now)?;
            }
            runs::end(db, &run.id, &verdict.end(warning), now)?;
            verdict.carry_out(db, run, &lock, now)?;
        }
        None => {
            let end = End {
                state: RunState::Complete,
                reconciled: false,
                absent: 0,
                present_before: 0,
                problem: warning,
            };
            runs::end(db, &run.id, &end, now)?;
        }
    }
    match warning {
        // Held or not: who is gone is known.
        _ if judged => lists::judged(db, &lock, full)?,
        Some(why) => lists::unjudged(db, &lock, full, why, now)?,
        None => lists::unjudged(db, &lock, full, &not_judged(), now)?,
    }
    // A hold waits for a person, not for the next session: the cursor moves all the same. It does not move over a list
    // that may lack rows: they would never be asked for again.
    let high_water = run.high_water.as_deref().filter(|_| read);
    lists::completed(db, &lock, high_water, full && read, now)?;
    ended(db, &lock, &run.id)
}

/// Marks those absent whom a source named as removed, or holds them. It is a run of its own, even while a whole list is
/// being read: that one forgets that it saw them. `None` where none of them is present.
pub fn removed(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    lock: &Locked<List>,
    external_ids: &[String],
) -> Result<Option<Run>> {
    let (list, now) = (lock.what(), ambient.now());
    let gone = named(db, &connection.id, list, external_ids)?;
    if gone.is_empty() {
        return Ok(None);
    }
    unsee(db, &connection.id, list, &gone)?;
    let verdict = judge(db, &connection.id, list, Absent::Named(gone), now)?;
    let id = RunId::new(now, ambient.entropy.bytes());
    if verdict.held.is_some() {
        supersede_hold(db, &connection.id, list, &id, now)?;
    }
    let new = NewRun { id: &id, company_id: &connection.company_id, lock, mode: Mode::Delta };
    runs::insert_ended(db, new, &verdict.end(None), now)?;
    let run = runs::get(db, &id)?;
    verdict.carry_out(db, &run, lock, now)?;
    lists::completed(db, lock, None, false, now)?;
    ended(db, lock, &id).map(Some)
}

/// How far back removals count together: one by one, they must not empty a list that would be held if they came at once.
const REMOVALS_TOGETHER: TimeDelta = TimeDelta::hours(1);

/// What is to become of those who are gone.
struct Verdict {
    gone: Absent,
    absent: u64,
    present_before: u64,
    /// Why they are not marked before a person says so.
    held: Option<Problem>,
}

/// The one rule (promise 3), whatever brought the absences. A whole list is judged by itself. Whom a source names as
/// removed is judged with those removed shortly before, and a hold of them names those of the hold before as well:
/// nobody has decided about them.
fn judge(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    gone: Absent,
    now: DateTime<Utc>,
) -> Result<Verdict> {
    let (present_before, absent) = count(db, connection_id, list, &gone)?;
    let earlier = match gone {
        Absent::Named(_) => runs::removed_since(db, connection_id, list, now - REMOVALS_TOGETHER)?,
        Absent::NotSeen(_) => 0,
    };
    let (before, all) = (present_before + earlier, absent + earlier);
    if absent == 0 || !is_mass_absence(before, all) {
        return Ok(Verdict { gone, absent, present_before, held: None });
    }
    Ok(match gone {
        Absent::Named(named) => {
            let named = with_held(db, connection_id, list, named)?;
            let absent = named.len() as u64;
            let held = Some(mass_removal(list, before, all));
            Verdict { gone: Absent::Named(named), absent, present_before, held }
        }
        Absent::NotSeen(_) => {
            Verdict { gone, absent, present_before, held: Some(mass_absence(list, before, all)) }
        }
    })
}

impl Verdict {
    fn end<'a>(&'a self, warning: Option<&'a Problem>) -> End<'a> {
        End {
            state: if self.held.is_some() { RunState::Held } else { RunState::Complete },
            reconciled: self.held.is_none(),
            absent: self.absent,
            present_before: self.present_before,
            problem: self.held.as_ref().or(warning),
        }
    }

    /// Names the absences with their run, and marks them unless they are held.
    fn carry_out(&self, db: &mut WriteDb, run: &Run, lock: &Locked<List>, now: DateTime<Utc>) -> Result<()> {
        if self.absent == 0 {
            return Ok(());
        }
        self.gone.each(db, run, |db, some| {
            records::name_absences(db, &run.id, some)?;
            if self.held.is_none() { records::mark_absent(db, &place(run, lock, now), some) } else { Ok(()) }
        })
    }
}

/// A whole list that is being read must not take those who are gone for seen.
fn unsee(db: &mut WriteDb, connection_id: &ConnectionId, list: List, gone: &[Present]) -> Result<()> {
    let Some(reading) = runs::in_state(db, connection_id, list, RunState::Running)? else { return Ok(()) };
    let mut keys: Vec<[u8; 8]> = gone.iter().map(|record| seen_key(&record.external_id)).collect();
    keys.sort_unstable();
    runs::unsee(db, &reading.id, &keys)
}

/// Those who are gone, and those whom the present hold of the list names.
fn with_held(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    mut gone: Vec<Present>,
) -> Result<Vec<Present>> {
    let Some(held) = runs::in_state(db, connection_id, list, RunState::Held)? else { return Ok(gone) };
    let mut after: Option<RecordId> = None;
    loop {
        let page = records::held_absences(db, &held.id, after.as_deref(), PageLimit::SCAN)?;
        after = page.rows.last().map(|record| record.id.clone());
        gone.extend(page.rows);
        if !page.more {
            break;
        }
    }
    gone.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    gone.dedup_by(|a, b| a.id == b.id);
    Ok(gone)
}

/// Who is gone, ready to be gone through.
enum Absent {
    /// The keys of those that were seen, sorted.
    NotSeen(Vec<[u8; 8]>),
    Named(Vec<Present>),
}

impl Absent {
    /// Calls `act` with the absent records, some at a time: memory does not grow with the list.
    fn each(
        &self,
        db: &mut WriteDb,
        run: &Run,
        mut act: impl FnMut(&mut WriteDb, &[Present]) -> Result<()>,
    ) -> Result<()> {
        let seen = match self {
            Self::Named(records) => return act(db, records),
            Self::NotSeen(seen) => seen,
        };
        scan(db, &run.connection_id, run.list, |db, page| {
            let gone: Vec<Present> = page.into_iter().filter(|record| !was_seen(seen, record)).collect();
            if gone.is_empty() { Ok(()) } else { act(db, &gone) }
        })
    }
}

fn was_seen(seen: &[[u8; 8]], record: &Present) -> bool {
    seen.binary_search(&seen_key(&record.external_id)).is_ok()
}

/// How many records are present, and how many of them are gone.
fn count(db: &mut Db, connection_id: &ConnectionId, list: List, gone: &Absent) -> Result<(u64, u64)> {
    let present = records::count_present(db, connection_id, list)?;
    let absent = match gone {
        Absent::Named(records) => records.len() as u64,
        // Whoever was seen is present: where the counts agree nobody is gone, and the list need not be gone through.
        Absent::NotSeen(seen) if seen.len() as u64 == present => 0,
        Absent::NotSeen(seen) => {
            let mut absent = 0;
            scan(db, connection_id, list, |_, page| {
                absent += page.iter().filter(|record| !was_seen(seen, record)).count() as u64;
                Ok(())
            })?;
            absent
        }
    };
    Ok((present, absent))
}

/// Goes through the list's present records, a page at a time.
fn scan<D: AsMut<Db>>(
    db: &mut D,
    connection_id: &ConnectionId,
    list: List,
    mut visit: impl FnMut(&mut D, Vec<Present>) -> Result<()>,
) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = records::present(db.as_mut(), connection_id, list, after.as_deref(), PageLimit::SCAN)?;
        after = page.rows.last().map(|record| record.external_id.clone());
        visit(db, page.rows)?;
        if !page.more {
            return Ok(());
        }
    }
}

fn seen(db: &mut Db, run: &Run) -> Result<Vec<[u8; 8]>> {
    // One batch at a time into room for all: a list of a million takes 8 MB here, and no more.
    let mut seen: Vec<[u8; 8]> = Vec::with_capacity(usize::try_from(run.counts.received).unwrap_or(0));
    for batch in 0.. {
        let Some(keys) = runs::seen(db, &run.id, batch)? else { break };
        seen.extend(keys.as_chunks::<8>().0);
    }
    seen.sort_unstable();
    // A source may repeat a record on another page.
    seen.dedup();
    Ok(seen)
}

/// The present records among those that the source named as deleted.
fn named(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    external_ids: &[String],
) -> Result<Vec<Present>> {
    let mut wanted: Vec<&str> = external_ids.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = records::known(db, connection_id, list, &wanted)?;
    let mut gone: Vec<Present> = known
        .into_iter()
        .filter(|(_, known)| !known.absent)
        .map(|(external_id, known)| Present { external_id, id: known.id, version: known.version })
        .collect();
    gone.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    Ok(gone)
}

/// A later whole list answers the question that a hold of the same list asks.
fn supersede_hold(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    list: List,
    by: &RunId,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(held) = runs::in_state(db, connection_id, list, RunState::Held)? {
        let decision = Decision { decision: "superseded".into(), at: now, by: Decider::Run(by.clone()) };
        let problem = Problem::new(
            "superseded",
            "A later whole list took its place before anybody decided: nobody was marked absent by this one.",
            "Nothing: the later run tells who is absent.",
        );
        runs::decide(db, &held.id, RunState::Failed, &decision, None, Some(&problem))?;
    }
    Ok(())
}

fn not_judged() -> Problem {
    Problem::new(
        "list_not_judged",
        "Whether the whole list came is not known.",
        "Nothing to do: the next run reads it again.",
    )
}

fn mass_absence(list: List, present: u64, absent: u64) -> Problem {
    Problem::new(
        "mass_absence",
        format!(
            "{absent} of {present} {list} are missing from the list that the source sent. That looks like a mistake, \
             so nobody was marked absent.",
            list = list.plural()
        ),
        format!(
            "Look at the names in this run. Approve it if they are really gone; reject it if they are not, and check that \
             the source shows the whole list{}.",
            connectors::mass_absence_hint()
        ),
    )
}

/// As [`mass_absence`], of those whom the source named.
fn mass_removal(list: List, present: u64, removed: u64) -> Problem {
    Problem::new(
        "mass_absence",
        format!(
            "Within an hour the source named {removed} of {present} {list} as removed. That looks like a mistake, so \
             those of this run were not marked absent.",
            list = list.plural()
        ),
        "Look at the names in this run. Approve it if they are really gone; reject it if they are not, and look at \
         what the source did.",
    )
}
