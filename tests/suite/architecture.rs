//! The rooms and the arrows between them: a room knows only those below it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms that it may know.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &[]),
    ("threads", &[]),
    ("codec", &["domain"]),
    ("store", &["codec", "domain"]),
    ("connectors", &["codec", "domain", "threads"]),
    ("sync", &["connectors", "store", "codec", "domain", "clock", "threads"]),
    ("service", &["sync", "connectors", "store", "codec", "domain", "clock"]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("workers", &["sync", "connectors", "store", "codec", "domain", "clock"]),
    (
        "http",
        &[
            "workers",
            "service",
            "sync",
            "connectors",
            "store",
            "codec",
            "domain",
            "clock",
            "config",
            "threads",
        ],
    ),
    // The other side of the wires must not share the gateway's readers and writers: one bug could hide on both sides.
    ("simulators", &["domain"]),
    ("app", &["http", "workers", "sync", "connectors", "store", "domain", "clock", "config", "telemetry"]),
    (
        "cli",
        &[
            "app",
            "workers",
            "simulators",
            "service",
            "sync",
            "connectors",
            "store",
            "codec",
            "domain",
            "clock",
            "config",
            "telemetry",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap().to_owned();
            let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let code: String = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (room.trim_end_matches(".rs").to_owned(), inside, code)
        })
        .collect()
}

/// The rooms that a text names: `crate::room` and, in grouped imports, `crate::{room::…, …}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    names_after("crate::", code)
}

/// The first words of the paths that go on after `prefix`.
fn names_after(prefix: &str, code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut item) = (1, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (depth == 1 && c == ',') {
                    rooms.extend(first_word(&item));
                    item.clear();
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && c != ',' {
                    item.push(c);
                }
            }
        } else {
            rooms.extend(first_word(rest));
        }
    }
    rooms
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn a_room_knows_only_the_rooms_below_it() {
    let mut wrong = Vec::new();
    for (room, path, code) in sources() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            panic!("{} is in a room that the design does not have", path.display());
        };
        for named in rooms_named(&code) {
            let is_room = ARROWS.iter().any(|(name, _)| *name == named);
            if is_room && named != room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{} knows {named}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Folders whose files know each other in no circle.
const WITHOUT_CIRCLES: &[&str] = &[
    "http",
    "connectors",
    "store",
    "store/records",
    "workers",
    "sync",
    "sync/calls_in",
    "sync/inbox",
    "sync/poll",
    "sync/register",
    "sync/source_access",
    "sync/vault",
    "connectors/outbound",
    "simulators/vendor",
];

#[test]
fn no_files_of_a_folder_know_each_other_in_a_circle() {
    for folder in WITHOUT_CIRCLES {
        let circle = in_a_circle(Path::new(folder));
        assert!(circle.is_empty(), "in a circle, or above one, in {folder}: {circle:?}");
    }
}

/// `mod.rs` holds what all of them share, and is none of them.
fn in_a_circle(folder: &Path) -> BTreeSet<String> {
    let own = format!("{}::", folder.file_name().unwrap().to_str().unwrap());
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, path, code) in sources() {
        let Ok(inside) = path.strip_prefix(folder) else { continue };
        let inside: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let name = inside[0].trim_end_matches(".rs");
        if ["tests", "testing", "test_client"].contains(&name) {
            continue;
        }
        let code = without_tests(&code);
        let mut named = names_after(&own, code);
        if inside.len() == 1 {
            named.extend(names_after("super::", code));
        }
        known.entry(name.to_owned()).or_default().extend(named);
    }
    known.remove("mod");
    // Whatever knows no other is taken away, until nothing is left but circles.
    loop {
        let files: BTreeSet<String> = known.keys().cloned().collect();
        known.retain(|file, named| named.iter().any(|other| other != file && files.contains(other)));
        if known.len() == files.len() {
            return files;
        }
    }
}

#[test]
fn only_the_store_names_diesel_and_no_connector_knows_another() {
    for (room, path, code) in sources() {
        if room != "store" {
            assert!(!code.contains("diesel"), "{}", path.display());
        }
        let connectors =
            ["quickbooks_desktop", "quickbooks_online", "paycom", "connectwise", "autotask", "push"];
        for own in connectors {
            if path.starts_with(format!("connectors/{own}")) {
                for other in connectors.iter().filter(|other| **other != own) {
                    assert!(!code.contains(&format!("connectors::{other}")), "{}", path.display());
                }
            }
        }
    }
}

/// What a handle that reads can run is told apart in one place: nothing else of the store runs statements as Diesel does.
#[test]
fn only_a_handle_that_writes_runs_what_writes() {
    for (room, path, code) in sources() {
        if room != "store" || path.ends_with("store/dsl.rs") {
            continue;
        }
        for way in ["RunQueryDsl", "diesel::prelude", "prelude::*", ".diesel()"] {
            assert!(!code.contains(way), "{way} in {}", path.display());
        }
    }
}

/// The code of a file without the tests at its end.
fn without_tests(code: &str) -> &str {
    let tests = ["#[cfg(test)]\nmod ", "#[cfg(all(test"].into_iter().filter_map(|mark| code.find(mark)).min();
    tests.map_or(code, |at| &code[..at])
}

#[test]
fn which_kind_a_connection_is_only_connectors_ask() {
    let variants = ["QuickbooksDesktop", "QuickbooksOnline", "Paycom", "Connectwise", "Autotask", "Push"];
    for (room, path, code) in sources() {
        // The demo makes one connection of each.
        if ["connectors", "domain", "simulators"].contains(&&*room) || path.starts_with("cli/demo") {
            continue;
        }
        for variant in variants {
            let named = format!("Kind::{variant}");
            let asks =
                without_tests(&code).match_indices(&named).any(|(at, _)| !code[..at].ends_with("Change"));
            assert!(!asks, "{} names {named}", path.display());
        }
    }
}

/// What a vendor calls its things is for its connector, and for the texts and routes that are its own.
#[test]
fn no_vendor_is_named_where_all_are_alike() {
    let kinds = ["quickbooks_desktop", "quickbooks_online", "paycom", "connectwise", "autotask"];
    let words = [
        "quickbooks",
        "web connector",
        "web_connector",
        "qbxml",
        "qbwc",
        "hresult",
        "paycom",
        "connectwise",
        "autotask",
    ];
    for (room, path, code) in sources() {
        let code = without_tests(&code);
        if room == "sync" {
            let lower = code.to_lowercase();
            let named = words.iter().find(|word| lower.contains(**word));
            assert!(named.is_none(), "{} names {named:?}", path.display());
        }
        if room != "connectors" {
            // All others go by the registry.
            for kind in kinds.iter().chain(&["push"]) {
                let grouped = names_after("connectors::", code).contains(*kind);
                assert!(!grouped, "{} names the connector {kind}", path.display());
            }
        }
        if room == "http" {
            for vendor in ["paycom", "connectwise", "autotask"] {
                assert!(!code.to_lowercase().contains(vendor), "{} names {vendor}", path.display());
            }
        }
    }
}

#[test]
fn the_reader_of_imports_sees_through_groups() {
    let named =
        rooms_named("use crate::{\n  codec::{soap, xml},\n  store::{self, Db},\n};\nlet x = crate::http::Y;");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["codec", "http", "store"]);
    let named = names_after(
        "connectors::",
        "use crate::{\n  connectors::{\n    paycom::Client,\n    push,\n  },\n};",
    );
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["paycom", "push"]);
}
