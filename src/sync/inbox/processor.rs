//! One connection's messages, worked off in order under a lease.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    clock::Ambient,
    connectors::{
        outbound::problems::failure,
        source::{Failure, Fetched},
    },
    domain::{ids::ConnectionId, problem::Problem, schedule::span, words::Cause},
    store::{
        self, Store, WriteDb,
        connections::{self, Connection},
        inbox::{self, Message},
        webhooks,
    },
    sync::vault::Vault,
};

use super::{
    apply::{self, ParsedMessage},
    fetch::Fetch,
    fetch_requests::{self, FetchRequest},
    outcome::{self, Outcome},
    pace::{Pace, Traffic},
    sealed::read_again,
};

/// Messages, and bytes of them, that are read at once.
const BATCH: u16 = 200;
const BATCH_BYTES: u64 = 8 << 20;

/// How long a turn is: then whoever waits longer is next.
pub const TURN: Duration = Duration::from_secs(1);

/// Inboxes whose messages are read and written at the same time: each holds some of them in memory.
pub const SLOTS: usize = 4;

/// Tries of a message that the database refuses; what it refuses three times it refuses always.
const TRIES: u32 = 3;

/// How long one record may take to be fetched.
const FETCH: Duration = Duration::from_mins(1);

/// The lease of one connection's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub connection_id: ConnectionId,
    number: i64,
}

/// The right to read and write messages; given back when it is dropped.
pub type Slot = Option<OwnedSemaphorePermit>;

/// Works off the messages of inboxes. Cheap to clone.
#[derive(Clone)]
pub struct InboxProcessor {
    pub store: Store,
    pub ambient: Ambient,
    pub fetch: Arc<dyn Fetch>,
    /// Opens what was not understood when it came.
    pub vault: Vault,
    /// The name of this gateway, in leases.
    pub gateway: String,
    /// How long a lease holds unless it is renewed.
    pub lease_for: Duration,
    /// After this time a turn ends with what is under way.
    pub turn: Duration,
    /// Whoever reads and writes messages holds one of these; whoever waits for a source does not.
    pub slots: Arc<Semaphore>,
    /// What comes in meanwhile, which goes first.
    pub traffic: Traffic,
    /// Tells the poller that lists were asked for.
    pub polls: Arc<Notify>,
}

