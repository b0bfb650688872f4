//! Why the file of a SQLite database cannot be opened or made, as the system tells it: SQLite says only that it is unable to.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// What stands in the way. `why` is in the system's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("its folder {0:?} is not there")]
    NoFolder(PathBuf),
    /// It may be there or not.
    #[error("{path:?} cannot be looked into: {why}")]
    Hidden { path: PathBuf, why: String },
    #[error("{0:?} is no file")]
    NoFile(PathBuf),
    #[error("{path:?} cannot be read: {why}")]
    Unreadable { path: PathBuf, why: String },
    #[error("nothing can be written in its folder {folder:?}, where SQLite keeps more files of it: {why}")]
    Closed { folder: PathBuf, why: String },
}

/// What keeps the file from being opened, or made where it is not there; `None` where nothing does.
pub fn file_problem(file: &Path) -> Option<FileProblem> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let hidden = |path: &Path, error: std::io::Error| FileProblem::Hidden {
        path: path.to_owned(),
        why: error.to_string(),
    };
    match fs::metadata(&folder) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(FileProblem::NoFolder(folder)),
        Err(error) => return Some(hidden(&folder, error)),
    }
    match fs::metadata(file) {
        Ok(data) if !data.is_file() => return Some(FileProblem::NoFile(file.to_owned())),
        Ok(_) => {
            if let Err(error) = File::open(file) {
                return Some(FileProblem::Unreadable { path: file.to_owned(), why: error.to_string() });
            }
        }
        // It is to be made.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Some(hidden(file, error)),
    }
    // Gone again at once.
    let closed = tempfile::tempfile_in(&folder).err();
    closed.map(|error| FileProblem::Closed { folder, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_cannot_be_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert_eq!(file_problem(&at("new.db")), None);
        assert_eq!(file_problem(&at("none/new.db")), Some(FileProblem::NoFolder(at("none"))));
        assert_eq!(file_problem(folder.path()), Some(FileProblem::NoFile(folder.path().to_owned())));
        // Nobody gets through a file, whatever rights they have.
        fs::write(at("file"), "").unwrap();
        let through = file_problem(&at("file/x/new.db"));
        assert!(
            matches!(&through, Some(FileProblem::Hidden { path, .. }) if *path == at("file/x")),
            "{through:?}"
        );
    }
}
