//! Drives the readers of what others send, with any bytes: for the fuzz targets and for the mutated fixtures. Each
//! panics where a reader keeps more than it may.

use std::io::Read;

use rollcall::{
    codec::{lookahead::LookaheadReader, qbxml::Reader, soap::Call, unescape::Unescaped},
    connectors::quickbooks_desktop::company_file::{Guids, Hcp, Pin, identify},
};

/// What stands from the first XML declaration on; all of it where there is none.
pub fn document(data: &[u8]) -> &[u8] {
    let declaration = data.windows(5).position(|window| window == b"<?xml");
    &data[declaration.unwrap_or(0)..]
}

/// A call, its parameters and its end.
pub fn soap_call(data: &[u8]) {
    let Ok(mut call) = Call::open(data) else { return };
    loop {
        match call.parameter() {
            Ok(Some(name)) if name == "response" => {
                let streamed = call.stream(|response| {
                    let mut document = Vec::new();
                    if response.take(1 << 20).read_to_end(&mut document).is_ok() {
                        qbxml_response(&document);
                    }
                });
                if streamed.is_err() {
                    return;
                }
            }
            Ok(Some(_)) => match call.text(1000) {
                Ok(text) => assert!(text.len() <= 1000),
                Err(_) => return,
            },
            Ok(None) => break,
            Err(_) => return,
        }
    }
    let _ = call.finish();
}

/// An answer, record by record.
pub fn qbxml_response(data: &[u8]) {
    let mut reader = Reader::new(data);
    while let Ok(Some(answer)) = reader.answer() {
        assert!(answer.name.len() <= data.len());
        while let Ok(Some(record)) = reader.record() {
            assert!(record.values.len() <= 1024);
            assert!(record.values.iter().all(|(_, value)| value.len() <= 16 * 1024));
        }
    }
}

/// Text within text: it only ever gets shorter.
pub fn unescape(data: &[u8]) {
    let mut source = LookaheadReader::new(data, 1 << 20);
    let mut text = Vec::new();
    if Unescaped::new(&mut source).read_to_end(&mut text).is_ok() {
        assert!(text.len() <= data.len());
    }
}

/// What QuickBooks says of itself.
pub fn company_file(data: &[u8]) {
    let Ok(hcp) = Hcp::read(data) else { return };
    let guids = Guids { owner_id: "{00000000-0000-4000-8000-000000000000}", file_id: "{1}" };
    if let Ok(found) = identify(&hcp, "C:\\Books\\Imagined.QBW", guids, &Pin::default()) {
        // Whoever was recognised once is recognised again.
        assert!(identify(&hcp, "C:\\Books\\Imagined.QBW", guids, &found.pin).is_ok());
    }
    let _ = hcp.version("13", "0");
}
