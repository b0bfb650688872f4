//! What runs beside the requests.
//!
//! Every worker is a reconciler in one frame. It looks at the database for what is to be done, and does not ask why it
//! was woken: by its period, by a notice from within the process, or because a piece of its work has ended. A notice that
//! is lost costs a moment, and nothing else.
//!
//! One round of a worker, as [`frame::run`] does it:
//!
//! 1. **Room.** It waits until this process can take on more work of the kind: a worker without room claims nothing, so
//!    that other gateways do.
//! 2. **Claim.** In one transaction it takes leases of what is due, whoever has waited longest first. A lease is columns
//!    of a row (`polls`, `hooks`, `duties`), has a number that only grows, and runs out by itself.
//! 3. **Work.** Each lease becomes a task of its own. Only its holder may write: each transaction of the work holds the
//!    leased row and fails as *stale* once another has taken it. So what is done twice, after a kill or a pause of the
//!    machine, has its effect once. The frame renews the lease meanwhile, and drops the work when it is lost.
//! 4. **Settle.** The end of the work gives the lease back with when it is due again, where the work has not done so in
//!    its own last transaction.
//!
//! What goes wrong stays where it is. A piece of work that fails or panics ends alone: it rests for a moment and is
//! settled, or its lease runs out. A claim that fails is tried again each second. Both are logged when they begin, once a
//! minute, and when they are over. A worker whose loop itself panics is started anew by its [supervisor](supervise), with
//! growing pauses. On shutdown work is dropped between two of its steps and its leases are given back; after a kill they
//! run out, or are freed by the next gateway on the same SQLite file.
//!
//! How each worker is stands in memory, on the [board](board::Workers), for `/readyz` and `/metrics`, and is
//! [reported](report) to the table `workers` every half minute, and at once when one begins or ceases to fail: so
//! `GET /v1/workers`, `rollcall worker list` and `rollcall doctor` tell of all gateways.
//!
//! | worker | what it does | whose it is |
//! | --- | --- | --- |
//! | [`poll`] | polls the connections that are due | a lease a connection |
//! | [`inbox`] | gives the messages of webhooks their meaning | a lease a connection |
//! | [`backlog`] | deletions and approved absences, which take long | one gateway at a time |
//! | [`search_index`] | keeps the search index up | one gateway at a time |
//! | [`sweep`] | ends what was left in the middle | one gateway at a time |
//! | [`retention`] | forgets what happened long ago | one gateway at a time |
//! | [`gateways`] | frees the leases of gateways that have gone | each gateway |
//! | [`watch`] | looks whether the database can be written | each gateway |
//! | [`report`] | tells how the others are | each gateway |
//!
//! A new worker is a file with an implementation of [`frame::Worker`], or of [`periodic::Periodic`] where its work is not
//! divided, and a line in [`Crew::start`].

pub mod backlog;
pub mod board;
mod crew;
pub mod frame;
pub mod gateways;
pub mod inbox;
mod pace;
pub mod periodic;
pub mod poll;
pub mod report;
pub mod retention;
pub mod search_index;
pub mod supervise;
pub mod sweep;
pub mod watch;

pub use crew::{Crew, leave};
