//! Paycom's employees to staged records: their words to ours.

use chrono::NaiveDate;

use crate::{
    connectors::dates::date,
    domain::{email::email, number::number, record::Record, words::List},
};

use super::wire::{Row, Text};

/// An employee, by the code of its own row, which may be spelled otherwise than what was asked for; `today` is
/// Paycom's. Names stay in capitals, as Paycom keeps them. The directory's `homephone` is left out: it is where
/// somebody lives.
pub fn record(row: &Row, today: NaiveDate) -> Record {
    let text = |text: &Text| text.get().map(str::to_owned);
    let ended = row.has_ended(today);
    let day = |text: &Text| text.get().and_then(date);
    let code = row.code().unwrap_or_default();
    Record {
        external_id: code.to_owned(),
        // People know each other by their codes.
        number: number(List::Employee, code.to_owned()),
        name: name(code, row),
        first_name: text(&row.firstname),
        middle_name: text(&row.middlename),
        last_name: text(&row.lastname),
        email: [&row.work_email, &row.personal_email].into_iter().find_map(|text| email(text.get()?)),
        phone: row.phone().map(str::to_owned),
        job_title: text(&row.position_title).or_else(|| text(&row.business_title)),
        department: row.department().map(str::to_owned),
        active: !ended,
        // Who came back has both dates, and the later one counts; `None` is less than any date.
        hired_on: day(&row.hire_date).max(day(&row.rehire_date)),
        // Who came back keeps the old termination date: it counts only for who is gone.
        released_on: day(&row.termination_date).filter(|_| ended),
        releases_on: row.ends_on().filter(|_| !ended),
        ..Record::default()
    }
}

