//! Text within text: any bytes, unescaped as they stream past.
//!
//! `cargo fuzz run --sanitizer none unescape fuzz/corpus/unescape fixtures/quickbooks_desktop`: the transcripts are the seeds; what stands
//! before the first XML declaration of a seed is passed over.
#![no_main]

#[allow(dead_code, reason = "each target drives one of them")]
#[path = "../../tests/suite/web_connector/drive.rs"]
mod drive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drive::unescape(drive::document(data)));
