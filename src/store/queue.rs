//! What waits for the database threads: bounded, and served in turns between those who ask.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Error, Requester, Result};

/// How many jobs one caller may have waiting, and all of them together. One that has none waiting may still add its
/// first then: whoever floods is refused, not whoever comes after.
const CALLER_WAITING: usize = 128;
const CALLERS_WAITING: usize = 1024;
/// The bound of those, and of the gateway's own jobs, whatever happens.
const MOST: usize = 4096;

/// How many threads may work for callers at once, and how many of these for one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub callers: usize,
    pub caller: usize,
}

/// The figures of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Jobs that wait now, and those that run.
    pub waiting: usize,
    pub running: usize,
    /// Jobs that were begun so far, and how long all of them waited together.
    pub begun: u64,
    pub waited: Duration,
    /// Jobs that were refused because too much waited.
    pub refused: u64,
    /// Jobs that were not begun because nobody waited for them any more.
    pub skipped: u64,
}

/// Jobs of type `J`.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    arrived: Condvar,
    share: Share,
}

struct State<J> {
    own: VecDeque<(Instant, J)>,
    callers: HashMap<Arc<str>, Caller<J>>,
    /// The callers that have something waiting, in the order of their turns.
    turns: VecDeque<Arc<str>>,
    callers_waiting: usize,
    callers_running: usize,
    /// The last turn was a caller's.
    owns_turn: bool,
    closed: bool,
    load: Load,
}

struct Caller<J> {
    waiting: VecDeque<(Instant, J)>,
    running: usize,
}

impl<J> Queue<J> {
    pub(super) fn new(share: Share) -> Self {
        let state = State {
            own: VecDeque::new(),
            callers: HashMap::new(),
            turns: VecDeque::new(),
            callers_waiting: 0,
            callers_running: 0,
            owns_turn: true,
            closed: false,
            load: Load::default(),
        };
        Self { state: Mutex::new(state), arrived: Condvar::new(), share }
    }

    /// # Errors
    /// [`Error::Busy`] where too much waits.
    pub(super) fn push(&self, requester: Requester, job: J) -> Result<()> {
        let mut state = self.lock();
        let pushed = state.push(requester, job);
        state.load.refused += u64::from(pushed.is_err());
        drop(state);
        self.arrived.notify_one();
        pushed
    }

    /// The next job, to be given back by [`Queue::done`]; waits for one. `None` once nothing will come any more.
    pub(super) fn next(&self) -> Option<(Requester, Duration, J)> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.begin(self.share) {
                return Some(job);
            }
            if state.closed && state.waiting() == 0 {
                // Others may wait for what this thread has taken.
                self.arrived.notify_all();
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends a job's turn. `begun` is false where nobody waited for it any more.
    pub(super) fn done(&self, requester: &Requester, begun: bool) {
        let mut state = self.lock();
        state.load.running -= 1;
        if begun {
            state.load.begun += 1;
        } else {
            state.load.skipped += 1;
        }
        if let Requester::Caller(who) = requester {
            state.callers_running -= 1;
            if let Some(caller) = state.callers.get_mut(who) {
                caller.running -= 1;
                if caller.running == 0 && caller.waiting.is_empty() {
                    state.callers.remove(who);
                }
            }
        }
    }

    /// Lets the threads end once nothing waits.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    pub(super) fn load(&self) -> Load {
        let state = self.lock();
        Load { waiting: state.waiting(), ..state.load }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // No code of others runs under the lock, so what it guards is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn waiting(&self) -> usize {
        self.own.len() + self.callers_waiting
    }

    fn push(&mut self, requester: Requester, job: J) -> Result<()> {
        let now = Instant::now();
        let Requester::Caller(who) = requester else {
            if self.own.len() >= MOST {
                return Err(Error::Busy);
            }
            self.own.push_back((now, job));
            return Ok(());
        };
        let theirs = self.callers.get(&who).map_or(0, |caller| caller.waiting.len());
        let most = if theirs == 0 { MOST } else { CALLERS_WAITING };
        if theirs >= CALLER_WAITING || self.callers_waiting >= most {
            return Err(Error::Busy);
        }
        if theirs == 0 {
            self.turns.push_back(who.clone());
        }
        let new = || Caller { waiting: VecDeque::new(), running: 0 };
        self.callers.entry(who).or_insert_with(new).waiting.push_back((now, job));
        self.callers_waiting += 1;
        Ok(())
    }

    fn begin(&mut self, share: Share) -> Option<(Requester, Duration, J)> {
        let (requester, since, job) = self.take(share)?;
        let waited = since.elapsed();
        self.load.running += 1;
        self.load.waited += waited;
        Some((requester, waited, job))
    }

