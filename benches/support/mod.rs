//! What the benchmarks that talk to the shipped binary share.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Runs a command of the shipped binary; its answer.
pub(crate) fn rollcall(folder: &Path, database: &str, arguments: &[&str]) -> serde_json::Value {
    let done = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(arguments)
        .arg("--json")
        .current_dir(folder)
        .env("ROLLCALL_DATABASE_URL", database)
        .output()
        .expect("run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

/// A process that serves. Killed when it is dropped.
pub(crate) struct Process {
    process: Child,
    pub(crate) address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Process {
    /// The shipped binary.
    pub(crate) fn gateway(database: &str, folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
        Self::start(command.current_dir(folder).env("ROLLCALL_DATABASE_URL", database))
    }

    /// This benchmark once more, as the limit: the variable tells it so.
    pub(crate) fn limit(variable: &str, value: &str) -> Self {
        Self::start(Command::new(std::env::current_exe().expect("a path")).env(variable, value))
    }

    fn start(command: &mut Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("started");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let address = loop {
            let line = lines.next().expect("it serves").expect("a line");
            if let Some((_, url)) = line.split_once("listening on http://") {
                break url.trim().to_owned();
            }
        };
        // The log is read on, so that the process never waits for somebody to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}
