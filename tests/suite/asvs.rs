//! The table of the README that says which test holds which requirement: each test that it names is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push(path);
        }
    }
}

/// The names of all functions that are tests.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        sources(&root.join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let mut is_test = false;
        for line in fs::read_to_string(file).unwrap().lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(rest) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ") {
                if is_test {
                    names.extend(rest.split('(').next().map(str::to_owned));
                }
                is_test = false;
            }
        }
    }
    names
}

#[test]
fn each_test_that_the_table_of_requirements_names_is_there() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let table = readme.split("<!-- asvs -->").nth(1).unwrap().split("<!-- /asvs -->").next().unwrap();
    let tests = tests();
    let (mut named, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for row in table.lines().skip(3).filter(|line| !line.is_empty()) {
        let held_by = row.trim_matches('|').split_once('|').unwrap().1;
        assert!(held_by.trim().len() > 3, "neither a test nor a reason: {row}");
        // What stands between two backquotes and looks like a function.
        for name in held_by.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2) {
            named.insert(name.to_owned());
            if !tests.contains(name) {
                missing.insert(name.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(named.len() > 40, "{}", named.len());
}
