//! The shipped binary, called as people and scripts call it.

mod accounts;
mod audited;
mod backup;
mod books;
mod credentials;
mod demo;
mod doctor;
mod doctor_faults;
mod links;
mod not_repeated;
mod objects;
mod planted;
mod polled;
mod restore;
mod secrets;
mod serve;
mod usage;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use serde_json::Value;

/// A machine on which nothing was done yet: a folder, and no settings but those that a test gives.
struct Machine {
    folder: tempfile::TempDir,
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ROLLCALL_") {
                command.env_remove(name);
            }
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.end(&mut self.command(arguments))
    }

    fn end(&self, command: &mut Command) -> Ended {
        let output = command.output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The answer of a call that must succeed, with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
        ended.json()
    }

    /// The problem of a call that must fail, with `--json`.
    fn problem(&self, arguments: &[&str], code: &str) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{arguments:?}: {}", ended.stderr);
        let problem = ended.problem();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// A company called Acme, and the answer to its connection to QuickBooks Desktop.
    fn acme(&self) -> Value {
        self.json(&["company", "add", "Acme"]);
        self.json(&["connection", "add", "quickbooks_desktop", "--company", "Acme"])
    }
}

impl Ended {
    fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one document: {}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The problem on standard error: its last line.
    fn problem(&self) -> Value {
        let problem: Value = serde_json::from_str(self.stderr.lines().last().unwrap()).unwrap();
        for name in ["code", "detail", "remedy"] {
            assert!(!problem[name].as_str().unwrap().is_empty(), "{name} in {problem}");
        }
        problem
    }
}

/// A gateway in a process of its own; killed when it is dropped.
struct Served {
    child: Child,
    url: String,
    /// Where the figures have an address of their own.
    figures: Option<String>,
    /// Takes the log as it comes: a gateway whose log nobody takes would stop.
    log: Option<JoinHandle<String>>,
}

impl Served {
    fn start(machine: &Machine, arguments: &[&str]) -> Self {
        Self::start_with_log(machine, "warn", arguments)
    }

    fn start_with_log(machine: &Machine, level: &str, arguments: &[&str]) -> Self {
        Self::start_so(machine, "127.0.0.1:0", level, arguments)
    }

    fn start_at(machine: &Machine, listen: &str, arguments: &[&str]) -> Self {
        Self::start_so(machine, listen, "warn", arguments)
    }

    fn start_so(machine: &Machine, listen: &str, level: &str, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", listen, "--log", level], arguments].concat();
        let mut child = machine.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self { child, url: String::new(), figures: None, log: None };
        let mut told = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended: {told}");
            told.push_str(&line);
            if let Some(url) = line.trim_end().strip_prefix("figures on http://") {
                served.figures = url.strip_suffix("/metrics").map(str::to_owned);
            }
            if let Some(url) = line.trim_end().strip_prefix("listening on ") {
                url.clone_into(&mut served.url);
                break;
            }
        }
        served.log = Some(std::thread::spawn(move || {
            stderr.read_to_string(&mut told).unwrap();
            told
        }));
        served
    }

    /// Asks it to stop, and gives all that it logged.
    fn stop_and_read_log(&mut self) -> String {
        signal("TERM", &self.child);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.log.take().unwrap().join().unwrap()
    }

    fn port(&self) -> &str {
        self.url.rsplit_once(':').unwrap().1
    }

    /// Asks it to stop, and gives its exit code.
    fn terminate(mut self) -> Option<i32> {
        signal("TERM", &self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(name: &str, child: &Child) {
    let script = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
}

/// Every byte that is kept below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}
