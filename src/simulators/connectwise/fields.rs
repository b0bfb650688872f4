//! `fields=`: what is told of a row.

use serde_json::{Map, Value};

/// What nobody should ask for by name.
pub(super) const SENSITIVE: [&str; 9] = [
    "password",
    "token",
    "clientId",
    "hourlyCost",
    "hourlyRate",
    "signature",
    "photo",
    "taxIdentifier",
    "portalPassword",
];

/// The row with only these fields; names that it does not know are passed over.
pub(super) fn trim(row: &Value, fields: &str) -> Value {
    let mut kept = Value::Object(Map::new());
    for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        let parts: Vec<&str> = field.split('/').collect();
        copy(row, &mut kept, &parts);
    }
    kept
}

fn copy(from: &Value, to: &mut Value, path: &[&str]) {
    let Some((name, rest)) = path.split_first() else {
        to.clone_from(from);
        return;
    };
    match from {
        Value::Array(items) => {
            if !to.is_array() {
                *to = Value::Array(vec![Value::Object(Map::new()); items.len()]);
            }
            let Some(kept) = to.as_array_mut() else { return };
            for (item, kept) in items.iter().zip(kept) {
                copy(item, kept, path);
            }
        }
        Value::Object(fields) => {
            let (Some(value), Some(kept)) = (fields.get(*name), to.as_object_mut()) else { return };
            // Where there is nothing, there is nothing inside it either.
            let empty = if value.is_object() { Value::Object(Map::new()) } else { Value::Null };
            let place = kept.entry((*name).to_owned()).or_insert(empty);
            if value.is_null() { *place = Value::Null } else { copy(value, place, rest) }
        }
        _ => {}
    }
}

/// The fields asked for that nobody should ask for.
pub(super) fn sensitive(fields: &str) -> Vec<&'static str> {
    let asked: Vec<&str> =
        fields.split(',').map(|field| field.trim().split('/').next().unwrap_or_default()).collect();
    SENSITIVE.into_iter().filter(|name| asked.iter().any(|field| field.eq_ignore_ascii_case(name))).collect()
}
