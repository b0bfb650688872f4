//! The settings: their defaults, their mistakes, and where they come from.

use std::{cell::RefCell, fs, time::Duration};

use rollcall::config::{LogFormat, MapSource, Mistakes, Overlay, SETTINGS, Settings, Source};

fn map<const N: usize>(pairs: [(&str, &str); N]) -> MapSource {
    pairs.into_iter().collect()
}

fn mistakes<const N: usize>(pairs: [(&str, &str); N]) -> Mistakes {
    Settings::read(&map(pairs)).unwrap_err()
}

/// The names of the settings that are wrong.
fn wrong<const N: usize>(pairs: [(&str, &str); N]) -> Vec<String> {
    mistakes(pairs).mistakes.into_iter().map(|mistake| mistake.name).collect()
}

#[test]
fn nothing_set_is_enough() {
    let settings = Settings::read(&MapSource::default()).unwrap();
    assert_eq!(settings.database.url.reveal(), "sqlite:rollcall.db");
    assert_eq!(settings.http.listen, "127.0.0.1:8080");
    assert_eq!(settings.http.public_url(), "http://localhost:8080");
    assert_eq!(settings.http.tls, None);
    assert_eq!(settings.http.max_connections, 1024);
    assert_eq!(settings.http.header_timeout, Duration::from_mins(2));
    assert_eq!(settings.http.max_qbwc_body, 4 << 30);
    assert_eq!(settings.http.max_api_body, 1 << 20);
    assert_eq!(settings.log.format, LogFormat::Text);
    assert!(settings.warnings.is_empty());
}

#[test]
fn empty_counts_as_unset() {
    let settings = Settings::read(&map([("ROLLCALL_LISTEN", ""), ("ROLLCALL_PUBLIC_URL", "  ")])).unwrap();
    assert_eq!(settings.http.listen, "127.0.0.1:8080");
    assert_eq!(settings.http.public_url, None);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let mistakes = mistakes([
        ("ROLLCALL_DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("ROLLCALL_LISTEN", "localhost"),
        ("ROLLCALL_PUBLIC_URL", "ftp://example.com"),
        ("ROLLCALL_TLS_CERT", "cert.pem"),
        ("ROLLCALL_MAX_CONNECTIONS", "0"),
        ("ROLLCALL_HEADER_TIMEOUT", "10s"),
        ("ROLLCALL_MAX_API_BODY", "-1"),
        ("ROLLCALL_LOG", "info,=,="),
        ("ROLLCALL_LOG_FORMAT", "xml"),
        ("ROLLCALL_TLS_CRET", "misspelt"),
    ]);
    let names: Vec<_> = mistakes.mistakes.iter().map(|mistake| mistake.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ROLLCALL_DATABASE_URL",
            "ROLLCALL_LISTEN",
            "ROLLCALL_PUBLIC_URL",
            "ROLLCALL_TLS_KEY",
            "ROLLCALL_MAX_CONNECTIONS",
            "ROLLCALL_HEADER_TIMEOUT",
            "ROLLCALL_MAX_API_BODY",
            "ROLLCALL_LOG",
            "ROLLCALL_LOG_FORMAT",
        ]
    );
    assert!(
        mistakes.mistakes.iter().all(|mistake| !mistake.wrong.is_empty() && !mistake.expected.is_empty())
    );
    let text = mistakes.to_string();
    assert!(text.contains("ROLLCALL_TLS_CRET"), "the warning may be the answer: {text}");
    assert!(!text.contains("hunter2"), "a secret in {text}");
}

#[test]
fn only_supported_databases() {
    for url in ["sqlite:", "sqlite://", "rollcall.db", "postgres:db", "mysql://h/d", "postgre://h/d"] {
        assert_eq!(wrong([("ROLLCALL_DATABASE_URL", url)]), ["ROLLCALL_DATABASE_URL"], "{url}");
    }
    for url in ["sqlite:a.db", "sqlite:///var/a.db", "postgres://u:p@h/d", "postgresql:///d?host=/run"] {
        let settings = Settings::read(&map([("ROLLCALL_DATABASE_URL", url)])).unwrap();
        assert_eq!(settings.database.url.reveal(), url);
        assert!(!format!("{settings:?}").contains(url), "the URL is hidden from Debug");
    }
}

