//! Paycom's JSON: an envelope around rows, of which only the wanted fields exist here. Social security numbers, pay,
//! bank accounts, birth dates, ethnicity and addresses have no place to go: the parser passes over them (promise 7).

use std::fmt;

use chrono::NaiveDate;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{codec::json::UNREADABLE, connectors::dates::date};

/// The envelope: `{"result": true, "data": […], "errors": […], "errorCount": 0, "records": 1}`.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
pub struct Envelope<R> {
    /// `false` can come with a 200.
    #[serde(default)]
    result: Text,
    /// An array, `null` or nothing; a single object is taken as an array of one.
    #[serde(default)]
    data: Rows<R>,
    #[serde(default)]
    errors: Errors,
}

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Where it breaks off, and never what stands there: it may be anybody's data.
    #[error("it is not the JSON that Paycom's API answers with (line {line}, column {column})")]
    Json { line: usize, column: usize },
    #[error("it has no `result`")]
    NoResult,
    /// `result` is false.
    #[error("it says that the request failed")]
    Failed,
}

/// What a good answer holds.
#[derive(Debug)]
pub struct Answer<R> {
    pub rows: Vec<R>,
    /// Paycom complained although it called the answer good: its rows may not be all.
    pub complained: bool,
}

impl<R> Envelope<R> {
    /// # Errors
    /// No `result`, or one that says that the request failed.
    pub fn answer(self) -> Result<Answer<R>, WireError> {
        let complained = !self.errors.0.is_empty();
        match self.result.get().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1") => Ok(Answer { rows: self.data.0, complained }),
            // An answer that is not Paycom's must not pass for an empty list.
            None => Err(WireError::NoResult),
            Some(_) => Err(WireError::Failed),
        }
    }
}

/// Reads an answer.
///
/// # Errors
/// See [`WireError`].
pub fn answer<'a, R: Deserialize<'a>>(body: &'a [u8]) -> Result<Answer<R>, WireError> {
    let envelope: Envelope<R> = serde_json::from_slice(body)
        .map_err(|error| WireError::Json { line: error.line(), column: error.column() })?;
    envelope.answer()
}

/// Paycom's own words in an answer that failed, whatever its shape; empty where there are none. They go into no error.
pub fn complaint(body: &[u8]) -> String {
    serde_json::from_slice::<Envelope<IgnoredAny>>(body).map(|envelope| envelope.errors.0).unwrap_or_default()
}

/// Whether an answer is not the API's, which refuses in JSON or without a word.
pub fn is_no_api(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && serde_json::from_slice::<IgnoredAny>(body).is_err()
}

/// An employee, in the words of each endpoint: the lists and the detail name the same fact differently, so both names
/// are taken everywhere. (Two names as aliases of one field would make an answer with both unreadable.)
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Row {
    eecode: Text,
    employee_code: Text,
    eename: Text,
    employee_name: Text,
    eestatus: Text,
    employee_status: Text,
    pub firstname: Text,
    pub middlename: Text,
    pub lastname: Text,
    pub work_email: Text,
    pub personal_email: Text,
    primary_phone: Text,
    primary_phone_type: Text,
    pub position_title: Text,
    pub business_title: Text,
    deptdesc: Text,
    deptcode: Text,
    department_description: Text,
    department_code: Text,
    pub hire_date: Text,
    pub rehire_date: Text,
    pub termination_date: Text,
}

impl Row {
    /// The employee's code, whatever it looks like; see [`is_code`].
    pub fn code(&self) -> Option<&str> {
        self.eecode.get().or_else(|| self.employee_code.get())
    }

    /// Whether it is about the employee of a code, however that is capitalised.
    pub fn is_of(&self, code: &str) -> bool {
        self.code().is_some_and(|own| own.eq_ignore_ascii_case(code))
    }

    pub fn name(&self) -> Option<&str> {
        self.eename.get().or_else(|| self.employee_name.get())
    }