    /// Every second turn is the gateway's own; of the callers it is the next one's that does not have its share yet.
    fn take(&mut self, share: Share) -> Option<(Requester, Instant, J)> {
        if self.owns_turn
            && let Some((since, job)) = self.own.pop_front()
        {
            self.owns_turn = false;
            return Some((Requester::Gateway, since, job));
        }
        if let Some((who, since, job)) = self.take_callers(share) {
            self.owns_turn = true;
            return Some((Requester::Caller(who), since, job));
        }
        let (since, job) = self.own.pop_front()?;
        Some((Requester::Gateway, since, job))
    }

    fn take_callers(&mut self, share: Share) -> Option<(Arc<str>, Instant, J)> {
        if self.callers_running >= share.callers {
            return None;
        }
        let has_room =
            |who: &Arc<str>| self.callers.get(who).is_some_and(|caller| caller.running < share.caller);
        let place = self.turns.iter().position(has_room)?;
        let who = self.turns.remove(place)?;
        let caller = self.callers.get_mut(&who)?;
        let (since, job) = caller.waiting.pop_front()?;
        caller.running += 1;
        if !caller.waiting.is_empty() {
            self.turns.push_back(who.clone());
        }
        self.callers_running += 1;
        self.callers_waiting -= 1;
        Some((who, since, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Share = Share { callers: 3, caller: 2 };

    fn caller(name: &str) -> Requester {
        Requester::Caller(name.into())
    }

    /// What is to be done now, if there is anything.
    fn begin(queue: &Queue<&'static str>) -> Option<(Requester, &'static str)> {
        queue.lock().begin(queue.share).map(|(requester, _, job)| (requester, job))
    }

    fn take(queue: &Queue<&'static str>) -> Option<&'static str> {
        begin(queue).map(|(_, job)| job)
    }

    /// One thread that does nothing but take turns.
    fn work_off(queue: &Queue<&'static str>) -> Vec<&'static str> {
        let mut jobs = Vec::new();
        while let Some((requester, job)) = begin(queue) {
            jobs.push(job);
            queue.done(&requester, true);
        }
        jobs
    }

    #[test]
    fn callers_take_turns_and_every_second_one_is_the_gateways() {
        let queue = Queue::new(SHARE);
        for _ in 0..4 {
            queue.push(caller("a"), "a").unwrap();
        }
        queue.push(caller("b"), "b").unwrap();
        queue.push(caller("c"), "c").unwrap();
        for _ in 0..3 {
            queue.push(Requester::Gateway, "own").unwrap();
        }
        assert_eq!(work_off(&queue), ["own", "a", "own", "b", "own", "c", "a", "a", "a"]);
        assert_eq!(queue.load().waiting, 0);
        assert!(queue.lock().callers.is_empty() && queue.lock().turns.is_empty(), "nothing is kept");
    }

    #[test]
    fn one_caller_has_no_more_threads_than_its_share_and_all_of_them_leave_one() {
        let queue = Queue::new(SHARE);
        for _ in 0..4 {
            queue.push(caller("a"), "a").unwrap();
            queue.push(caller("b"), "b").unwrap();
        }
        let mut taken = Vec::new();
        while let Some((requester, job)) = begin(&queue) {
            taken.push((requester, job));
        }
        assert_eq!(taken.iter().map(|(_, job)| *job).collect::<Vec<_>>(), ["a", "b", "a"]);
        queue.push(Requester::Gateway, "own").unwrap();
        assert_eq!(take(&queue), Some("own"));
        queue.done(&taken[1].0, true);
        assert_eq!(take(&queue), Some("b"));
    }

    #[test]
    fn whoever_floods_is_refused_and_nobody_else() {
        let queue = Queue::new(SHARE);
        for number in 0..100 {
            let pushed =
                (0..=CALLER_WAITING).filter(|_| queue.push(caller(&format!("{number}")), "").is_ok());
            let pushed = pushed.count();
            let expected = if number < CALLERS_WAITING / CALLER_WAITING { CALLER_WAITING } else { 1 };
            assert_eq!(pushed, expected, "caller {number}");
        }
        queue.push(Requester::Gateway, "own").unwrap();
        assert_eq!(take(&queue), Some("own"));
        let load = queue.load();
        assert_eq!(load.waiting, CALLERS_WAITING + 92);
        assert_eq!(load.refused, 8 + 92 * CALLER_WAITING as u64);
    }

    #[test]
    fn a_closed_queue_is_worked_off_first() {
        let queue = Queue::new(SHARE);
        queue.push(Requester::Gateway, "own").unwrap();
        queue.close();
        assert_eq!(work_off(&queue), ["own"]);
        assert!(queue.next().is_none());
    }
}
