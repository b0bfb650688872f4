//! The page: routes by subject, then the types that they name.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::types::{description, escaped, kind, members, prose, row};

/// One route and method.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    says: &'a Value,
}

impl Operation<'_> {
    fn text(&self, name: &str) -> &str {
        self.says.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_of(&self, tag: &str) -> bool {
        self.says.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(|it| it == tag))
    }
}

/// The page of an OpenAPI document, as HTML.
pub fn render(document: &Value) -> String {
    let nothing = Map::new();
    let object = |at: &str| document.pointer(at).and_then(Value::as_object).unwrap_or(&nothing);
    let text = |at: &str| document.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (title, types) = (escaped(text("/info/title")), object("/components/schemas"));
    let tags = document.get("tags").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let tags: Vec<(&str, &str)> =
        tags.iter().filter_map(|tag| Some((tag.get("name")?.as_str()?, description(tag)))).collect();
    let operations = operations(object("/paths"));

    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>The API of {title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\
         <body><header><h1>The API of {title}</h1>{}{}</header><nav aria-label=\"Subjects\"><ul>",
        prose(text("/info/description")),
        prose(USE)
    );
    // Writing to a `String` cannot fail: so it is below.
    for (tag, _) in &tags {
        let _ = write!(html, "<li><a href=\"#{0}\">{0}</a></li>", escaped(tag));
    }
    html.push_str("<li><a href=\"#types\">types</a></li></ul></nav><main>");
    for (tag, meaning) in &tags {
        let _ = write!(html, "<section id=\"{0}\"><h2>{0}</h2>{1}", escaped(tag), prose(meaning));
        operations
            .iter()
            .filter(|operation| operation.is_of(tag))
            .for_each(|operation| show(&mut html, operation));
        html.push_str("</section>");
    }
    html.push_str("<section id=\"types\"><h2>types</h2>");
    for (name, schema) in types {
        let _ = write!(
            html,
            "<article id=\"type-{0}\"><h3>{0}</h3>{1}",
            escaped(name),
            prose(description(schema))
        );
        html.push_str(&if schema.get("properties").is_some() { members(schema) } else { kind(schema) });
        html.push_str("</article>");
    }
    html + "</section></main></body></html>"
}

const USE: &str = "Each request carries a token: `curl --header \"Authorization: Bearer $TOKEN\" …`. `rollcall app add` \
    makes one. For programs the same stands at `/openapi.json`, and `rollcall openapi` prints it.";

fn operations(paths: &Map<String, Value>) -> Vec<Operation<'_>> {
    let methods = ["get", "put", "post", "patch", "delete"];
    paths
        .iter()
        .flat_map(|(path, item)| {
            methods.into_iter().filter_map(move |method| {
                Some(Operation { method, path: path.as_str(), says: item.get(method)? })
            })
        })
        .collect()
}

fn show(html: &mut String, operation: &Operation<'_>) {
    let (method, path) = (operation.method, escaped(operation.path));
    let _ = write!(
        html,
        "<details id=\"{}\"><summary><b>{}</b> <code>{path}</code> {}</summary>{}",
        escaped(operation.text("operationId")),
        method.to_uppercase(),
        escaped(operation.text("summary")),
        prose(operation.text("description"))
    );
    let parameters =
        operation.says.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !parameters.is_empty() {
        html.push_str("<h4>Parameters</h4><table>");
        for parameter in parameters {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
            let required = parameter.get("required") == Some(&Value::Bool(true));
            let kind = parameter.get("schema").map(kind).unwrap_or_default();
            row(
                html,
                text("name"),
                required,
                &format!("{kind}, in the {}", escaped(text("in"))),
                text("description"),
            );
        }
        html.push_str("</table>");
    }
    if let Some(body) = operation.says.get("requestBody") {
        let _ = write!(html, "<h4>Body</h4><p>{}</p>{}", content(body), prose(description(body)));
    }
    if let Some(responses) = operation.says.get("responses").and_then(Value::as_object) {
        html.push_str("<h4>Answers</h4><table>");
        for (status, response) in responses {
            row(html, status, false, &content(response), description(response));
        }
        html.push_str("</table>");
    }
    html.push_str("</details>");
}

/// What a body is, in each of its media types.
fn content(of: &Value) -> String {
    let Some(media) = of.get("content").and_then(Value::as_object) else { return String::new() };
    let said = media.iter().map(|(media_type, media)| {
        let kind = media.get("schema").map(kind).unwrap_or_default();
        format!("{kind} as <code>{}</code>", escaped(media_type))
    });
    said.collect::<Vec<_>>().join(" or ")
}