impl InboxProcessor {
    /// Takes the lease of a connection's inbox; `None` while another gateway has it, or where the connection is gone.
    pub async fn claim(&self, connection_id: &ConnectionId) -> store::Result<Option<Lease>> {
        let (id, by) = (connection_id.to_owned(), self.gateway.clone());
        let (now, until) = (self.ambient.now(), self.until());
        match self.store.write(move |db| webhooks::claim(db, &id, &by, now, until)).await {
            Ok(number) => Ok(number.map(|number| Lease { connection_id: connection_id.to_owned(), number })),
            Err(store::Error::Referred(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the leases of up to `most` inboxes that have something to be tried, whoever has waited longest first; and when
    /// the next message is due, whoever has its inbox. It writes only where there is something to take.
    pub async fn claim_due(&self, most: usize) -> store::Result<(Vec<Lease>, Option<DateTime<Utc>>)> {
        let now = self.ambient.now();
        let (mut due, next) = self.store.read(move |db| inbox::due_connections(db, now, most)).await?;
        if due.is_empty() {
            return Ok((Vec::new(), next));
        }
        // In this order everybody locks them.
        due.sort_unstable();
        let (by, until) = (self.gateway.clone(), self.until());
        let claim = move |db: &mut WriteDb| {
            let mut leases = Vec::new();
            for connection_id in due {
                if let Some(number) = webhooks::claim(db, &connection_id, &by, now, until)? {
                    leases.push(Lease { connection_id, number });
                }
            }
            Ok(leases)
        };
        match self.store.write(claim).await {
            // One of them has gone just now.
            Err(store::Error::Referred(_)) => Ok((Vec::new(), next)),
            claimed => Ok((claimed?, next)),
        }
    }

    /// Waits for a slot. Whoever waits to begin holds no lease: another gateway may have room.
    pub async fn slot(&self) -> Slot {
        // It is never closed; without a slot more would be held in memory, and nothing worse.
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// A slot that is free now.
    pub fn slot_now(&self) -> Option<Slot> {
        Arc::clone(&self.slots).try_acquire_owned().ok().map(Some)
    }

    /// Works off what is due, for the time of a turn; how many messages. It ends early when the lease is lost. Whoever calls
    /// it renews the lease meanwhile: a source may be slow.
    pub async fn work(&self, lease: &Lease, slot: Slot) -> store::Result<usize> {
        match self.work_off(lease, slot).await {
            Err(store::Error::Stale("inbox")) => Ok(0),
            worked => worked,
        }
    }

    /// Keeps a lease for another while.
    ///
    /// # Errors
    /// [`store::Error::Stale`] where it was lost.
    pub async fn renew(&self, lease: &Lease) -> store::Result<()> {
        self.write(lease, |_| Ok(())).await
    }

    /// Gives a lease back: another gateway may go on at once.
    ///
    /// # Errors
    /// What the database says: the lease runs out by itself then.
    pub async fn release(&self, lease: Lease) -> store::Result<()> {
        let now = self.ambient.now();
        self.store.write(move |db| webhooks::release(db, &lease.connection_id, lease.number, now)).await
    }

    fn until(&self) -> DateTime<Utc> {
        self.ambient.now() + span(self.lease_for)
    }

    /// Runs `work` in a transaction that only the lease's holder can commit.
    async fn write<T: Send + 'static>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&mut WriteDb) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        let (lease, until) = (lease.clone(), self.until());
        let write = move |db: &mut WriteDb| {
            // First of all: its row stays locked, so nobody can take the lease before the commit.
            webhooks::hold(db, &lease.connection_id, lease.number, until)?;
            work(db)
        };
        self.store.write(write).await
    }

    async fn work_off(&self, lease: &Lease, slot: Slot) -> store::Result<usize> {
        let end = Instant::now() + self.turn;
        let mut dealt = 0;
        let mut first = Some(slot);
        let mut pace = Pace::new(&self.traffic, Instant::now());
        while dealt == 0 || Instant::now() < end {
            let slot = match first.take() {
                Some(slot) => slot,
                None => self.slot().await,
            };
            let (id, vault, now) = (lease.connection_id.clone(), self.vault.clone(), self.ambient.now());
            let read = self.store.read(move |db| {
                let connection = connections::get(db, &id)?;
                let due = inbox::due(db, &id, now, BATCH, BATCH_BYTES)?;
                let told = due.into_iter().map(|message| read_again(db, &vault, &connection, message));
                let told = told.collect::<store::Result<Vec<ParsedMessage>>>()?;
                Ok::<_, store::Error>((connection, told))
            });
            let (connection, told) = match read.await {
                Err(store::Error::NotFound(_)) => break,
                read => read?,
            };
            let Some(newest) = told.iter().map(|told| told.message.received_at).max() else { break };
            let (requests, told): (Vec<ParsedMessage>, Vec<ParsedMessage>) =
                told.into_iter().partition(|told| told.record_to_fetch().is_some());
            dealt += told.len();
            self.tell_in_bites(lease, &connection, told, &mut pace).await?;
            drop(slot);
            dealt += self.follow(lease, &connection, fetch_requests::group(requests), end).await?;
            let id = lease.connection_id.clone();
            self.write(lease, move |db| {
                webhooks::received(db, &id, newest)?;
                connections::seen(db, &id, newest).map(drop)
            })
            .await?;
        }
        Ok(dealt)
    }

    /// Does what messages say, as many at a time as the pace allows.
    async fn tell_in_bites(
        &self,
        lease: &Lease,
        connection: &Connection,
        mut told: Vec<ParsedMessage>,
        pace: &mut Pace,
    ) -> store::Result<()> {
        while !told.is_empty() {
            let left = told.split_off(told.len().min(pace.most()));
            let bite = std::mem::replace(&mut told, left);
            let (begun, dealt) = (Instant::now(), bite.len());
            self.tell(lease, connection, bite).await?;
            if let Some(rest) = pace.rest_after(dealt, begun.elapsed(), Instant::now()) {
                tokio::time::sleep(rest).await;
            }
        }
        Ok(())
    }

    /// Does what messages say: all in one transaction, or one by one where that fails.
    async fn tell(
        &self,
        lease: &Lease,
        connection: &Connection,
        told: Vec<ParsedMessage>,
    ) -> store::Result<()> {
        if told.is_empty() {
            return Ok(());
        }
        let told = Arc::new(told);
        match self.try_tell(lease, connection, told.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) if is_ours(&error) => return Err(error),
            Err(error) => tracing::warn!(%error, "messages of webhooks are dealt with one by one"),
        }
        for one in told.iter() {
            self.tell_one(lease, connection, one).await?;
        }
        Ok(())
    }

    async fn try_tell(
        &self,
        lease: &Lease,
        connection: &Connection,
        told: Arc<Vec<ParsedMessage>>,
    ) -> store::Result<()> {
        let (ambient, connection) = (self.ambient.clone(), connection.clone());
        let asked = self.write(lease, move |db| apply::apply_all(db, &ambient, &connection, &told)).await?;
        if asked {
            self.polls.notify_one();
        }
        Ok(())
    }

    /// What the database keeps refusing is given up at once: tried again later it would undo what was told since.
    async fn tell_one(
        &self,
        lease: &Lease,
        connection: &Connection,
        one: &ParsedMessage,
    ) -> store::Result<()> {
        let one = Arc::new(vec![one.clone()]);
        let mut tries = 1;
        let error = loop {
            match self.try_tell(lease, connection, one.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) if tries >= TRIES => break error,
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let problem = Problem::new(
            "not_staged",
            "The database does not take what the message says.",
            "Look at the gateway's log; replay the message once the reason is gone.",
        );
        tracing::error!(%error, message = one.first().map(|told| told.message.id.as_str()), "a message was not staged");
        let (messages, now) = (one, self.ambient.now());
        let give_up = move |db: &mut WriteDb| {
            messages
                .iter()
                .try_for_each(|told| outcome::settle(db, &told.message, Outcome::Dead(problem.clone()), now))
        };
        self.write(lease, give_up).await
    }

    /// Fetches the records that were named, one after the other: the source's pace allows no more. How many messages were
    /// dealt with; those for which the turn has no time stay due.
    async fn follow(
        &self,
        lease: &Lease,
        connection: &Connection,
        requests: Vec<FetchRequest>,
        end: Instant,
    ) -> store::Result<usize> {
        let mut dealt = 0;
        let mut rest = requests.into_iter();
        while let Some(request) = rest.next() {
            dealt += request.messages.len();
            if let Some(until) = self.follow_one(lease, connection, request).await? {
                let left: Vec<Message> = rest.flat_map(|request| request.messages).collect();
                dealt += left.len();
                let defer = move |db: &mut WriteDb| {
                    let ids: Vec<&str> = left.iter().map(|message| message.id.as_str()).collect();
                    inbox::defer(db, &ids, until)
                };
                self.write(lease, defer).await?;
                break;
            }
            if Instant::now() >= end {
                break;
            }
        }
        Ok(dealt)
    }

    /// Until when the others wait, where the source failed.
    async fn follow_one(
        &self,
        lease: &Lease,
        connection: &Connection,
        request: FetchRequest,
    ) -> store::Result<Option<DateTime<Utc>>> {
        let fetched = self.fetch.fetch(&connection.id, request.list, &request.external_id);
        let fetched: Result<Fetched, Failure> =
            tokio::time::timeout(FETCH, fetched).await.unwrap_or_else(|_| Err(too_slow()));
        let (ambient, connection) = (self.ambient.clone(), connection.clone());
        match fetched {
            Ok(fetched) => {
                let write = move |db: &mut WriteDb| {
                    fetch_requests::fetched(db, &ambient, &connection, &request, &fetched)
                };
                if self.write(lease, write).await? {
                    self.polls.notify_one();
                }
                Ok(None)
            }
            Err(failure) => {
                let write = move |db: &mut WriteDb| fetch_requests::failed(db, &ambient, &request, &failure);
                self.write(lease, write).await.map(Some)
            }
        }
    }
}

/// Whether an error is about us, not about a message: the lease is lost, or the database is away.
fn is_ours(error: &store::Error) -> bool {
    matches!(error, store::Error::Stale("inbox")) || error.is_unavailable()
}

fn too_slow() -> Failure {
    failure(
        Cause::Timeout,
        format!("The source did not answer within {} seconds.", FETCH.as_secs()),
        "Nothing: it is asked again. If it lasts, test the connection.",
    )
}
