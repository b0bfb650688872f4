//! Paycom's answers: any bytes, to records.
//!
//! `cargo fuzz run --sanitizer none paycom_answer fuzz/corpus/paycom_answer fixtures/paycom`
#![no_main]

use rollcall::connectors::paycom::{
    map::record,
    wire::{Row, answer, complaint},
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert!(complaint(data).len() < 320);
    if let Ok(answer) = answer::<Row>(data) {
        for row in &answer.rows {
            let record = record(row, Default::default());
            assert!(!record.name.contains(char::is_control));
        }
    }
});
