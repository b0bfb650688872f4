//! The database, its disk, its key, and what it tells.

use std::fs;

use super::{Fault, bench, bench::mode, fault};

pub(super) fn faults() -> Vec<Fault> {
    let mut all = files();
    all.extend(contents());
    all.extend(keys());
    all
}

fn files() -> Vec<Fault> {
    let mut all = vec![
        fault(
            "the database is gone",
            ["database", "warn", "is not there yet", "if it is the right path"],
            |bench| {
                fs::remove_file(bench.machine.path("rollcall.db")).unwrap();
            },
        ),
        fault("its folder is gone", ["database", "fail", "is not there", "folder"], |bench| {
            bench.flag("--database-url=sqlite:none/rollcall.db");
        }),
        fault("its folder is a file", ["database", "fail", "cannot be looked into", ""], |bench| {
            bench.flag("--database-url=sqlite:rollcall.db/x/rollcall.db");
        }),
        fault("it is something else", ["database", "fail", "", "ROLLCALL_DATABASE_URL"], |bench| {
            fs::write(bench.machine.path("rollcall.db"), "no database at all, ".repeat(1000)).unwrap();
        }),
        fault("everybody can read it", ["database files", "warn", "mode 644", "chmod 600"], |bench| {
            mode(bench.machine.path("rollcall.db"), 0o644);
        }),
        fault(
            "everybody may write in its folder",
            ["database folder", "warn", "mode 777", "chmod o-w"],
            |bench| {
                mode(bench.machine.folder.path(), 0o777);
            },
        ),
        fault("no server answers", ["database", "fail", "", "that the server runs"], |bench| {
            let url = format!("postgres://nobody@127.0.0.1:{}/rollcall", bench::closed_port());
            bench.set("ROLLCALL_DATABASE_URL", &url);
        }),
    ];
    if cfg!(target_os = "linux") {
        all.push(fault(
            "nobody can write in its folder",
            ["database", "fail", "nothing can be written", "write in that folder"],
            |bench| bench.flag("--database-url=sqlite:/proc/rollcall.db"),
        ));
    }
    if may_mount() {
        all.push(fault("its disk is nearly full", ["disk", "fail", "Only ", "Make room"], |bench| {
            fs::create_dir(bench.machine.path("small")).unwrap();
            bench.before = Some("mount -t tmpfs -o size=8m small small && cp rollcall.db* small/".into());
            bench.flag("--database-url=sqlite:small/rollcall.db");
        }));
        all.push(fault("its disk has little room", ["disk", "warn", "Only ", "Make room"], |bench| {
            fs::create_dir(bench.machine.path("small")).unwrap();
            bench.before = Some("mount -t tmpfs -o size=200m small small && cp rollcall.db* small/".into());
            bench.flag("--database-url=sqlite:small/rollcall.db");
        }));
    }
    all
}

/// Whether disks of a test's own can be made here.
fn may_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "mount", "-t", "tmpfs", "small"]).arg(folder.path());
    command.output().is_ok_and(|ended| ended.status.success())
}

fn contents() -> Vec<Fault> {
    vec![
        fault(
            "a newer version made it",
            ["database", "fail", "of a newer version", "Use that version"],
            |bench| {
                let known = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
                bench.database().execute(known, []).unwrap();
            },
        ),
        fault(
            "an older version made it",
            ["database", "fail", "of an older version", "rollcall migrate"],
            |bench| {
                let last = "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)";
                bench.database().execute(last, []).unwrap();
            },
        ),
        fault("it has no tables", ["database", "warn", "no tables yet", "rollcall migrate"], |bench| {
            fs::write(bench.machine.path("rollcall.db"), "").unwrap();
        }),
        fault(
            "there are no connections",
            ["connections", "warn", "no connections yet", "connection add"],
            |bench| {
                assert_eq!(bench.database().execute("DELETE FROM connections", []).unwrap(), 2);
            },
        ),
        fault("a list has not arrived for a week", ["connection ", "fail", "", "Web Connector"], |bench| {
            set(bench, "last_seen_at = datetime('now', '-7 days')");
        }),
        fault("a connection is paused", ["connection ", "warn", "It is paused", "--resume"], |bench| {
            bench.machine.json(&["connection", "set", "Acme/QuickBooks Desktop", "--pause"]);
        }),
        fault(
            "a gateway's clock is ahead",
            ["clock", "fail", "behind what a gateway wrote", "NTP"],
            |bench| {
                // As its workers would report with that clock.
                let worker = crate::cli::doctor::reported("gw_ahead", -60, None);
                let url = format!("sqlite:{}", bench.machine.path("rollcall.db").display());
                let write = async move || {
                    let store = rollcall::store::Store::open(&url).unwrap();
                    let long_ago = worker.reported_at - chrono::TimeDelta::days(1);
                    let rows = vec![worker];
                    let report =
                        move |db: &mut _| rollcall::store::workers::report(db, "gw_ahead", &rows, long_ago);
                    store.write(report).await.unwrap();
                };
                tokio::runtime::Runtime::new().unwrap().block_on(write());
            },
        ),
    ]
}

fn set(bench: &bench::Bench, what: &str) {
    let sql = format!("UPDATE connections SET {what} WHERE kind = 'quickbooks_desktop'");
    assert_eq!(bench.database().execute(&sql, []).unwrap(), 1);
}

fn keys() -> Vec<Fault> {
    vec![
        fault("the key is gone", ["secret key", "fail", "", "Restore"], |bench| {
            fs::remove_file(bench.machine.path("rollcall.db.key")).unwrap();
        }),
        fault(
            "the key is another one",
            ["secret key", "fail", "cannot be opened", "Restore the key file"],
            |bench| {
                let other = super::Machine::new();
                other.acme();
                fs::copy(other.path("rollcall.db.key"), bench.machine.path("rollcall.db.key")).unwrap();
            },
        ),
        fault("everybody can read the key", ["secret key", "fail", "644", "chmod 600"], |bench| {
            mode(bench.machine.path("rollcall.db.key"), 0o644);
        }),
        fault(
            "the key is nonsense",
            ["secret key", "fail", "is not 32 bytes", "Restore it from the backup"],
            |bench| {
                bench.private("rollcall.db.key", "nonsense\n");
            },
        ),
        fault("a secret was tampered with", ["secret key", "fail", "", "Enter it again"], |bench| {
            let all = "UPDATE connection_secrets SET sealed = zeroblob(length(sealed))";
            assert!(bench.database().execute(all, []).unwrap() > 0);
        }),
    ]
}
