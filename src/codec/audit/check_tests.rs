//! Whatever is done to a chain by someone who has the database and not the key is found.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{prelude::*, sample::Index};

use super::{super::NONE, *};
use crate::domain::key::Key;

fn key(byte: u8) -> AuditKey {
    AuditKey::of(&Key::new([byte; 32]))
}

fn keys(bytes: &[u8]) -> Keys {
    bytes.iter().map(|byte| key(*byte)).map(|key| (key.id(), key)).collect()
}

fn row(seq: i64, word: &str, key: &AuditKey) -> Row {
    Row {
        chain: "com_1".into(),
        seq,
        at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::microseconds(seq * 1_000_001),
        actor_kind: "app".into(),
        actor_id: Some("app_1".into()),
        action: "linked".into(),
        object_kind: "employee".into(),
        object_id: word.into(),
        members: "[]".into(),
        request_id: Some("r".into()),
        address: None,
        credential: Some("tok_1".into()),
        key_id: key.id(),
        hash: Vec::new(),
    }
}

/// Gives rows the hashes that the holder of `key` would give them, after `before`.
fn seal(rows: &mut [Row], key: &AuditKey, mut before: Hash) {
    for row in rows {
        before = key.hash(&before, row);
        row.hash = before.to_vec();
    }
}

fn chain(words: &[String]) -> Vec<Row> {
    let key = key(1);
    let mut rows: Vec<Row> = (1..).zip(words).map(|(seq, word)| row(seq, word, &key)).collect();
    seal(&mut rows, &key, NONE);
    rows
}

fn head(rows: &[Row]) -> Head {
    let (last, hash) = rows.last().map_or((0, NONE.to_vec()), |row| (row.seq, row.hash.clone()));
    Head { chain: "com_1".into(), last, hash, begins: 1, before: NONE.to_vec() }
}

fn checkpoint(row: &Row) -> Checkpoint {
    Checkpoint { chain: row.chain.clone(), seq: row.seq, hash: hex(&row.hash), count: row.seq, time: row.at }
}

fn found(rows: &[Row], head: Head, anchors: &[Checkpoint]) -> Vec<Finding> {
    let keys = keys(&[1, 2]);
    let mut check = Check::new(&keys, head, anchors);
    for row in rows {
        check.row(row);
    }
    check.end().findings
}

/// Each member of a row that the hash must cover, changed.
fn changes() -> Vec<fn(&mut Row)> {
    vec![
        |row| row.at += TimeDelta::microseconds(1),
        |row| row.actor_kind.push('x'),
        |row| row.actor_id = None,
        |row| row.actor_id = Some("app_2".into()),
        |row| row.action = "unlinked".into(),
        |row| row.object_kind.push('s'),
        |row| row.object_id.push(' '),
        |row| row.members = "[ ]".into(),
        |row| row.request_id = None,
        |row| row.address = Some(String::new()),
        |row| row.credential = Some("tok_2".into()),
        |row| row.key_id = key(2).id(),
        |row| row.hash = vec![0; 32],
        |row| row.hash.truncate(31),
        // What moves from one member into the next.
        |row| {
            let moved = row.object_kind.pop();
            row.object_id = moved.into_iter().chain(row.object_id.chars()).collect();
        },
    ]
}

