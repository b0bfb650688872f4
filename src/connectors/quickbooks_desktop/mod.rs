//! QuickBooks Desktop, which calls in by its Web Connector.

mod settings;

pub use settings::Settings;

/// A company's name as the beginning of a user name: lower case letters, digits and dashes, at most 24.
pub fn slug(company: &str) -> String {
    let folded = crate::domain::fold::fold(company);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug: String = words.collect::<Vec<_>>().join("-");
    slug.truncate(24);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "company".into() } else { slug.into() }
}
