//! How much the gateway's memory grows with the size of a list. The promise: by no more than 64 MiB beyond idle,
//! whether a list has 1,000 or 1,000,000 rows, in one answer (employees) or in pages (customers).
//!
//! `cargo bench --bench memory` runs the shipped binary and reads its peak from Linux' `/proc`. Set `ROWS` for another
//! size than 1,000,000.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use rollcall::{
    domain::secret::Secret,
    simulators::quickbooks_desktop::{CompanyFile, Faults, Outcome, QwcFile, SessionOptions, run_session},
};

fn main() {
    let rows: u64 = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    println!("peak of the process, MiB        idle   after   grown     s");
    for rows in [1_000, rows] {
        measure("employees, one answer", rows, rows, 0);
        measure("customers, in pages", rows, 0, rows);
    }
}

fn measure(name: &str, rows: u64, employees: u64, customers: u64) {
    let directory = tempfile::tempdir().expect("a directory");
    let database = format!("sqlite:{}", directory.path().join("memory.db").display());
    let mut gateway = serve(&database);
    let rollcall = |arguments: &[&str]| -> String {
        let made = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(arguments)
            .env("ROLLCALL_DATABASE_URL", &database)
            .env("ROLLCALL_PUBLIC_URL", &gateway.url)
            .output()
            .expect("run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("text")
    };
    rollcall(&["company", "add", "Bench"]);
    let made = rollcall(&["connection", "add", "quickbooks_desktop", "--company", "Bench", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let text = |name: &str| made.get(name).and_then(|value| value.as_str()).expect("a text").to_owned();
    let qwc = QwcFile::parse(&rollcall(&["qwc", &text("id")])).expect("a .qwc file");
    let mut options = SessionOptions::from_qwc(&qwc, Secret::new(text("password")));
    options.reply_timeout = std::time::Duration::from_mins(10);

    let idle = gateway.peak();
    let start = Instant::now();
    let mut file = CompanyFile::new(3, employees, customers);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let report =
        runtime.block_on(run_session(&options, &mut file, &mut Faults::none(), &|_| {})).expect("a session");
    assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
    let after = gateway.peak();
    let seconds = start.elapsed().as_secs_f64();
    println!("{name:<22} {rows:>8} {idle:>6.0} {after:>7.0} {:>7.0} {seconds:>5.0}", after - idle);
    gateway.stop();
}

/// The shipped binary, serving.
struct Gateway {
    process: Child,
    url: String,
}

fn serve(database: &str) -> Gateway {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("ROLLCALL_DATABASE_URL", database)
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
    let url = loop {
        let line = lines.next().expect("it serves").expect("a line");
        if let Some((_, url)) = line.split_once("listening on ") {
            break url.trim().replace("127.0.0.1", "localhost");
        }
    };
    // The log is read on, so that the process never waits for somebody to read it.
    std::thread::spawn(move || lines.for_each(drop));
    Gateway { process, url }
}

impl Gateway {
    /// The most memory that it has had resident, in MiB.
    fn peak(&self) -> f64 {
        let status = Path::new("/proc").join(self.process.id().to_string()).join("status");
        let status = fs::read_to_string(status).expect("Linux");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        peak.trim().trim_end_matches("kB").trim().parse::<f64>().expect("a number") / 1024.0
    }

    fn stop(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }
}
