//! How long what has happened is kept.

use chrono::TimeDelta;

use super::reader::{Reader, Setting};

pub(super) const CHANGES: Setting = Setting {
    name: "ROLLCALL_CHANGES_RETENTION_DAYS",
    default: "90",
    meaning: "days for which changes are kept: what happened to records, links and profiles; older cursors of the feed are refused, and in a record's history the change that made a link stays as long as the link",
    secret: false,
};

pub(super) const RUNS: Setting = Setting {
    name: "ROLLCALL_RUNS_RETENTION_DAYS",
    default: "90",
    meaning: "days for which runs and the names of their absences are kept; held runs and the last of each list stay",
    secret: false,
};

pub(super) const VERSIONS: Setting = Setting {
    name: "ROLLCALL_VERSIONS_RETENTION_DAYS",
    default: "365",
    meaning: "days for which the superseded contents of a record are kept",
    secret: false,
};

/// How long what has happened is kept.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSettings {
    pub changes: TimeDelta,
    pub runs: TimeDelta,
    pub versions: TimeDelta,
}

impl RetentionSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut days = |setting| {
            reader.checked(setting, "whole days, from 1 to 36500", |text| {
                let number = text.parse().ok().filter(|number| (1..=36_500).contains(number));
                number.map(TimeDelta::days).ok_or_else(|| "it is no such number".to_owned())
            })
        };
        let (changes, runs, versions) = (days(&CHANGES), days(&RUNS), days(&VERSIONS));
        Some(Self { changes: changes?, runs: runs?, versions: versions? })
    }
}
