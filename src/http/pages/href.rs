//! Addresses of ours with a query.

use url::form_urlencoded::Serializer;

/// An address that is put together: a path, and the parameters that are not empty.
#[derive(Debug, Clone)]
pub(super) struct Href {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Href {
    pub(super) fn to(path: &str) -> Self {
        Self { path: path.to_owned(), query: Vec::new() }
    }

    /// With a parameter, unless it is empty.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.query.push((name, value.to_owned()));
        }
        self
    }

    /// With what comes after `#`.
    pub(super) fn at(self, part: &str) -> String {
        format!("{}#{part}", self.done())
    }

    pub(super) fn done(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.query);
        let query = query.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::Href;

    #[test]
    fn what_stands_in_a_query_is_written_so_that_it_is_read_as_it_was() {
        let href = Href::to("/sync/employees").with("company", "").with("q", "O'Neill & Söhne #1");
        assert_eq!(href.done(), "/sync/employees?q=O%27Neill+%26+S%C3%B6hne+%231");
        assert_eq!(Href::to("/").at("main"), "/#main");
    }
}
