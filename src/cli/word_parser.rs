//! Parses arguments that are words of a vocabulary: shells complete them, and an error lists the words.

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
