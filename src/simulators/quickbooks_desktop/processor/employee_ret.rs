//! `EmployeeRet`, in the order of the schema. What is sensitive is plainly made up, and there so that a gateway that
//! asks for everything can be caught keeping it.

use super::super::entry::{List, ListEntry};
use super::ret::{Ret, Wanted};
use super::rows::date_time;
use crate::simulators::people::{draw, pick};

const NOTES: [&str; 4] = [
    "Prefers \"Bob\".\nKeys: front & back; don't lend.\n\nSee file #12 <blue folder>.",
    "Allergic to nuts – naïve about ladders.\nReview in May.",
    "Line 1\nLine 2\nLine 3 with a tab\there, and 5 > 4.",
    "☎ call first",
];

pub(super) fn write(entry: &ListEntry, seed: u64, index: u64, wanted: &Wanted, out: &mut String) {
    let number = draw(seed, List::Employee, index, 5);
    Ret::write("EmployeeRet", wanted, out, |ret| {
        ret.text("ListID", &entry.list_id);
        ret.text("TimeCreated", date_time(&entry.time_created));
        ret.text("TimeModified", date_time(&entry.time_modified));
        ret.text("EditSequence", &entry.edit_sequence);
        ret.text("Name", &entry.name);
        ret.text("IsActive", entry.active);
        ret.maybe("Salutation", index.is_multiple_of(6).then_some("Mx."));
        ret.maybe("FirstName", entry.first_name.as_ref());
        ret.maybe("MiddleName", entry.middle_name.as_ref());
        ret.maybe("LastName", entry.last_name.as_ref());
        ret.maybe_since(12, "JobTitle", entry.job_title.as_ref());
        ret.maybe_since(13, "Department", entry.department.as_ref());
        ret.text_since(13, "TargetBonus", format!("{}.00", number % 9000));
        ret.group("EmployeeAddress", |address| {
            address.text("Addr1", format!("{} Fictional Street", index % 900 + 1));
            address.text("City", "Middlefield");
            address.text("State", "CA");
            address.text("PostalCode", "94482");
        });
        ret.text("PrintAs", &entry.name);
        ret.maybe("Phone", entry.phone.as_ref());
        // 000 is an area that was never given out.
        ret.text_since(2, "SSN", format!("000-00-{:04}", index % 10_000));
        ret.maybe("Email", entry.email.as_ref());
        additional_contact(ret, entry);
        ret.group_since(13, "EmergencyContacts", |contacts| {
            contacts.group("PrimaryContact", |contact| {
                contact.text("ContactName", "Fictional Relative");
                contact.text("ContactValue", "(555) 555-0199");
                contact.text("Relation", "Friend");
            });
        });
        ret.text("EmployeeType", "Regular");
        ret.text("Gender", if number.is_multiple_of(2) { "Female" } else { "Male" });
        ret.maybe("HiredDate", entry.hired_on);
        ret.maybe("ReleasedDate", entry.released_on);
        ret.text_since(2, "BirthDate", format!("19{:02}-01-{:02}", 50 + number % 49, number % 28 + 1));
        ret.text_since(13, "Ethnicity", "TwoOrMoreRaces");
        ret.text_since(13, "Disabled", "No");
        ret.maybe("AccountNumber", entry.number.as_ref());
        if index.is_multiple_of(5) {
            ret.text_since(2, "Notes", pick(&NOTES, index / 5));
        }
        payroll(ret, number);
        ret.text_since(8, "ExternalGUID", "{00000000-0000-4000-8000-000000000000}");
    });
}

fn additional_contact(ret: &mut Ret<'_>, entry: &ListEntry) {
    for (name, value) in [("Main Phone", &entry.phone), ("Main Email", &entry.email)] {
        let Some(value) = value else { continue };
        ret.group_since(12, "AdditionalContactRef", |contact| {
            contact.text("ContactName", name);
            contact.text("ContactValue", value);
        });
    }
}

/// Pay, and (not in the schema, but seen in real responses) tax and bank details.
fn payroll(ret: &mut Ret<'_>, number: u64) {
    ret.group_since(2, "EmployeePayrollInfo", |info| {
        info.text("PayPeriod", "Biweekly");
        info.group("Earnings", |earnings| {
            earnings.reference("PayrollItemWageRef", "80000009-1446673900", "Fake Hourly");
            earnings.text("Rate", format!("{}.50", 10 + number % 50));
        });
        info.group("SickHours", |hours| {
            hours.text("HoursAvailable", "PT8H0M0S");
            hours.text("AccrualPeriod", "BeginningOfYear");
        });
    });
    ret.group("EmployeeTaxInfo", |tax| tax.text("StateLived", "CA"));
    ret.group("EmployeeDirectDepositAccount", |account| {
        account.text("BankName", "Fictional Bank");
        account.text("RoutingNumber", "000000000");
        account.text("AccountNumber", format!("0000{:06}", number % 1_000_000));
    });
}
