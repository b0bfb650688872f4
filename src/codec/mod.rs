//! Bytes to types and back, within bounds: no input is trusted.
//!
//! | file | what it reads or writes |
//! | --- | --- |
//! | [`lookahead`] | a buffered reader with look-ahead and a limit for each piece |
//! | [`xml`] | well-formed XML, event by event |
//! | [`unescape`] | XML that is escaped as text inside other XML |
//! | [`mojibake`] | repairs letters that arrive as control characters |
//! | [`soap`] | SOAP envelopes: reads calls, writes replies |
//! | [`qbxml`] | QuickBooks' own XML: writes requests, reads responses |
//! | [`json`] | JSON, in which a broken text loses only that text |
//! | [`password`] | people's passwords: hashes them for the database, and compares |
//! | [`totp`] | the codes of a second factor |
//! | [`device`] | the cookie of a browser in which people have signed in |
//! | [`seal`] | encrypts secrets for the database, and decrypts them |
//! | [`audit`] | the rows of the audit as bytes, and the chain of their hashes |

pub mod audit;
pub mod device;
pub mod json;
pub mod lookahead;
pub mod mojibake;
pub mod password;
pub mod qbxml;
pub mod seal;
pub mod soap;
pub mod totp;
pub mod unescape;
pub mod xml;
