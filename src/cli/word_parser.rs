//! Arguments that are one of a few words: shells complete them, and whoever mistypes one is told those that there are.

/// The parser of a vocabulary of `domain::words`.
macro_rules! word_parser {
    ($word:ty) => {
        clap::builder::TypedValueParser::try_map(
            clap::builder::PossibleValuesParser::new(<$word>::ALL.iter().map(|word| word.as_str())),
            |text| text.parse::<$word>(),
        )
    };
}
pub(super) use word_parser;
