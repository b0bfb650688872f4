//! Renders schemas in words and links. Unknown members are left out, so that a newer document can still be shown.

use std::fmt::Write;

use serde_json::Value;

/// A text as HTML: text between back-quotes is code, an empty line separates paragraphs.
pub(super) fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 32);
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        html.push_str("<p>");
        for (number, part) in paragraph.trim().split('`').enumerate() {
            let part = escaped(part);
            // Writing to a `String` cannot fail.
            let _ =
                if number % 2 == 0 { write!(html, "{part}") } else { write!(html, "<code>{part}</code>") };
        }
        html.push_str("</p>");
    }
    html
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The texts of a list, or a single text in its place.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The type of a value: a link to a type that has a name, else words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    for (choice, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        let kinds: Vec<String> = list(schema, choice).iter().map(kind).collect();
        if !kinds.is_empty() {
            return kinds.join(between);
        }
    }
    let words = list(schema, "enum");
    if !words.is_empty() {
        return words.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    let kinds: Vec<String> =
        texts(schema.get("type").unwrap_or_default()).into_iter().map(|name| named(name, schema)).collect();
    match kinds.is_empty() {
        true => "anything".to_owned(),
        false => kinds.join(" or ") + &bounds(schema),
    }
}

fn code(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("<code>{}</code>", escaped(&text))
}

fn named(name: &str, schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str);
    match (name, format) {
        ("array", _) => {
            format!("list of {}", schema.get("items").map_or_else(|| "anything".to_owned(), kind))
        }
        ("object", _) if schema.get("properties").is_some() => members(schema),
        ("object", _) => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("object of {}", kind(values)),
            _ => "object".to_owned(),
        },
        ("string", Some(format)) => format!("text ({})", escaped(format)),
        ("string", None) => "text".to_owned(),
        (name, _) => escaped(name),
    }
}

/// The limits that matter to a reader.
fn bounds(schema: &Value) -> String {
    let names = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters: at least"),
        ("maxLength", "characters: at most"),
        ("minItems", "entries: at least"),
        ("maxItems", "entries: at most"),
        ("default", "usually"),
    ];
    let said = names.iter().filter_map(|(name, words)| Some(format!("{words} {}", code(schema.get(name)?))));
    let said: Vec<String> = said.collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// The members of an object as a table; required ones are marked.
pub(super) fn members(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return String::new() };
    let required = texts(schema.get("required").unwrap_or_default());
    let mut html = String::from("<table>");
    for (name, member) in properties {
        row(&mut html, name, required.contains(&name.as_str()), &kind(member), description(member));
    }
    html + "</table>"
}

pub(super) fn description(of: &Value) -> &str {
    of.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// A row of a table: name, type and meaning.
pub(super) fn row(html: &mut String, name: &str, required: bool, kind: &str, meaning: &str) {
    let needed = if required { " <em>required</em>" } else { "" };
    let (name, meaning) = (escaped(name), prose(meaning));
    let _ = write!(
        html,
        "<tr><th scope=\"row\"><code>{name}</code>{needed}</th><td>{kind}</td><td>{meaning}</td></tr>"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_cannot_become_markup() {
        assert_eq!(
            prose("a <b> `c & \"d\"`\n\ne"),
            "<p>a &lt;b&gt; <code>c &amp; &quot;d&quot;</code></p><p>e</p>"
        );
        let hostile = json!({"type": "string", "format": "<script>"});
        assert_eq!(kind(&hostile), "text (&lt;script&gt;)");
    }

    #[test]
    fn a_schema_is_said_in_words() {
        for (schema, words) in [
            (json!({"$ref": "#/components/schemas/Run"}), "<a href=\"#type-Run\">Run</a>"),
            (json!({"type": ["string", "null"], "format": "date"}), "text (date) or null"),
            (
                json!({"type": "array", "items": {"type": "integer"}, "maxItems": 5}),
                "list of integer (entries: at most <code>5</code>)",
            ),
            (
                json!({"oneOf": [{"type": "null"}, {"enum": ["a", "b"]}]}),
                "null or <code>a</code>, <code>b</code>",
            ),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "object of text"),
            (json!({}), "anything"),
        ] {
            assert_eq!(kind(&schema), words);
        }
    }
}
