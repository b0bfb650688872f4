//! `CustomerRet`, in the order of the schema.

use super::super::entry::{BillAddress, List, ListEntry};
use super::ret::{Ret, Wanted};
use super::rows::date_time;
use crate::simulators::people::{draw, pick};

const NOTES: [&str; 3] = [
    "Gate code: ask.\nDog is called \"Rex & Co\".\n\nPays on the 15th – always late.",
    "Invoice to Mrs. O'Neil <accounts>",
    "Zahlt bar.\nÖffnungszeiten 8–17 h",
];

pub(super) fn write(entry: &ListEntry, seed: u64, index: u64, wanted: &Wanted, out: &mut String) {
    let number = draw(seed, List::Customer, index, 5);
    Ret::write("CustomerRet", wanted, out, |ret| {
        ret.text("ListID", &entry.list_id);
        ret.text("TimeCreated", date_time(&entry.time_created));
        ret.text("TimeModified", date_time(&entry.time_modified));
        ret.text("EditSequence", &entry.edit_sequence);
        ret.text("Name", &entry.name);
        ret.text("FullName", &entry.full_name);
        ret.text("IsActive", entry.active);
        if let (Some(id), Some(name)) = (&entry.parent_list_id, &entry.parent_full_name) {
            ret.reference("ParentRef", id, name);
        }
        ret.text("Sublevel", entry.sublevel);
        ret.maybe("CompanyName", entry.company_name.as_ref());
        ret.maybe("FirstName", entry.first_name.as_ref());
        ret.maybe("MiddleName", entry.middle_name.as_ref());
        ret.maybe("LastName", entry.last_name.as_ref());
        ret.maybe_since(12, "JobTitle", entry.job_title.as_ref());
        if let Some(address) = &entry.bill_address {
            bill_address(ret, address);
        }
        ret.maybe("Phone", entry.phone.as_ref());
        ret.maybe("Email", entry.email.as_ref());
        ret.maybe_since(12, "Cc", index.is_multiple_of(40).then_some("cc@example.net"));
        contacts(ret, entry);
        ret.reference("TermsRef", "20000-933272658", "Net 30");
        ret.text("Balance", format!("{}.{:02}", number % 5000, number % 100));
        ret.text("TotalBalance", format!("{}.{:02}", number % 5000, number % 100));
        ret.maybe("ResaleNumber", index.is_multiple_of(9).then_some("FAKE-000"));
        ret.maybe("AccountNumber", entry.number.as_ref());
        if index % 20 == 2 {
            card(ret, entry);
        }
        ret.text("JobStatus", if entry.sublevel > 0 { "InProgress" } else { "None" });
        ret.maybe("JobDesc", entry.job_desc.as_ref());
        if index % 7 == 2 {
            ret.text("Notes", pick(&NOTES, index / 7));
        }
        // «Mail» is what QuickBooks really says, though the schema's list has no such word.
        let delivery = if index % 12 == 11 { "Mail" } else { "Email" };
        ret.text_since(12, "PreferredDeliveryMethod", delivery);
    });
}

fn bill_address(ret: &mut Ret<'_>, address: &BillAddress) {
    let lines = || (1..).zip(&address.lines);
    ret.group("BillAddress", |group| {
        lines().for_each(|(number, line)| group.text(&format!("Addr{number}"), line));
        group.text("City", &address.city);
        group.text("State", &address.state);
        group.text("PostalCode", &address.postal_code);
        group.maybe("Country", address.country.as_ref());
        group.text("Note", "Ring the bell twice");
    });
    // The same once more, as it is printed.
    ret.group_since(6, "BillAddressBlock", |block| {
        lines().for_each(|(number, line)| block.text(&format!("Addr{number}"), line));
    });
    ret.group("ShipAddress", |group| group.text("City", "Elsewhere on Sea"));
}

fn contacts(ret: &mut Ret<'_>, entry: &ListEntry) {
    if let Some(email) = &entry.email {
        ret.group_since(12, "AdditionalContactRef", |contact| {
            contact.text("ContactName", "Main Email");
            contact.text("ContactValue", email);
        });
    }
    let (Some(first), Some(last)) = (&entry.first_name, &entry.last_name) else { return };
    // A nested ListID, name and e-mail: not those of the customer.
    ret.group_since(12, "ContactsRet", |contact| {
        contact.text("ListID", format!("contact-of-{}", &entry.edit_sequence));
        contact.text("TimeCreated", date_time(&entry.time_created));
        contact.text("TimeModified", date_time(&entry.time_modified));
        contact.text("EditSequence", &entry.edit_sequence);
        contact.text("FirstName", first);
        contact.text("LastName", last);
        contact.group("AdditionalContactRef", |value| {
            value.text("ContactName", "Other 1");
            value.text("ContactValue", "someone-else@example.org");
        });
    });
}

fn card(ret: &mut Ret<'_>, entry: &ListEntry) {
    ret.group_since(3, "CreditCardInfo", |card| {
        // No issuer begins with 0.
        card.text("CreditCardNumber", "0000 0000 0000 0000");
        card.text("ExpirationMonth", 1);
        card.text("ExpirationYear", 1999);
        card.text("NameOnCard", entry.name.chars().take(41).collect::<String>());
    });
}
