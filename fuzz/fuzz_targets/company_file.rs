//! What QuickBooks says of itself: any bytes, and which company file it is.
//!
//! `cargo fuzz run --sanitizer none company_file fuzz/corpus/company_file fixtures/quickbooks_desktop`: the transcripts are the seeds; what stands
//! before the first XML declaration of a seed is passed over.
#![no_main]

#[allow(dead_code, reason = "each target drives one of them")]
#[path = "../../tests/suite/web_connector/drive.rs"]
mod drive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drive::company_file(drive::document(data)));