    /// What the department is called, or its code where Paycom tells no name.
    pub fn department(&self) -> Option<&str> {
        let told = [&self.department_description, &self.deptdesc, &self.department_code, &self.deptcode];
        told.into_iter().find_map(Text::get)
    }

    /// Whether the employment is over on a day: by its status, or because a date has passed. Leave and whatever else a
    /// status may be end nothing.
    pub fn has_ended(&self, today: NaiveDate) -> bool {
        let status = self.eestatus.get().or_else(|| self.employee_status.get());
        let over = |status: &str| ENDED.iter().any(|ended| status.eq_ignore_ascii_case(ended));
        status.is_some_and(over) || self.ends_on().is_some_and(|day| day < today)
    }

    /// The last day of the employment, passed or not; none where a rehire came after it.
    pub fn ends_on(&self) -> Option<NaiveDate> {
        let day = |text: &Text| text.get().and_then(date);
        let rehired = day(&self.rehire_date);
        day(&self.termination_date).filter(|ends| rehired.is_none_or(|rehired| rehired < *ends))
    }

    /// The telephone, unless Paycom calls it one at home: that is nobody's business here.
    pub fn phone(&self) -> Option<&str> {
        let kind = self.primary_phone_type.get().unwrap_or_default();
        let private = PRIVATE.iter().any(|private| kind.eq_ignore_ascii_case(private));
        self.primary_phone.get().filter(|_| !private)
    }
}

/// The statuses that end an employment, in any case.
const ENDED: &[&str] = &["T", "Terminated", "Inactive"];

/// The types of a telephone that is somebody's own.
const PRIVATE: &[&str] = &["H", "Home", "P", "Personal", "Private"];

/// Whether a text can be an employee's code: only such a text goes into an address that is requested.
pub fn is_code(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A text, a number or a truth value, as text: which of them Paycom sends depends on the endpoint. Anything else, white
/// space, and a text that is not readable, is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Option<String>);

impl Text {
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        if text.contains(UNREADABLE) {
            return Ok(Text(None));
        }
        let odd = |c: char| c.is_control();
        let text = if text.contains(odd) { text.replace(odd, " ") } else { text.to_owned() };
        let trimmed = text.trim();
        Ok(Text((!trimmed.is_empty()).then(|| trimmed.to_owned())))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Text, E> {
        Ok(Text(Some(truth.to_string())))
    }
    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// `data`: rows, one row, or nothing.
#[derive(Debug)]
struct Rows<R>(Vec<R>);

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Rows<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor<R>(std::marker::PhantomData<R>);
        impl<'de, R: Deserialize<'de>> Visitor<'de> for RowsVisitor<R> {
            type Value = Rows<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows")
            }
            fn visit_unit<E>(self) -> Result<Rows<R>, E> {
                Ok(Rows::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows<R>, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Rows(rows))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rows<R>, A::Error> {
                Ok(Rows(vec![R::deserialize(MapAccessDeserializer::new(map))?]))
            }
        }
        deserializer.deserialize_any(RowsVisitor(std::marker::PhantomData))
    }
}

/// What `errors` says, as one short text. Whether its elements are texts or objects is not documented.
#[derive(Debug, Default)]
struct Errors(String);

impl<'de> Deserialize<'de> for Errors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn collect(value: &serde_json::Value, said: &mut Vec<String>) {
            use serde_json::Value;
            match value {
                Value::String(text) if !text.trim().is_empty() => said.push(text.trim().to_owned()),
                Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
                Value::Object(members) => {
                    // Only what reads like a message: an object may quote anybody's data beside it.
                    let words = ["message", "error", "description", "detail", "title"];
                    words.iter().filter_map(|word| members.get(*word)).for_each(|text| collect(text, said));
                }
                _ => {}
            }
        }
        let mut said = Vec::new();
        collect(&serde_json::Value::deserialize(deserializer)?, &mut said);
        let mut text: String =
            said.join("; ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.len() > 300 {
            text.truncate(text.floor_char_boundary(300));
            text.push('…');
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests;
