//! A serde deserializer over JSON values whose errors are [`DecodeError`]s.

use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{BorrowedStrDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::error::{DecodeError, place};

/// A JSON value to decode.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'a> {
    value: &'a Value,
    /// The value is from a query: numbers and truth values come as texts.
    texts: bool,
}

impl<'a> ValueDeserializer<'a> {
    pub(super) fn of_body(value: &'a Value) -> Self {
        Self { value, texts: false }
    }

    pub(super) fn of_query(value: &'a Value) -> Self {
        Self { value, texts: true }
    }

    fn found(self) -> Unexpected<'a> {
        match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(truth) => Unexpected::Bool(*truth),
            Value::Number(_) => Unexpected::Unsigned(0),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }

    /// The text to parse a number or a truth value from.
    fn text(self) -> Option<&'a str> {
        if self.texts { self.value.as_str() } else { None }
    }

    fn whole_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError>
    where
        'a: 'de,
    {
        let Some(text) = self.text() else { return self.deserialize_any(visitor) };
        match (text.parse(), text.parse()) {
            (Ok(number), _) => visitor.visit_u64(number),
            (_, Ok(number)) => visitor.visit_i64(number),
            _ => Err(de::Error::invalid_value(self.found(), &visitor)),
        }
    }
}

/// The visitor of the type decides whether the number is in its range.
macro_rules! whole_numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.whole_number(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let Self { value, texts } = self;
        match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { rest: items.iter().enumerate(), texts }),
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), next: None, texts }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let Some(text) = self.text() else { return self.deserialize_any(visitor) };
        match text.parse() {
            Ok(truth) => visitor.visit_bool(truth),
            Err(_) => Err(de::Error::invalid_value(self.found(), &visitor)),
        }
    }

    whole_numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    /// Takes only objects: serde would also take an array, with its items as the members in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::invalid_type(self.found(), &"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(word) => visitor.visit_enum(StrDeserializer::new(word)),
            _ => Err(de::Error::invalid_type(self.found(), &"a text")),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

struct Members<'de> {
    rest: serde_json::map::Iter<'de>,
    next: Option<(&'de str, &'de Value)>,
    texts: bool,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.next = Some((name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (name, value) = self.next.take().unwrap_or(("", &Value::Null));
        let deserializer = ValueDeserializer { value, texts: self.texts };
        seed.deserialize(deserializer).map_err(|error| error.within(&place(name)))
    }
}

struct Items<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    texts: bool,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        let deserializer = ValueDeserializer { value, texts: self.texts };
        seed.deserialize(deserializer).map(Some).map_err(|error| error.within(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
