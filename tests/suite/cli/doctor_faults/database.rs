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
                bench.machine.json(&["connection", "remove", "Acme/QuickBooks Desktop", "--yes"]);
            },
        ),
        fault("nobody gave the .qwc away", ["connection ", "warn", "never heard", "rollcall qwc"], |bench| {
            // Another one, so that it is not that of an installation that is well.
            bench.machine.json(&["company", "add", "Birch"]);
            bench.machine.json(&[
                "connection",
                "add",
                "quickbooks_desktop",
                "--company",
                "Birch",
                "--name",
                "Second",
            ]);
        }),
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
                bench.serve(&[]);
                // As its workers would report with that clock.
                let ahead = "UPDATE workers SET reported_at = datetime('now', '+1 hour')";
                assert!(bench.database().execute(ahead, []).unwrap() > 0);
            },
        ),
    ]
}

fn set(bench: &bench::Bench, what: &str) {
    assert_eq!(bench.database().execute(&format!("UPDATE connections SET {what}"), []).unwrap(), 1);
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
        fault("the key is nonsense", ["secret key", "fail", "", "key file"], |bench| {
            bench.private("rollcall.db.key", "nonsense\n");
        }),
        fault("a secret was tampered with", ["secret key", "fail", "", "Give the secret"], |bench| {
            let all = "UPDATE secrets SET sealed = zeroblob(length(sealed))";
            assert!(bench.database().execute(all, []).unwrap() > 0);
        }),
    ]
}