#[test]
fn the_key_is_given_or_in_a_file_beside_the_database() {
    let file = |url| {
        let settings = Settings::read(&map([("ROLLCALL_DATABASE_URL", url)])).unwrap();
        settings.secrets.key_file.to_str().unwrap().to_owned()
    };
    assert_eq!(file("sqlite:/var/a.db"), "/var/a.db.key");
    // The same wherever the gateway is started, and another for each database.
    assert_eq!(file("sqlite::memory:"), "/var/lib/rollcall/rollcall.key");
    assert_eq!(file("postgres://u:p@h/d"), "/var/lib/rollcall/h-d.key");
    assert_eq!(file("postgres://u:p@h:5433/d"), "/var/lib/rollcall/h-5433-d.key");
    assert_eq!(file("postgres://[::1]/../%2e%2e/d"), "/var/lib/rollcall/___1_-d.key");
    assert_eq!(file("postgresql:///d?host=/run"), "/var/lib/rollcall/local-d.key");
    assert_eq!(file("postgres://h1:1,h2:2/d"), "/var/lib/rollcall/rollcall.key");
    let settings = Settings::read(&map([("ROLLCALL_KEY_FILE", "/etc/k")])).unwrap();
    assert_eq!((settings.secrets.key_file.to_str(), settings.secrets.keys), (Some("/etc/k"), None));
    let (one, two) = ("ab".repeat(32), "cd".repeat(32));
    let settings = Settings::read(&map([("ROLLCALL_SECRET_KEY", &format!("{one},{two}"))])).unwrap();
    assert_eq!(settings.secrets.keys.as_ref().unwrap().len(), 2);
    assert!(!format!("{settings:?}").contains("abab"), "the key is hidden from Debug");
    let text = mistakes([("ROLLCALL_SECRET_KEY", "hunter2")]).to_string();
    assert!(text.contains("ROLLCALL_SECRET_KEY: key 1 in it") && !text.contains("hunter2"), "{text}");
    assert_eq!(wrong([("ROLLCALL_SECRET_KEY", &one), ("ROLLCALL_KEY_FILE", "k")]), ["ROLLCALL_KEY_FILE"]);
}

#[test]
fn addresses_are_checked() {
    for listen in ["8080", "localhost:", "localhost:65536", ":8080", "::1:8080", "[localhost]:1"] {
        assert_eq!(wrong([("ROLLCALL_LISTEN", listen)]), ["ROLLCALL_LISTEN"], "{listen}");
    }
    for listen in ["0.0.0.0:0", "[::1]:8080", "localhost:80"] {
        Settings::read(&map([("ROLLCALL_LISTEN", listen)])).unwrap();
    }
    for (listen, figures) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("localhost:8080", "LOCALHOST:8080"),
    ] {
        let both = [("ROLLCALL_LISTEN", listen), ("ROLLCALL_METRICS_LISTEN", figures)];
        assert_eq!(wrong(both), ["ROLLCALL_METRICS_LISTEN"], "{listen} {figures}");
    }
    for (listen, figures) in [("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:8080", "127.0.0.1:9090")] {
        Settings::read(&map([("ROLLCALL_LISTEN", listen), ("ROLLCALL_METRICS_LISTEN", figures)])).unwrap();
    }
    for url in ["example.com", "https://", "https://u:p@h", "https://h/path", "https://h/?q"] {
        assert_eq!(wrong([("ROLLCALL_PUBLIC_URL", url)]), ["ROLLCALL_PUBLIC_URL"], "{url}");
    }
    let settings = Settings::read(&map([("ROLLCALL_PUBLIC_URL", "https://example.com:8443/")])).unwrap();
    assert_eq!(settings.http.public_url(), "https://example.com:8443");
}

