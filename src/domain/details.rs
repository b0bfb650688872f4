//! The details that only customers have: address and description. Employees have neither, so nobody's home is held.

use serde::{Deserialize, Serialize};

/// Lines of one address, at most.
pub const MOST_LINES: usize = 10;
/// Characters of a line, and of each other part of an address, at most.
pub const LONGEST_PART: usize = 200;
/// Characters of a description, at most.
pub const LONGEST_DESCRIPTION: usize = 4_000;

/// The address of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The lines above the city: street, building, `c/o`.
    pub lines: Vec<String>,
    pub city: Option<String>,
    /// A state, province or county, as the source writes it.
    pub region: Option<String>,
    pub postal_code: Option<String>,
    /// The name or code of the country, as the source writes it.
    pub country: Option<String>,
}

/// The details that only a customer has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What is wrong with an address or description; it never contains the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DetailsError {
    #[error("`address.lines` must not have more than {MOST_LINES} lines")]
    Lines,
    #[error("`address.{0}` must have at most {LONGEST_PART} characters and no control characters")]
    Part(&'static str),
    #[error(
        "`description` must have at most {LONGEST_DESCRIPTION} characters and no control characters but line breaks"
    )]
    Description,
}

impl Address {
    /// The address, unless it is empty.
    pub fn unless_empty(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    /// The address with its parts trimmed and the empty ones removed; `None` if nothing is left.
    ///
    /// # Errors
    /// [`DetailsError::Lines`], [`DetailsError::Part`].
    pub fn checked(self) -> Result<Option<Self>, DetailsError> {
        let part = |name: &'static str, text: Option<String>| {
            text.map_or(Ok(None), |text| tidy(&text, LONGEST_PART, |_| false).ok_or(DetailsError::Part(name)))
        };
        if self.lines.len() > MOST_LINES {
            return Err(DetailsError::Lines);
        }
        let lines =
            self.lines.into_iter().map(|line| part("lines", Some(line))).collect::<Result<Vec<_>, _>>()?;
        let address = Self {
            lines: lines.into_iter().flatten().collect(),
            city: part("city", self.city)?,
            region: part("region", self.region)?,
            postal_code: part("postal_code", self.postal_code)?,
            country: part("country", self.country)?,
        };
        Ok(address.unless_empty())
    }
}

impl Details {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A description, trimmed; `None` for an empty one.
///
/// # Errors
/// [`DetailsError::Description`].
pub fn description(text: &str) -> Result<Option<String>, DetailsError> {
    tidy(text, LONGEST_DESCRIPTION, |c| matches!(c, '\n' | '\r' | '\t')).ok_or(DetailsError::Description)
}

/// The text, trimmed; `Some(None)` for an empty one, `None` for one that is not valid.
fn tidy(text: &str, longest: usize, but: impl Fn(char) -> bool) -> Option<Option<String>> {
    let text = text.trim();
    let fits = text.chars().count() <= longest && !text.chars().any(|c| c.is_control() && !but(c));
    fits.then(|| (!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tidied_and_one_of_nothing_is_none() {
        let some = |text: &str| Some(text.to_owned());
        let given = Address {
            lines: vec![" 1 Pier ".into(), " ".into()],
            city: some(" "),
            region: some("ME"),
            ..Address::default()
        };
        let tidy = Address { lines: vec!["1 Pier".into()], region: some("ME"), ..Address::default() };
        assert_eq!(given.checked(), Ok(Some(tidy)));
        assert_eq!(Address { lines: vec![" ".into()], ..Address::default() }.checked(), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_named_and_never_repeated() {
        let long = || "x".repeat(LONGEST_PART + 1);
        let lines = |lines: Vec<String>| Address { lines, ..Address::default() }.checked();
        assert_eq!(lines(vec!["a".into(); MOST_LINES + 1]), Err(DetailsError::Lines));
        assert_eq!(lines(vec![long()]), Err(DetailsError::Part("lines")));
        assert_eq!(
            Address { city: Some("a\u{7}".into()), ..Address::default() }.checked(),
            Err(DetailsError::Part("city"))
        );
        assert_eq!(description("a\u{0}"), Err(DetailsError::Description));
        assert_eq!(description(&"é".repeat(LONGEST_DESCRIPTION)).map(|text| text.is_some()), Ok(true));
        assert_eq!(
            (description(" two\nlines "), description(" ")),
            (Ok(Some("two\nlines".into())), Ok(None))
        );
    }
}
