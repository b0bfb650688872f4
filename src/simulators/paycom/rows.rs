//! What the directory, the list of codes and the master record tell. The same fact has different names in them (Guide).

use serde_json::{Value, json};

use super::{
    wire::{date, number, text},
    world::{Change, PaycomEmployee},
};
use crate::simulators::{people::draw, quickbooks_desktop::List};

/// A value that must never be staged: a test can look for the mark.
fn secret(what: &str, one: &PaycomEmployee) -> String {
    format!("SECRET-{what}-{}", one.eecode)
}

/// `LAST, FIRST M`.
fn whole_name(one: &PaycomEmployee) -> String {
    let initial = one.middle_name.as_deref().and_then(|name| name.chars().next());
    match initial {
        Some(initial) => format!("{}, {} {initial}", one.last_name, one.first_name),
        None => format!("{}, {}", one.last_name, one.first_name),
    }
}

/// A row of `employeedirectory`: many fields, and no e-mail.
pub(super) fn directory(seed: u64, index: u64, one: &PaycomEmployee) -> Value {
    let odd = draw(seed, List::Employee, index, 61);
    json!({
        "eecode": one.eecode,
        "eename": whole_name(one),
        "firstname": one.first_name,
        "lastname": one.last_name,
        "middlename": text(one.middle_name.as_deref()),
        "preferred_first_name": text(one.nickname.as_deref()),
        "gender": "1",
        "streetaddr": secret("STREET", one),
        "apt_suite_other": "",
        "cityaddr": secret("CITY", one),
        "zipcode": secret("ZIP", one),
        "homestate": "OK",
        "homephone": secret("HOMEPHONE", one),
        "eestatus": one.status.to_string(),
        "eebadge": number(140_000 + index, odd.is_multiple_of(2)),
        "clockseq": number(8_765_000 + index, odd.is_multiple_of(3)),
        "deptcode": one.department_code,
        "deptdesc": format!("Department {}", one.department_code),
        "cat1": "1",
        "cat1desc": "1",
        "country_paid_in": "USA",
    })
}

/// A row of `employeeid`.
pub(super) fn id(one: &PaycomEmployee) -> Value {
    json!({ "eecode": one.eecode, "firstname": one.first_name, "lastname": one.last_name })
}

/// The master record, with everything that should be dropped.
pub(super) fn detail(seed: u64, index: u64, one: &PaycomEmployee) -> Value {
    let odd = |salt| draw(seed, List::Employee, index, salt);
    let mut row = json!({
        "employee_code": one.eecode,
        "employee_name": whole_name(one),
        "firstname": one.first_name,
        "lastname": one.last_name,
        "middlename": text(one.middle_name.as_deref()),
        "nickname": text(one.nickname.as_deref()),
        "preferred_first_name": text(one.nickname.as_deref()),
        "employee_status": one.status.to_string(),
        "work_email": text(one.work_email.as_deref()),
        "personal_email": text(one.personal_email.as_deref()),
        "primary_phone": text(one.phone.as_deref()),
        "primary_phone_type": "Cell",
        "hire_date": date(Some(one.hired_on), odd(71)),
        "rehire_date": date(one.rehired_on, odd(72)),
        "termination_date": date(one.terminated_on, odd(73)),
        "previous_termination_date": date(None, odd(74)),
        "employee_added": date(Some(one.hired_on), odd(75)),
        "department_code": one.department_code,
        "department_description": format!("Department {}", one.department_code),
        "position_title": text(one.title.as_deref()),
        "business_title": text(one.title.as_deref()),
        "employee_badge": number(140_000 + index, odd(76).is_multiple_of(2)),
        "clockseq": number(8_765_000 + index, odd(77).is_multiple_of(2)),
        "supervisor_primary_code": number(odd(78) % 900, odd(79).is_multiple_of(2)),
    });
    if let Some(fields) = row.as_object_mut() {
        for field in
            ["ssn", "pay_rate", "bank_account", "birth_date", "ethnicity", "streetaddr", "annual_salary"]
        {
            fields.insert(field.to_owned(), json!(secret(&field.to_uppercase(), one)));
        }
    }
    row
}

/// An entry of the field-level log of changes.
pub(super) fn change(change: &Change) -> Value {
    json!({
        "changedby": "simulation",
        "changedesc": change.description,
        "changetime": change.at.with_timezone(&chrono_tz::America::Chicago).to_rfc3339(),
        "changetype": "U",
        "childcode": "",
        "eecode": change.eecode,
        "old_value": change.old,
        "new_value": change.new,
        "notes": "",
        "usetype": 1,
    })
}
