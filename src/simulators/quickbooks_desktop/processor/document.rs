//! Text as QuickBooks writes it.

/// Appends text of an element or an attribute: the five entities by name, everything beyond ASCII as a numeric
/// reference (as in captured responses), line ends as they are.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' | ' '..='~' => out.push(character),
            // XML 1.0 has no way to write the other control characters.
            '\0'..' ' => out.push('?'),
            other => out.push_str(&format!("&#{};", u32::from(other))),
        }
    }
}

/// Appends ` name="value"`.
pub(super) fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(value, out);
    out.push('"');
}
