//! What runs on time. A worker is a reconciler: woken by its period, it looks at the database for what is to be done
//! and does not ask why it was woken; what it does is safe to do twice, so several gateways may run it.

pub mod backlog;
pub mod inbox;
pub mod poll;
pub mod search_index;
pub mod supervise;
pub mod sweep;
mod troubles;
pub mod watch;