proptest! {
    #[test]
    fn a_whole_chain_is_whole_and_anchored(words in prop::collection::vec(".{0,12}", 0..20), at: Index) {
        let rows = chain(&words);
        prop_assert_eq!(found(&rows, head(&rows), &[]), vec![]);
        if let Some(anchor) = rows.get(at.index(rows.len().max(1))) {
            prop_assert_eq!(found(&rows, head(&rows), &[checkpoint(anchor)]), vec![]);
        }
    }

    #[test]
    fn a_change_of_any_member_of_any_row_is_found(
        words in prop::collection::vec(".{0,12}", 1..12), at: Index, which: Index,
    ) {
        let whole = chain(&words);
        let mut rows = whole.clone();
        let at = at.index(rows.len());
        which.get(&changes())(&mut rows[at]);
        prop_assert_ne!(&rows, &whole);
        let findings = found(&rows, head(&rows), &[]);
        let seq = whole[at].seq;
        prop_assert!(findings.contains(&Finding::Altered { seq }), "{:?}", findings);
    }

    #[test]
    fn a_row_that_is_gone_or_added_or_moved_is_found(
        words in prop::collection::vec("[a-z]{1,6}", 3..12), at: Index, with: Index,
    ) {
        let whole = chain(&words);
        let (at, with) = (at.index(whole.len()), with.index(whole.len()));
        // Taken out, with the head as it was.
        let mut rows = whole.clone();
        rows.remove(at);
        prop_assert!(!found(&rows, head(&whole), &[]).is_empty());
        // Taken out, and those after it numbered anew.
        let mut rows = whole.clone();
        rows.remove(at);
        (1..).zip(&mut rows).for_each(|(seq, row)| row.seq = seq);
        if at + 1 < whole.len() {
            prop_assert!(!found(&rows, head(&rows), &[]).is_empty());
        }
        // Put in between.
        let mut rows = whole.clone();
        rows.insert(at, whole[with].clone());
        (1..).zip(&mut rows).for_each(|(seq, row)| row.seq = seq);
        prop_assert!(!found(&rows, head(&rows), &[]).is_empty());
        // Two in each other's places.
        if at != with {
            let mut rows = whole.clone();
            rows.swap(at, with);
            (1..).zip(&mut rows).for_each(|(seq, row)| row.seq = seq);
            prop_assert!(!found(&rows, head(&rows), &[]).is_empty());
        }
    }

    #[test]
    fn what_is_taken_from_the_end_shows_by_the_head_and_if_that_lies_by_a_checkpoint(
        words in prop::collection::vec("[a-z]{1,6}", 2..12), kept: Index,
    ) {
        let whole = chain(&words);
        let rows = &whole[..kept.index(whole.len())];
        let last = rows.len() as i64;
        let truncated = Finding::Truncated { last, head: whole.len() as i64 };
        prop_assert_eq!(found(rows, head(&whole), &[]), vec![truncated]);
        // The head was made to fit: the chain alone cannot tell.
        prop_assert_eq!(found(rows, head(rows), &[]), vec![]);
        let anchor = checkpoint(whole.last().unwrap());
        let shown = Finding::BeforeCheckpoint { last, checkpoint: whole.len() as i64 };
        prop_assert_eq!(found(rows, head(rows), &[anchor]), vec![shown]);
    }

    #[test]
    fn a_chain_written_anew_is_found_without_the_key_and_with_it_against_a_checkpoint(
        words in prop::collection::vec("[a-z]{1,6}", 2..12), at: Index,
    ) {
        let whole = chain(&words);
        let at = at.index(whole.len());
        for (with, name) in [(key(9), key(1).id()), (key(9), key(9).id()), (key(1), key(1).id())] {
            let mut rows = whole.clone();
            rows[at].object_id = "another".into();
            for row in &mut rows {
                row.key_id.clone_from(&name);
            }
            seal(&mut rows, &with, NONE);
            let alone = found(&rows, head(&rows), &[]);
            // The last of the three has the key: nothing but what was written elsewhere shows it.
            prop_assert_eq!(alone.is_empty(), with == key(1));
            let anchor = checkpoint(whole.last().unwrap());
            let seq = anchor.seq;
            let rewritten = found(&rows, head(&rows), &[anchor]).contains(&Finding::Rewritten { seq });
            prop_assert!(rewritten);
        }
    }
}

#[test]
fn a_key_that_was_replaced_signs_nothing_after_that() {
    let (old, new) = (key(1), key(2));
    let mut rows: Vec<Row> = [(1, &old), (2, &new), (3, &old)].map(|(seq, key)| row(seq, "x", key)).into();
    let mut before = NONE;
    for row in &mut rows {
        let key = if row.seq == 2 { &new } else { &old };
        before = key.hash(&before, row);
        row.hash = before.to_vec();
    }
    assert_eq!(found(&rows[..2], head(&rows[..2]), &[]), []);
    assert_eq!(found(&rows, head(&rows), &[]), [Finding::OldKey { seq: 3, key_id: old.id() }]);
}

#[test]
fn a_beginning_that_is_gone_must_be_told_of_by_a_row_of_the_chain() {
    let words: Vec<String> = ["a", "b", "c"].map(String::from).into();
    let mut rows = chain(&words);
    let cut = rows[0].clone();
    let mut told = row(4, "com_1", &key(1));
    told.action = AuditAction::AuditCut.as_str().into();
    told.members =
        format!(r#"[{{"field":"up_to","after":"1"}},{{"field":"hash","after":"{}"}}]"#, hex(&cut.hash));
    let before = hash_of(&rows[2].hash).unwrap();
    rows.push(told);
    seal(&mut rows[3..], &key(1), before);
    let kept = &rows[1..];
    let head = Head { begins: 2, before: cut.hash.clone(), ..head(kept) };
    assert_eq!(found(kept, head.clone(), &[checkpoint(&cut)]), []);
    // Without that row, or with more gone than it says.
    let silent = Head { last: 3, hash: rows[2].hash.clone(), ..head.clone() };
    assert_eq!(found(&rows[1..3], silent, &[]), [Finding::Beheaded { begins: 2 }]);
    let more = Head { begins: 3, before: rows[1].hash.clone(), ..head };
    assert_eq!(found(&rows[2..], more, &[]), [Finding::Beheaded { begins: 3 }]);
}
