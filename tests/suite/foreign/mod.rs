//! Tools of others against a gateway: what is generated from the OpenAPI document works, and whoever reads it finds
//! the gateway as it says. `tests/foreign/README.md` says how to install them.

mod clients;
mod document;
mod mail;
mod providers;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use rollcall::domain::words::List;
use tempfile::TempDir;

use crate::support::{TestApp, TestDatabase, people};

/// The folder of the tools, if there is one; else says that the test is skipped.
fn tools() -> Option<Tools> {
    match env::var_os("ROLLCALL_TEST_CLIENTS") {
        Some(folder) => Some(Tools(fs::canonicalize(folder).expect("ROLLCALL_TEST_CLIENTS is no folder"))),
        None => {
            let _ = writeln!(std::io::stderr(), "skipped: foreign clients; see tests/foreign/README.md");
            None
        }
    }
}

struct Tools(PathBuf);

impl Tools {
    fn python(&self, name: &str) -> Command {
        let bin = self.0.join("python/bin");
        let mut command = Command::new(bin.join(name));
        let path = env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", bin.display()));
        command
    }

    fn node(&self, name: &str) -> Command {
        Command::new(self.0.join("node_modules/.bin").join(name))
    }
}

/// A file of `tests/foreign`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name)
}

/// Runs `command` in `folder` to its end; what it printed.
fn done(command: &mut Command, folder: &TempDir) -> String {
    command.current_dir(folder.path()).env("NO_COLOR", "1");
    // The gateway goes on on the other threads.
    let out = tokio::task::block_in_place(|| command.output())
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{command:?}: {}\n{text}", out.status);
    text
}

/// A gateway with a few people, its OpenAPI document in a folder, and its address.
async fn gateway() -> (TestDatabase, TestApp, TempDir, String) {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    app.stage(List::Employee, people(3)).await;
    app.stage(List::Customer, people(3)).await;
    let folder = tempfile::tempdir().unwrap();
    let document = app.get("/openapi.json").await;
    fs::write(folder.path().join("openapi.json"), &document.text).unwrap();
    let url = format!("http://{}", app.address);
    (database, app, folder, url)
}
