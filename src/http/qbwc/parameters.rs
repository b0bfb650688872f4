//! The parameters of a call, by name. Only names that some method takes are kept.

use std::io::Read;

use crate::codec::soap::{Call, SoapError};

/// Bytes of all that is kept of a call: `strHCPResponse` is the longest, with the preferences of a company.
const LONGEST: usize = 4 * 1024 * 1024;

/// Parameters of one call, those that are not kept among them.
const MOST: usize = 32;

const NAMES: [&str; 11] = [
    "strUserName",
    "strPassword",
    "strVersion",
    "ticket",
    "strHCPResponse",
    "strCompanyFileName",
    "qbXMLMajorVers",
    "qbXMLMinorVers",
    "hresult",
    "message",
    "qbXMLCountry",
];

/// Why parameters were not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error(transparent)]
    Soap(#[from] SoapError),
    #[error("it has more than {MOST} parameters")]
    TooMany,
}

/// What is kept of a call. Of a repeated parameter the last counts.
#[derive(Default)]
pub(super) struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Reads all that is left of a call.
    ///
    /// # Errors
    /// XML that is not well-formed; more than a call may hold.
    pub(super) fn read<R: Read>(call: &mut Call<R>) -> Result<Self, Unread> {
        let mut kept = Self::default();
        let (mut count, mut room) = (0, LONGEST);
        while let Some(name) = call.parameter()? {
            count += 1;
            if count > MOST {
                return Err(Unread::TooMany);
            }
            if let Some(name) = NAMES.into_iter().find(|known| *known == name) {
                let before = kept.take(name);
                room += before.len();
                let text = call.text(room)?;
                room -= text.len();
                kept.0.push((name, text));
            }
        }
        Ok(kept)
    }

    /// Empty where the call does not have it: to Intuit's service the two are the same.
    pub(super) fn take(&mut self, name: &str) -> String {
        let at = self.0.iter().position(|(kept, _)| *kept == name);
        at.map(|at| self.0.swap_remove(at).1).unwrap_or_default()
    }
}
