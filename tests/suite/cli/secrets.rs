//! What is shown once, and what is never shown.

use serde_json::{Value, json};

use super::{Machine, bytes_below};

#[test]
fn a_password_is_shown_once_and_kept_nowhere() {
    let machine = Machine::new();
    let made = machine.acme();
    let (id, password) = (made["id"].as_str().unwrap(), made["password"].as_str().unwrap());
    let shown = machine.json(&["connection", "show", id]);
    assert_eq!(shown["desktop"]["username"], made["username"]);
    assert!(shown.get("password").is_none());
    let token = machine.json(&["app", "add", "A", "--company", "Acme"])["token"].as_str().unwrap().to_owned();
    for call in [
        &["connection", "show", id] as &[&str],
        &["connection", "list"],
        &["connection", "test", id],
        &["connection", "set", id, "--pause"],
        &["app", "list"],
        &["app", "token", "list", "A"],
        &["doctor"],
    ] {
        for json in [&[] as &[&str], &["--json"]] {
            let ended = machine.run(&[call, json].concat());
            let all = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!all.contains(password) && !all.contains(&token), "{call:?}: {all}");
        }
    }
    let kept = bytes_below(machine.folder.path());
    for secret in [password, &token] {
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one() {
    let machine = Machine::new();
    let made = machine.acme();
    let id = made["id"].as_str().unwrap();
    // Whoever uses the old one is locked out: a script says that it means it.
    machine.problem(&["connection", "password", id], "confirmation_needed");
    let would = machine.json(&["connection", "password", id, "--dry-run"]);
    assert_eq!(
        (&would["id"], &would["replaces"], &would["password"]),
        (&made["id"], &json!("password"), &Value::Null)
    );
    let changed = machine.json(&["connection", "password", id, "--yes"]);
    assert_eq!(changed["username"], made["username"]);
    assert_ne!(changed["password"], made["password"]);
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine.json(&["app", "add", "A", "--company", "Acme"]);
    let second = machine.json(&["app", "token", "add", "A"]);
    assert!(second["token"].as_str().unwrap().starts_with("rct_"));
    let id = second["id"].as_str().unwrap();
    machine.json(&["app", "token", "revoke", "A", &id[..id.len() - 1], "--yes"]);
    let tokens = machine.json(&["app", "token", "list", "A"]);
    let revoked: Vec<bool> =
        tokens.as_array().unwrap().iter().map(|token| !token["revoked_at"].is_null()).collect();
    assert_eq!(revoked, [false, true]);
    machine.problem(&["app", "token", "revoke", "A", "tok_00"], "token_not_found");
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_repeated() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let file = machine.file("sid", "hunter2\n");
    let add = |secret: &str| {
        machine.run(&[
            "connection",
            "add",
            "quickbooks_desktop",
            "--company",
            "Acme",
            "--json",
            "--secret",
            secret,
        ])
    };
    // QuickBooks Desktop takes none: it is refused rather than lost.
    let refused = add(&format!("sid=@{file}"));
    assert_eq!(refused.code, 1);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("takes no secret of that name"));
    let missing = add("sid=@nowhere");
    assert_eq!((missing.code, missing.problem()["code"].as_str()), (1, Some("bad_secret_file")));
    for wrong in [refused, missing, add("sid=hunter2"), add("hunter2")] {
        assert!(wrong.code != 0 && !wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    }
}