/// As Paycom shows it, `LAST, FIRST`; the code where it gives no name at all.
fn name(code: &str, row: &Row) -> String {
    if let Some(name) = row.name() {
        return name.to_owned();
    }
    match (row.lastname.get(), row.firstname.get()) {
        (Some(last), Some(first)) => format!("{last}, {first}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::connectors::paycom::wire::answer;

    const DETAIL: &str = include_str!("../../../fixtures/paycom/employee.json");
    const DIRECTORY: &str = include_str!("../../../fixtures/paycom/employeedirectory.json");

    fn records(body: &str) -> Vec<Record> {
        let rows: Vec<Row> = answer(body.as_bytes()).unwrap().rows;
        rows.iter().map(|row| record(row, "2026-03-06".parse().unwrap())).collect()
    }

    fn only(row: serde_json::Value) -> Record {
        records(&serde_json::json!({"result": true, "data": [row]}).to_string()).remove(0)
    }

    #[test]
    fn a_detail_is_staged_in_our_words() {
        let expected = Record {
            external_id: "Z9Q4".into(),
            number: Some("Z9Q4".into()),
            name: "OKONKWO, IFEOMA T".into(),
            first_name: Some("IFEOMA".into()),
            middle_name: Some("T".into()),
            last_name: Some("OKONKWO".into()),
            email: Some("ifeoma.okonkwo@harbor.example".into()),
            phone: Some("5550142".into()),
            job_title: Some("Dock Supervisor".into()),
            department: Some("400".into()),
            active: true,
            hired_on: NaiveDate::from_ymd_opt(2023, 3, 6),
            ..Record::default()
        };
        assert_eq!(records(DETAIL), [expected]);
    }

    #[test]
    fn the_directory_has_names_and_statuses_and_no_home_phone() {
        let rows = records(DIRECTORY);
        let seen: Vec<_> =
            rows.iter().map(|row| (row.external_id.as_str(), row.name.as_str(), row.active)).collect();
        assert_eq!(
            seen,
            [
                ("Z9Q4", "OKONKWO, IFEOMA T", true),
                ("1207", "LINDQVIST, BO", false),
                ("Z9Q6", "MARSH, ADA", true)
            ]
        );
        assert!(rows.iter().all(|row| row.phone.is_none() && row.email.is_none()));
    }

    #[test]
    fn a_department_is_called_by_its_name_and_else_by_its_code() {
        let department = |row: serde_json::Value| only(row).department;
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(records(DIRECTORY)[0].department, some("Docks"));
        for (row, told) in [
            (
                serde_json::json!({"eecode": "A1", "department_code": 400, "department_description": "Docks"}),
                some("Docks"),
            ),
            (
                serde_json::json!({"eecode": "A1", "department_code": 400, "department_description": " "}),
                some("400"),
            ),
            (serde_json::json!({"eecode": "A1", "deptcode": "7"}), some("7")),
            (serde_json::json!({"eecode": "A1"}), None),
        ] {
            assert_eq!(department(row.clone()), told, "{row}");
        }
    }

    #[test]
    fn what_is_sensitive_never_gets_into_a_record() {
        for body in [DETAIL, DIRECTORY] {
            let staged = serde_json::to_string(&records(body)).unwrap();
            for secret in [
                "900-00",
                "1979",
                "PIER ROAD",
                "88210",
                "061",
                "41.25",
                "SENSITIVE",
                "HISP",
                "5559",
                "homephone",
            ] {
                assert!(!staged.contains(secret), "{secret} in {staged}");
            }
        }
    }

    #[test]
    fn who_came_back_was_hired_last_and_is_not_released() {
        let row = |status: &str| {
            only(serde_json::json!({
                "employee_code": "A1", "employee_status": status, "hire_date": "01/02/2015",
                "rehire_date": "2020-03-04T00:00:00-06:00", "termination_date": "2019-05-06",
            }))
        };
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d);
        assert_eq!((row("A").hired_on, row("A").released_on), (day(2020, 3, 4), None));
        assert_eq!((row("T").active, row("T").released_on), (false, day(2019, 5, 6)));
        let first = only(
            serde_json::json!({"employee_code": "A1", "hire_date": "2015-01-02", "rehire_date": "0000-00-00"}),
        );
        assert_eq!(first.hired_on, day(2015, 1, 2));
    }

    #[test]
    fn of_several_addresses_the_first_is_the_e_mail() {
        let email = |work: &str, own: &str| {
            only(serde_json::json!({"eecode": "A1", "work_email": work, "personal_email": own})).email
        };
        assert_eq!(email("a@x.com; b@y.com", "c@z.com").as_deref(), Some("a@x.com"));
        assert_eq!(email("N/A", "none@; c@z.com").as_deref(), Some("c@z.com"));
        assert_eq!(email("none@", "N/A"), None);
    }

    #[test]
    fn a_termination_that_has_passed_ends_an_employment_unless_a_rehire_came_after_it() {
        let row = |ends: &str, rehired: &str| {
            let row = serde_json::json!({
                "employee_code": "A1", "employee_status": "A", "termination_date": ends, "rehire_date": rehired,
            });
            let one = only(row);
            assert_eq!(one.releases_on.is_some(), one.active && ends > "2026-03-05", "{ends} {rehired}");
            (one.active, one.released_on.is_some())
        };
        // It is the 6th of March.
        assert_eq!(row("2026-03-05", ""), (false, true));
        assert_eq!(row("03/05/2026", "2026-03-04"), (false, true));
        assert_eq!(row("2026-03-05", "2026-03-05"), (true, false));
        assert_eq!(row("2026-03-06", ""), (true, false), "the last day is a day of work");
        assert_eq!(row("2026-03-07", ""), (true, false));
        assert_eq!(row("2026-03-07", "2025-01-01"), (true, false));
        assert_eq!(row("0000-00-00", ""), (true, false));
    }

    #[test]
    fn a_missing_name_is_made_from_what_there_is() {
        for (row, name) in [
            (serde_json::json!({"eecode": "A1", "firstname": "BO", "lastname": "LIND"}), "LIND, BO"),
            (serde_json::json!({"eecode": "A1", "eename": " ", "lastname": "LIND"}), "LIND"),
            (serde_json::json!({"eecode": "A1", "eename": null, "firstname": "BO"}), "BO"),
            (serde_json::json!({"eecode": "A1"}), "A1"),
        ] {
            assert_eq!(only(row).name, name);
        }
        let private = only(
            serde_json::json!({"eecode": "A1", "personal_email": "a@b.example", "business_title": "Cook"}),
        );
        assert_eq!(
            (private.email.as_deref(), private.job_title.as_deref()),
            (Some("a@b.example"), Some("Cook"))
        );
    }
}
