//! Messages of `push`: any bytes, to an event.
//!
//! `cargo fuzz run --sanitizer none push_message fuzz/corpus/push_message fixtures/push`
#![no_main]

use rollcall::{
    connectors::push::wire::{MOST_ROWS, event},
    domain::event::Event,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match event(data).map(|meaning| meaning.event) {
        Ok(Event::Upserted { records, .. } | Event::Replaced { records, .. }) => {
            assert!(records.len() <= MOST_ROWS);
            assert!(records.iter().all(|record| !record.external_id.is_empty() && !record.name.contains('\0')));
        }
        Ok(Event::Merged { patches, .. }) => assert!(patches.len() <= MOST_ROWS),
        Ok(Event::Removed { external_ids, .. }) => assert!(external_ids.len() <= MOST_ROWS),
        Ok(other) => panic!("{other:?}"),
        // What is wrong is said without what stands there.
        Err(why) => assert!(why.len() < 300),
    }
});
