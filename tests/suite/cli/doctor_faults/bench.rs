//! An installation into which faults are injected, and small servers that misbehave.

use std::{
    any::Any,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::cli::{Machine, Served};

/// What the doctor says of one thing.
#[derive(Debug)]
pub(in crate::cli) struct Finding {
    pub(in crate::cli) check: String,
    pub(in crate::cli) status: String,
    pub(in crate::cli) detail: String,
    pub(in crate::cli) remedy: String,
}

pub(in crate::cli) struct Bench {
    pub(in crate::cli) machine: Machine,
    pub(in crate::cli) listen: String,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    /// What runs beside it until it is dropped.
    beside: Vec<Box<dyn Any>>,
    /// What a shell does before, in mounts of its own.
    pub(in crate::cli) before: Option<String>,
}

impl Bench {
    pub(in crate::cli) fn of(machine: Machine) -> Self {
        Self {
            machine,
            listen: "127.0.0.1:0".into(),
            environment: Vec::new(),
            arguments: Vec::new(),
            beside: Vec::new(),
            before: None,
        }
    }

    /// One with the same files.
    pub(in crate::cli) fn like(other: &Machine) -> Self {
        let machine = Machine::new();
        for entry in fs::read_dir(other.folder.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), machine.folder.path().join(entry.file_name())).unwrap();
        }
        Self::of(machine)
    }

    pub(in crate::cli) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    pub(in crate::cli) fn flag(&mut self, argument: &str) {
        self.arguments.push(argument.into());
    }

    pub(in crate::cli) fn beside(&mut self, it: impl Any) {
        self.beside.push(Box::new(it));
    }

    /// Starts a gateway on the same database, where the doctor looks for it.
    pub(in crate::cli) fn serve(&mut self, arguments: &[&str]) {
        let served = Served::start(&self.machine, arguments);
        self.listen = format!("127.0.0.1:{}", served.port());
        self.beside(served);
    }

    /// The same at an address that was chosen before.
    pub(in crate::cli) fn serve_at(&mut self, listen: &str, arguments: &[&str]) {
        let served = Served::start_at(&self.machine, listen, arguments);
        listen.clone_into(&mut self.listen);
        self.beside(served);
    }

    /// A file that only its owner can read.
    pub(in crate::cli) fn private(&self, name: &str, content: &str) -> String {
        let path = self.machine.file(name, content);
        mode(&path, 0o600);
        path
    }

    /// The database and what is written into it by hand.
    pub(in crate::cli) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.machine.path("rollcall.db")).unwrap()
    }

    /// Mail by a server of this machine.
    pub(in crate::cli) fn mail(&mut self, host: &str, port: u16, security: &str) {
        self.set("ROLLCALL_SMTP_HOST", host);
        self.set("ROLLCALL_SMTP_PORT", &port.to_string());
        self.set("ROLLCALL_SMTP_SECURITY", security);
        self.set("ROLLCALL_SMTP_FROM", "rollcall@example.com");
    }

    /// An identity provider of this machine.
    pub(in crate::cli) fn provider(&mut self, provider: Provider) {
        let port = provider.start();
        self.issuer(&format!("http://127.0.0.1:{port}"));
        self.set("ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS", "true");
    }

    pub(in crate::cli) fn issuer(&mut self, issuer: &str) {
        self.set("ROLLCALL_OIDC_ISSUER", issuer);
        self.set("ROLLCALL_OIDC_CLIENT_ID", "rollcall");
    }

    pub(in crate::cli) fn findings(&self) -> Vec<Finding> {
        let given: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let all = [&["doctor", "--json", "--listen", &self.listen][..], &given].concat();
        let mut command = self.machine.command(&all);
        if let Some(before) = &self.before {
            let script = format!("{before} && exec \"$0\" \"$@\"");
            let plain = command;
            command = std::process::Command::new("unshare");
            command.args(["-m", "sh", "-c", &script]).arg(plain.get_program()).args(plain.get_args());
            command.current_dir(self.machine.folder.path());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let ended = self.machine.end(&mut command);
        assert!(!ended.stdout.is_empty(), "{}", ended.stderr);
        let report = ended.json();
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let checks = report["checks"].as_array().unwrap().iter();
        let finding = |it: &Value| Finding {
            check: text(it, "check"),
            status: text(it, "status"),
            detail: text(it, "detail"),
            remedy: text(it, "remedy"),
        };
        checks.map(finding).collect()
    }
}

