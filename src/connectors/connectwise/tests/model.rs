//! Rows that come and go between pages: who was there all the time is never lost.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::{
    vendor::{Vendor, json as reply, page},
    *,
};
use crate::domain::hold::Gone;

/// What happens before each page: these come, those go.
type Changes = Vec<(Vec<u64>, Vec<u64>)>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn who_was_there_throughout_is_read(
        start in prop::collection::btree_set(1u64..60, 0..40),
        changes in prop::collection::vec(
            (prop::collection::vec(1u64..80, 0..4), prop::collection::vec(1u64..80, 0..4)), 0..12),
        size in 1u32..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(start, changes, size));
    }
}

async fn check(start: BTreeSet<u64>, changes: Changes, size: u32) {
    let throughout: Vec<u64> =
        start.iter().copied().filter(|id| changes.iter().all(|(_, gone)| !gone.contains(id))).collect();
    let state = Mutex::new((start, changes.into_iter()));
    let vendor = Vendor::start(move |asked| {
        let mut state = state.lock().unwrap();
        if asked.path().ends_with("/count") {
            return reply(200, json!({ "count": state.0.len() }));
        }
        if let Some((come, gone)) = state.1.next() {
            state.0.extend(come);
            state.0.retain(|id| !gone.contains(id));
        }
        let (after, size) = (asked.number("pageId"), asked.number("pageSize") as usize);
        page(&state.0.iter().filter(|id| **id > after).take(size).map(|id| json!({ "id": id })).collect())
    })
    .await;
    let settings = pages_of(size, settings(&vendor.url));
    let (records, end) =
        read(&source(settings, Some(r#"{"codebase":"v1/"}"#)), ask(List::Employee, None)).await.unwrap();
    let read: Vec<u64> = records.iter().map(|record| record.external_id.parse().unwrap()).collect();
    assert!(read.is_sorted() && read.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(throughout.iter().all(|id| read.contains(id)), "{throughout:?} in {read:?}");
    assert!(matches!(end.gone, Gone::NotSeen | Gone::Unknown));
}
