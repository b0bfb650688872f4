//! The parameters of a call, by name. Only the names that a method takes are kept.

use std::io::Read;

use crate::codec::soap::{Call, SoapError};

/// Bytes of all parameters that are kept: `strHCPResponse` is the longest, with the preferences of a company.
const LONGEST: usize = 4 * 1024 * 1024;

/// The number of parameters in a call, including those that are not kept.
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

/// Why the parameters of a call were not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ParametersError {
    #[error(transparent)]
    Soap(#[from] SoapError),
    #[error("it has more than {MOST} parameters")]
    TooMany,
}

/// The parameters that are kept. If one is repeated, the last counts.
#[derive(Default)]
pub(super) struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Reads the rest of a call.
    ///
    /// # Errors
    /// XML that is not well-formed; more than a call may hold.
    pub(super) fn read<R: Read>(call: &mut Call<R>) -> Result<Self, ParametersError> {
        let mut kept = Self::default();
        let (mut count, mut room) = (0, LONGEST);
        while let Some(name) = call.parameter()? {
            count += 1;
            if count > MOST {
                return Err(ParametersError::TooMany);
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

    /// Returns an empty text if the call does not have it: Intuit's service treats the two alike.
    pub(super) fn take(&mut self, name: &str) -> String {
        let at = self.0.iter().position(|(kept, _)| *kept == name);
        at.map(|at| self.0.swap_remove(at).1).unwrap_or_default()
    }
}
