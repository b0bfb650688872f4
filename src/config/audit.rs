//! The audit: how long it is kept, and where its checkpoints go.

use std::path::PathBuf;

use chrono::TimeDelta;

use super::reader::{Reader, Setting};

pub(super) const RETENTION: Setting = Setting {
    name: "ROLLCALL_AUDIT_RETENTION_DAYS",
    default: "730",
    meaning: "days for which the audit is kept; 0: for ever",
    secret: false,
};

pub(super) const CHECKPOINTS: Setting = Setting {
    name: "ROLLCALL_AUDIT_CHECKPOINT_FILE",
    default: "",
    meaning: "a file to which checkpoints of the audit are added, best on another machine's disk; they go to the log in any case",
    secret: false,
};

/// How the audit is kept.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// `None`: for ever.
    pub retention: Option<TimeDelta>,
    pub checkpoint_file: Option<PathBuf>,
}

impl AuditSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let retention = reader.checked(&RETENTION, "whole days, from 0 to 36500", |text| {
            let number = text.parse().ok().filter(|number| (0..=36_500).contains(number));
            number.ok_or_else(|| "it is no such number".to_owned())
        });
        let checkpoint_file = reader.text(&CHECKPOINTS).map(PathBuf::from);
        let retention = retention.map(|days| (days > 0).then(|| TimeDelta::days(days)));
        Some(Self { retention: retention?, checkpoint_file })
    }
}
