//! Bytes to types and back, bounded: nothing here trusts what it reads.
//!
//! | file | what it reads or writes |
//! | --- | --- |
//! | [`lookahead`] | a stream with look-ahead and a limit for each piece of markup |
//! | [`xml`] | well-formed XML, event by event |
//! | [`unescape`] | the XML that travels as text inside other XML |
//! | [`mojibake`] | letters that arrive as control characters |
//! | [`soap`] | envelopes: calls in, replies out |
//! | [`qbxml`] | QuickBooks' own language: requests out, responses in |
//! | [`json`] | JSON, of which a broken text costs that text only |
//! | [`seal`] | secrets, sealed for the database and opened again |

pub mod json;
pub mod lookahead;
pub mod mojibake;
pub mod qbxml;
pub mod seal;
pub mod soap;
pub mod unescape;
pub mod xml;
