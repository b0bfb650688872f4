//! How sources are polled.

use std::time::Duration;

use super::reader::{Reader, Setting};

pub(super) const POLLS_AT_ONCE: Setting = Setting {
    name: "ROLLCALL_POLLS_AT_ONCE",
    default: "8",
    meaning: "connections that this gateway polls at the same time, those that wait not counted",
    secret: false,
};

pub(super) const LEASE: Setting = Setting {
    name: "ROLLCALL_LEASE",
    default: "10",
    meaning: "seconds after which another gateway takes over from one that has died, 1 to 10",
    secret: false,
};

/// The polling of one gateway.
#[derive(Debug, Clone)]
pub struct PollingSettings {
    pub at_once: u16,
    /// How long a lease holds unless it is renewed.
    pub lease: Duration,
}

impl PollingSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let at_once = reader.checked(&POLLS_AT_ONCE, "a whole number from 1 to 1000", |text| {
            let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
            number.ok_or_else(|| "it is no such number".to_owned())
        });
        let lease = reader.checked(&LEASE, "whole seconds, from 1 to 10", |text| {
            let seconds = text.parse().ok().filter(|seconds| (1..=10).contains(seconds));
            seconds.map(Duration::from_secs).ok_or_else(|| "it is no such number".to_owned())
        });
        Some(Self { at_once: at_once?, lease: lease? })
    }
}
