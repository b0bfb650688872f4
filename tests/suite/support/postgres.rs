//! A PostgreSQL server of a test's own, which may be stopped and killed.

use std::{
    io::Write as _,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output},
};

/// Gone, with all that is in it, when it is dropped.
pub struct PostgresServer {
    folder: tempfile::TempDir,
    programs: PathBuf,
    /// Who runs it: PostgreSQL refuses to be root's.
    user: Option<&'static str>,
    port: u16,
}

impl PostgresServer {
    /// `None` on a machine without PostgreSQL, which is said.
    pub fn start() -> Option<Self> {
        let found = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = found.map(|version| version.path().join("bin")).collect();
        found.sort();
        let Some(programs) = found.into_iter().rfind(|folder| folder.join("initdb").exists()) else {
            // Past the harness, which keeps back what a passing test prints.
            let told = "skipped: there is no PostgreSQL in /usr/lib/postgresql to be started and stopped";
            let _ = writeln!(std::io::stderr(), "{told}");
            return None;
        };
        let is_root = said(&Command::new("id").arg("-u").output().unwrap()) == "0";
        let has_user = Command::new("id").arg("postgres").output().unwrap().status.success();
        let user = is_root.then_some(if has_user { "postgres" } else { "nobody" });
        let folder = tempfile::tempdir().unwrap();
        if let Some(user) = user {
            assert!(Command::new("chown").arg(user).arg(folder.path()).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, programs, user, port };
        let data = server.data();
        server.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        server.up();
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it; returns when it takes connections.
    pub fn up(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-o", &options, "-w", "start"]);
    }

    /// Ends it: `fast` tells its clients, `immediate` leaves everything as it is, as a crash does.
    pub fn down(&self, how: &str) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", how, "-w", "stop"]);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        // Not through a pipe: the server would hold it open.
        let out = tempfile::tempfile().unwrap();
        command.args(arguments).current_dir("/").stdout(out.try_clone().unwrap()).stderr(out);
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // It may be down already.
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        if pid.is_ok() {
            self.down("immediate");
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
