//! Text for people: tables, times, and protection against control characters.

use chrono::{DateTime, SecondsFormat, Utc};

/// Replaces control characters except line breaks: a name from elsewhere must not control the terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// A time to the second, in UTC; a dash where there is none.
pub(super) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "-".into(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Wraps text in lines of at most `width` characters, unless a word is longer, each after `indent`.
pub(super) fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &&mut String| line.chars().count() + 1 + word.chars().count() <= width;
        match lines.last_mut().filter(fits) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

pub(super) fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.into()
}

/// A table with aligned columns; `empty` if there are no rows.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>, empty: &str) -> String {
    if rows.is_empty() {
        return format!("{empty}\n");
    }
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned))
        .chain(rows)
        .map(|row| row.map(|cell| cell_of(&cell)))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A list of names and values, aligned.
pub(super) fn fields(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    pairs.iter().map(|(name, value)| format!("{name:<width$}  {}\n", cell_of(value))).collect()
}

fn cell_of(text: &str) -> String {
    if text.is_empty() { "-".into() } else { plain(text).replace('\n', " ") }
}

#[cfg(test)]
mod tests {
    use super::{fields, table};

    #[test]
    fn columns_are_aligned_by_characters_and_hold_no_escape() {
        let rows = vec![["Zoë".to_owned(), "1".to_owned()], ["A\u{1b}[2J".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "N"], rows, "none"), "NAME   N\nZoë    1\nA\u{fffd}[2J  -\n");
        assert_eq!(table(["NAME"], vec![], "There are none."), "There are none.\n");
        assert_eq!(fields(&[("id", "x".into()), ("name", "a\nb".into())]), "id    x\nname  a b\n");
    }
}
