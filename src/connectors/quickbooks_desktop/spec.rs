//! What is to be said of a connection to QuickBooks Desktop.

use crate::{
    connectors::{
        SettingsError,
        calls_in::CallsIn,
        connector::Connector,
        settings::{FULL_EVERY_HOURS, WINDOW, delta_overlap_minutes, load},
        spec::{Moves, Setting, Spec, UNBOUNDED, Value, Words},
    },
    domain::words::{Cause, Kind, List},
};

use super::Settings;

/// QuickBooks Desktop.
#[derive(Debug)]
pub struct QuickbooksDesktop;

const ANY: Value = Value::Text { default: "" };

pub(super) static SPEC: Spec = Spec {
    kind: Kind::QuickbooksDesktop,
    name: "QuickBooks Desktop",
    summary: "QuickBooks Desktop calls, by its Web Connector.",
    settings: &[
        Setting::new(
            "app_name",
            "Application name",
            ANY,
            "what the Web Connector shows as the application's name",
        ),
        Setting::new(
            "company_file",
            "Company file",
            ANY,
            "full Windows path of the company file, C:\\… or \\\\server\\…; empty for the one that is open",
        )
        .shown("QuickBooks, F2 (Product Information), «Location»"),
        Setting::new(
            "page_size",
            "Page size",
            Value::Number { least: 1, most: 10_000, default: 500 },
            "customers a page",
        ),
        Setting::new(
            "run_every_minutes",
            "Call every (minutes)",
            Value::Number { least: 1, most: 10_080, default: 15 },
            "how often the Web Connector calls, in minutes",
        ),
        Setting::new(
            "min_interval_seconds",
            "Shortest interval (seconds)",
            Value::Number { least: 0, most: UNBOUNDED, default: 60 },
            "a call sooner after the last run finds nothing due",
        ),
        FULL_EVERY_HOURS,
        // More than an hour, because QuickBooks' local time repeats one when daylight saving time ends.
        delta_overlap_minutes(0, UNBOUNDED, 70),
        WINDOW,
    ],
    secrets: &[],
    lists: List::ALL,
    moves: Moves::CallsIn,
    webhooks: None,
    rates: &[],
    causes: &[
        // HRESULTs: no permission for the company file; access refused. Status codes: the list may not be seen.
        ("quickbooks_8004041a", Cause::Permission),
        ("quickbooks_80040420", Cause::Permission),
        ("quickbooks_status_3260", Cause::Permission),
        ("quickbooks_status_3261", Cause::Permission),
        ("quickbooks_too_old", Cause::Version),
        // Another company file than the connection's is open.
        ("other_company_file", Cause::NotFound),
        ("quickbooks_8004040a", Cause::NotFound),
    ],
    words: Words {
        example: "--json",
        next_steps:
            "The password is shown only now (`rollcall connection password {id}` makes a new one). Next:
  1. rollcall qwc {id} > rollcall.qwc
  2. Copy the file to the computer of QuickBooks, log in to the company file as Admin, and open the file:
     the Web Connector starts, and QuickBooks asks whether to let it in.
  3. Enter the password in the Web Connector, tick Auto-Run, and press Update Selected.
The Web Connector will call {origin}/qbwc: `rollcall doctor` tells whether it can.",
        never_heard: "Write the file with `rollcall qwc {id}`, open it on the computer of QuickBooks, enter the password \
                      in the Web Connector, and press Update Selected.",
        not_read: "Nothing: the next update reads them. Update Selected in the Web Connector starts one.",
        mass_absence: "QuickBooks: the right company file is open, and its user may see all",
    },
};

impl Connector for QuickbooksDesktop {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn check(&self, settings: &str) -> Result<(), SettingsError> {
        load::<Settings>(&SPEC, settings)?.check()
    }

    fn calls_in(&self) -> Option<&'static dyn CallsIn> {
        Some(&QuickbooksDesktop)
    }
}
