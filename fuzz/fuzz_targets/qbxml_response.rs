//! QuickBooks' answers: any bytes, read record by record.
//!
//! `cargo fuzz run --sanitizer none qbxml_response fuzz/corpus/qbxml_response fixtures/quickbooks_desktop`: the transcripts are the seeds; what stands
//! before the first XML declaration of a seed is passed over.
#![no_main]

#[allow(dead_code, reason = "each target drives one of them")]
#[path = "../../tests/suite/web_connector/drive.rs"]
mod drive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drive::qbxml_response(drive::document(data)));
