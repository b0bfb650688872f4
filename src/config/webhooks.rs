//! How long what webhooks told is kept.

use chrono::TimeDelta;

use super::reader::{Reader, Setting};

pub(super) const RETENTION_DAYS: Setting = Setting {
    name: "ROLLCALL_WEBHOOK_RETENTION_DAYS",
    default: "7",
    meaning: "days for which a webhook that was dealt with is remembered, so that a repetition is recognised",
    secret: false,
};

/// What becomes of webhooks that were dealt with.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    pub retention: TimeDelta,
}

impl WebhookSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let days = reader.checked(&RETENTION_DAYS, "whole days, from 1 to 365", |text| {
            let number = text.parse().ok().filter(|number| (1..=365).contains(number));
            number.ok_or_else(|| format!("{text:?} is no such number"))
        });
        Some(Self { retention: TimeDelta::days(days?) })
    }
}