#[test]
fn a_certificate_makes_the_address_https() {
    let tls = map([("ROLLCALL_TLS_CERT", "c.pem"), ("ROLLCALL_TLS_KEY", "k.pem")]);
    let settings = Settings::read(&tls).unwrap();
    assert_eq!(settings.http.public_url(), "https://localhost:8080");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("url");
    fs::write(&path, "postgres://u:hunter2@h/d\r\n").unwrap();
    let path = path.to_str().unwrap();
    let settings = Settings::read(&map([("ROLLCALL_DATABASE_URL_FILE", path)])).unwrap();
    assert_eq!(settings.database.url.reveal(), "postgres://u:hunter2@h/d");
    assert!(settings.warnings.is_empty());

    let both = [("ROLLCALL_DATABASE_URL", "sqlite:a.db"), ("ROLLCALL_DATABASE_URL_FILE", path)];
    assert_eq!(wrong(both), ["ROLLCALL_DATABASE_URL"]);
    let missing = [("ROLLCALL_DATABASE_URL_FILE", "/nowhere/at/all")];
    assert_eq!(wrong(missing), ["ROLLCALL_DATABASE_URL_FILE"]);

    // A flag beats the environment, whichever of the two forms each of them uses.
    let overlay = Overlay {
        upper: map([("ROLLCALL_DATABASE_URL", "sqlite:flag.db")]),
        lower: map([("ROLLCALL_DATABASE_URL_FILE", path)]),
    };
    assert_eq!(Settings::read(&overlay).unwrap().database.url.reveal(), "sqlite:flag.db");
    let overlay = Overlay { upper: overlay.lower, lower: overlay.upper };
    assert_eq!(Settings::read(&overlay).unwrap().database.url.reveal(), "postgres://u:hunter2@h/d");
}

#[test]
fn unknown_names_are_warned_about() {
    let settings = Settings::read(&map([
        ("ROLLCALL_LISTEN_FILE", "x"),
        ("ROLLCALL_LISTNE", "x"),
        ("ROLLCALL_TEST_POSTGRES", "x"),
        ("PATH", "x"),
    ]))
    .unwrap();
    assert_eq!(settings.warnings.len(), 2);
    assert!(settings.warnings[0].starts_with("ROLLCALL_LISTEN_FILE"));
    assert!(settings.warnings[1].starts_with("ROLLCALL_LISTNE"));
}

/// Notes what is asked for.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl Source for Asked {
    fn get(&self, name: &str) -> Option<String> {
        self.0.borrow_mut().push(name.to_owned());
        None
    }
}

#[test]
fn the_table_holds_what_is_read() {
    let source = Asked::default();
    Settings::read(&source).unwrap();
    let asked = source.0.into_inner();
    for setting in SETTINGS {
        assert!(asked.iter().any(|name| name == setting.name), "{} is never read", setting.name);
        assert!(!setting.meaning.is_empty());
    }
    for name in asked {
        let listed = |name: &str| SETTINGS.iter().any(|setting| setting.name == name);
        let file = |setting: &str| SETTINGS.iter().any(|s| s.secret && s.name == setting);
        assert!(listed(&name) || name.strip_suffix("_FILE").is_some_and(file), "{name} is not in the table");
    }
}

/// The table of the manual, made from the one table of the code.
fn table() -> String {
    let mut table = String::from("| variable | default | meaning |\n| --- | --- | --- |\n");
    for setting in SETTINGS {
        let file = if setting.secret { " (or `…_FILE`)" } else { "" };
        let default =
            if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let meaning = setting.meaning.replace('|', "\\|");
        table.push_str(&format!("| `{}`{file} | {default} | {meaning} |\n", setting.name));
    }
    table
}

#[test]
fn the_readme_lists_every_setting_as_the_code_reads_it() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- settings -->\n").unwrap();
    let (listed, _) = rest.split_once("<!-- /settings -->").unwrap();
    assert_eq!(listed, table());
}
