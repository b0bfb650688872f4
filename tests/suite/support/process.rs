//! The shipped binary as a process of its own, which may be killed.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::TestDatabase;

/// The shipped binary, serving. Killed when it is dropped.
pub struct Process {
    child: Mutex<Child>,
    pub address: SocketAddr,
}

impl Process {
    pub async fn start(database: &TestDatabase) -> Arc<Self> {
        Self::start_with(database, &[]).await
    }

    /// With settings of its own.
    pub async fn start_with(database: &TestDatabase, settings: &[(&str, &str)]) -> Arc<Self> {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_rollcall")), &database.url, settings).await
    }

    /// After `before`, which a shell runs in the same process.
    pub async fn start_in(database: &TestDatabase, before: &str, settings: &[(&str, &str)]) -> Arc<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{before} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_rollcall")]);
        Self::spawn(shell, &database.url, settings).await
    }

    /// The same, with mounts of its own.
    pub async fn start_unshared(url: &str, before: &str) -> Arc<Self> {
        let mut shell = Command::new("unshare");
        shell.args(["-m", "sh", "-c", &format!("{before} && exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_rollcall"));
        Self::spawn(shell, url, &[]).await
    }

    async fn spawn(mut command: Command, url: &str, settings: &[(&str, &str)]) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--ready-file"])
            .arg(&ready)
            .current_dir(folder.path())
            .env("ROLLCALL_DATABASE_URL", url)
            // The key of tests: each start has a folder of its own, and would look there for a key file.
            .env("ROLLCALL_SECRET_KEY", super::SECRET_KEY)
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let address = loop {
            // The file appears first and its line after it.
            let line = std::fs::read_to_string(&ready).unwrap_or_default();
            if let Some(address) = line.strip_suffix('\n') {
                break address.strip_prefix("http://").unwrap().parse().unwrap();
            }
            assert_eq!(child.try_wait().unwrap(), None, "the gateway ended");
            assert!(started.elapsed() < Duration::from_secs(30), "the gateway does not listen");
            tokio::task::yield_now().await;
        };
        Arc::new(Self { child: Mutex::new(child), address })
    }

    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// The most memory that the process has had in use, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.lock().unwrap().id());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
