//! Calls: any bytes, read parameter by parameter, the response as a stream.
//!
//! `cargo fuzz run --sanitizer none soap_call fuzz/corpus/soap_call fixtures/quickbooks_desktop`: the transcripts are the seeds; what stands
//! before the first XML declaration of a seed is passed over.
#![no_main]

#[allow(dead_code, reason = "each target drives one of them")]
#[path = "../../tests/suite/web_connector/drive.rs"]
mod drive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drive::soap_call(drive::document(data)));