pub(in crate::cli) fn mode(path: impl AsRef<std::path::Path>, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A port at which nobody listens.
pub(in crate::cli) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server on a port of its own, for as long as the tests run.
fn server(host: &str, each: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(each));
    port
}

/// Closes each connection at once.
pub(in crate::cli) fn closing() -> u16 {
    server("127.0.0.1", drop)
}

/// Takes each connection, and says nothing.
pub(in crate::cli) fn mute() -> u16 {
    server("127.0.0.1", |mut stream| {
        std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
    })
}

/// Answers each request by `answer`, which is given its path.
pub(in crate::cli) fn http(answer: impl Fn(&str, &str) -> String + Send + Sync + Copy + 'static) -> u16 {
    server("127.0.0.1", move |mut stream| {
        let origin = format!("http://{}", stream.local_addr().unwrap());
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else { return };
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let _ = stream.write_all(answer(&origin, path).as_bytes());
    })
}

/// A whole answer.
pub(in crate::cli) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// A mail server that greets, and answers everything that is said with the next of these lines; the last one for ever.
pub(in crate::cli) fn smtp(lines: &'static [&'static str]) -> u16 {
    smtp_at("127.0.0.1", lines)
}

pub(in crate::cli) fn smtp_at(host: &str, lines: &'static [&'static str]) -> u16 {
    server(host, move |mut stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
        let heard = BufReader::new(stream.try_clone().unwrap()).lines();
        for (n, line) in heard.map_while(Result::ok).enumerate() {
            let answer = lines.get(n).or(lines.last()).unwrap();
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes());
            if line.starts_with("QUIT") {
                return;
            }
        }
    })
}

/// How an identity provider behaves.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Provider {
    Well,
    NotFound,
    OfAnother,
    NoJson,
    HourAhead,
    HourBehind,
    OldAlgorithms,
    Redirects,
    KeysAreGone,
}

impl Provider {
    fn start(self) -> u16 {
        http(move |origin, path| self.answer(origin, path))
    }

    fn answer(self, origin: &str, path: &str) -> String {
        if path.ends_with("/jwks") {
            return match self {
                Self::KeysAreGone => answer("500 Gone", "", ""),
                _ => answer("200 OK", "content-type: application/json\r\n", "{\"keys\":[]}"),
            };
        }
        let issuer = if matches!(self, Self::OfAnother) { "https://other.example" } else { origin };
        let algorithm = if matches!(self, Self::OldAlgorithms) { "RS384" } else { "RS256" };
        let says = json!({
            "issuer": issuer, "authorization_endpoint": format!("{origin}/authorize"), "token_endpoint": format!("{origin}/token"),
            "jwks_uri": format!("{origin}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
        });
        let now = Utc::now();
        let date = match self {
            Self::HourAhead => now + TimeDelta::hours(1),
            Self::HourBehind => now - TimeDelta::hours(1),
            _ => now,
        };
        let headers = format!(
            "content-type: application/json\r\ndate: {}\r\n",
            date.format("%a, %d %b %Y %H:%M:%S GMT")
        );
        match self {
            Self::NotFound => answer("404 Not Found", &headers, ""),
            Self::NoJson => answer("200 OK", &headers, "<html>"),
            Self::Redirects => answer("302 Found", "location: https://other.example/\r\n", ""),
            _ => answer("200 OK", &headers, &says.to_string()),
        }
    }
}
