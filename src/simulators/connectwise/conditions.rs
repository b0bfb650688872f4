//! The language of `conditions` and `childConditions` (Guide): strings in quotes, whole numbers bare, `True` and
//! `False`, times in brackets, references with slashes; anything else is refused, as the vendor does.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
    Time(DateTime<Utc>),
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Contains,
}

/// What a row must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Compare { path: String, operator: Operator, literal: Literal },
    In { path: String, not: bool, literals: Vec<Literal> },
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Literal(Literal),
    Sign(&'static str),
}

/// Reads a condition.
///
/// # Errors
/// What is not understood, as a sentence.
pub(super) fn parse(text: &str) -> Result<Condition, String> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    let condition = reader.or(0)?;
    match reader.tokens.get(reader.at) {
        None => Ok(condition),
        Some(token) => Err(format!("'{token:?}' is not expected here")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => quoted(rest)?,
            '[' => bracketed(rest)?,
            '-' | '0'..='9' => number(rest)?,
            c if c.is_ascii_alphabetic() || c == '_' => word(rest),
            _ => sign(rest)?,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str) -> Result<(Token, &str), String> {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let (value, rest) = inner.split_once('"').ok_or("a string is not closed")?;
    Ok((Token::Literal(Literal::Text(value.to_owned())), rest))
}

fn bracketed(text: &str) -> Result<(Token, &str), String> {
    let inner = text.strip_prefix('[').unwrap_or(text);
    let (value, rest) = inner.split_once(']').ok_or("a date is not closed")?;
    let time = DateTime::parse_from_rfc3339(value.trim()).map_err(|_| format!("[{value}] is no date"))?;
    Ok((Token::Literal(Literal::Time(time.to_utc())), rest))
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn number(text: &str) -> Result<(Token, &str), String> {
    let (digits, rest) = split_while(text, |c| c.is_ascii_digit() || c == '-' || c == '.');
    let number = digits.parse().map_err(|_| format!("{digits} is no number"))?;
    Ok((Token::Literal(Literal::Number(number)), rest))
}

fn word(text: &str) -> (Token, &str) {
    let (word, rest) = split_while(text, |c| c.is_ascii_alphanumeric() || c == '_' || c == '/');
    let token = match word.to_ascii_lowercase().as_str() {
        "true" => Token::Literal(Literal::Flag(true)),
        "false" => Token::Literal(Literal::Flag(false)),
        "null" => Token::Literal(Literal::Null),
        _ => Token::Word(word.to_owned()),
    };
    (token, rest)
}

fn sign(text: &str) -> Result<(Token, &str), String> {
    for sign in ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","] {
        if let Some(rest) = text.strip_prefix(sign) {
            return Ok((Token::Sign(sign), rest));
        }
    }
    Err(format!("'{text}' is not understood"))
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is =
            matches!(self.tokens.get(self.at), Some(Token::Word(here)) if here.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Sign(here)) if *here == sign);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.and(depth)?];
        while self.takes_word("or") {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Condition::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.term(depth)?];
        while self.takes_word("and") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Condition::And))
    }

    fn term(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err("too many parentheses".to_owned());
        }
        if self.takes_sign("(") {
            let inner = self.or(depth + 1)?;
            return if self.takes_sign(")") { Ok(inner) } else { Err("a parenthesis is not closed".into()) };
        }
        let Some(Token::Word(path)) = self.next() else { return Err("a field name is expected".to_owned()) };
        let not = self.takes_word("not");
        if self.takes_word("in") {
            return Ok(Condition::In { path, not, literals: self.literals()? });
        }
        if not {
            return Err("after 'not' only 'in' is understood".to_owned());
        }
        let operator = self.operator()?;
        Ok(Condition::Compare { path, operator, literal: self.literal()? })
    }

    fn operator(&mut self) -> Result<Operator, String> {
        Ok(match self.next() {
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("!=" | "<>")) => Operator::NotEqual,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("like") => Operator::Like,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("contains") => Operator::Contains,
            _ => return Err("an operator is expected".to_owned()),
        })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next() {
            Some(Token::Literal(literal)) => Ok(literal),
            _ => Err("a value is expected".to_owned()),
        }
    }

    fn literals(&mut self) -> Result<Vec<Literal>, String> {
        if !self.takes_sign("(") {
            return Err("'in' needs a list in parentheses".to_owned());
        }
        let mut literals = vec![self.literal()?];
        while self.takes_sign(",") {
            literals.push(self.literal()?);
        }
        if self.takes_sign(")") { Ok(literals) } else { Err("a list is not closed".to_owned()) }
    }
}

fn one_or(mut parts: Vec<Condition>, all: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() > 1 { all(parts) } else { parts.pop().unwrap_or_else(|| all(Vec::new())) }
}

impl Condition {
    /// The fields that it names.
    pub(super) fn paths(&self) -> Vec<&str> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Compare { path, .. } | Self::In { path, .. } => vec![path],
        }
    }

    pub(super) fn holds(&self, row: &Value) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Compare { path, operator, literal } => {
                let values = values(row, path);
                if values.is_empty() {
                    return compare(&Value::Null, *operator, literal);
                }
                values.into_iter().any(|value| compare(value, *operator, literal))
            }
            Self::In { path, not, literals } => {
                let is_in =
                    |value: &Value| literals.iter().any(|literal| compare(value, Operator::Equal, literal));
                values(row, path).into_iter().any(is_in) != *not
            }
        }
    }
}

/// What a path leads to: several values where it leads through a list. `lastUpdated` can be asked for in every table
/// although it is only in `_info` (Guide).
pub(super) fn values<'a>(row: &'a Value, path: &str) -> Vec<&'a Value> {
    let path = if path == "lastUpdated" { "_info/lastUpdated" } else { path };
    let mut here = vec![row];
    for part in path.split('/') {
        here = here
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(items) => items.iter().filter_map(|item| item.get(part)).collect(),
                _ => value.get(part).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    here
}

fn compare(value: &Value, operator: Operator, literal: &Literal) -> bool {
    use std::cmp::Ordering;
    if operator == Operator::NotEqual {
        return !compare(value, Operator::Equal, literal);
    }
    let order = match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Literal::Flag(literal)) => Some(value.cmp(literal)),
        (Value::Number(value), Literal::Number(literal)) => {
            value.as_f64().and_then(|value| value.partial_cmp(literal))
        }
        (Value::String(value), Literal::Time(literal)) => {
            DateTime::parse_from_rfc3339(value).ok().map(|value| value.to_utc().cmp(literal))
        }
        (Value::String(value), Literal::Text(literal)) => return text(value, operator, literal),
        _ => None,
    };
    let Some(order) = order else { return false };
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        _ => false,
    }
}

/// Case does not matter, as on the vendor's database; `*` stands for anything in `like`.
fn text(value: &str, operator: Operator, literal: &str) -> bool {
    let (value, literal) = (value.to_lowercase(), literal.to_lowercase());
    match operator {
        Operator::Equal => value == literal,
        Operator::Less => value < literal,
        Operator::LessOrEqual => value <= literal,
        Operator::Greater => value > literal,
        Operator::GreaterOrEqual => value >= literal,
        Operator::Contains => value.contains(&literal),
        Operator::Like => like(&value, &literal),
        Operator::NotEqual => value != literal,
    }
}

fn like(value: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return value == pattern };
    let Some(mut value) = value.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        let Some((_, after)) = value.split_once(part) else { return false };
        value = after;
    }
    value.ends_with(end)
}
