//! JSON in which no object has a member twice: of two, one reader takes the first and another one the last, so that a
//! proxy that checks a body may see another one than the gateway.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, map::Entry};

/// Any value, read whole.
#[derive(Debug)]
pub(in crate::http) struct UniqueJson(pub Value);

impl<'de> Deserialize<'de> for UniqueJson {
    /// # Errors
    /// An error of its own only for a member that stands there twice.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            match members.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(map.next_value::<UniqueJson>()?.0)),
                // The name is not repeated: it may be anything.
                Entry::Occupied(_) => return Err(A::Error::custom("a member stands there twice")),
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(UniqueJson(element)) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }
    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_that_stands_there_twice_is_refused_wherever_it_is_and_however_it_is_written() {
        for doubled in
            [r#"{"a": 1, "a": 1}"#, r#"{"a": {"b": 1, "c": 2, "b": 3}}"#, r#"[1, {"a": 1, "\u0061": 2}]"#]
        {
            assert!(serde_json::from_str::<UniqueJson>(doubled).unwrap_err().is_data(), "{doubled}");
        }
        let same = r#"{"a": {"a": 1}, "A": [{"b": 1}, {"b": 2}]}"#;
        assert!(serde_json::from_str::<UniqueJson>(same).is_ok());
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_it_stands(text in ".*", number in any::<f64>(), whole in any::<i64>()) {
            let value = json!([{ text.clone(): text, "more text": [whole, u64::MAX, null, true] }, number]);
            let text = value.to_string();
            // Where a name happens to be another one's, the maker of the value has dropped one.
            prop_assert_eq!(serde_json::from_str::<UniqueJson>(&text).unwrap().0, serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}
