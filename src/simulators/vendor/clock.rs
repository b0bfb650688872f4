//! The time of a simulated vendor comes from outside, so that a test need not wait.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The time of this computer.
pub fn system_clock() -> Clock {
    Arc::new(Utc::now)
}
