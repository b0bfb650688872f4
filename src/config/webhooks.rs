//! How long what webhooks told is kept.

use chrono::TimeDelta;

use super::reader::{Reader, Setting};

pub(super) const RETENTION_DAYS: Setting = Setting {
    name: "ROLLCALL_WEBHOOK_RETENTION_DAYS",
    default: "7",
    meaning: "days for which a webhook that was dealt with is remembered, so that a repetition is recognised",
    secret: false,
};

pub(super) const SEALED_DAYS: Setting = Setting {
    name: "ROLLCALL_WEBHOOK_SEALED_DAYS",
    default: "14",
    meaning: "days for which what a known sender sent and Rollcall did not understand is kept, sealed, to be replayed; 0: not at all",
    secret: false,
};

/// What becomes of webhooks.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// How long those that were dealt with are remembered.
    pub retention: TimeDelta,
    /// How long those are kept that were not understood.
    pub sealed: TimeDelta,
}

impl WebhookSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let days = reader.checked(&RETENTION_DAYS, "whole days, from 1 to 365", |text| {
            let number = text.parse().ok().filter(|number| (1..=365).contains(number));
            number.ok_or_else(|| "it is no such number".to_owned())
        });
        let sealed = reader.checked(&SEALED_DAYS, "whole days, from 0 to 365", |text| {
            let number = text.parse().ok().filter(|number| (0..=365).contains(number));
            number.ok_or_else(|| "it is no such number".to_owned())
        });
        Some(Self { retention: TimeDelta::days(days?), sealed: TimeDelta::days(sealed?) })
    }
}
