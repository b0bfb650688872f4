//! The rule that holds a run whose absences look like a mistake, and what is known about who is absent.

/// What is known about who is gone from a list, after it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// The whole list has arrived: a record that is not in it is gone.
    NotSeen,
    /// The source named these external IDs as deleted.
    Named(Vec<String>),
    /// Nothing, although everything was read: some records in the source's list could not be told apart from those that
    /// are gone.
    Unjudged,
    /// Nothing: the list may not be whole.
    Unknown,
}

/// Whether so many absences look like a mistake: more than the greater of five rows and a tenth of the rows that
/// were present before, or all of two or more (promise 3).
pub fn is_mass_absence(present_before: u64, absent: u64) -> bool {
    absent > (present_before / 10).max(5) || (absent >= 2 && absent >= present_before)
}

#[cfg(test)]
mod tests {
    use super::is_mass_absence;

    #[test]
    fn five_rows_or_a_tenth_may_leave_without_a_question() {
        assert!(!is_mass_absence(6, 5));
        assert!(is_mass_absence(6, 6));
        assert!(!is_mass_absence(100, 10));
        assert!(is_mass_absence(100, 11));
        assert!(!is_mass_absence(109, 10));
        assert!(is_mass_absence(109, 11));
        assert!(!is_mass_absence(0, 0));
    }

    #[test]
    fn a_list_of_two_or_more_is_not_emptied_without_a_question() {
        for all in 2..=5 {
            assert!(is_mass_absence(all, all));
            assert!(!is_mass_absence(all, all - 1));
        }
        assert!(!is_mass_absence(1, 1));
    }
}
