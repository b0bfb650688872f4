//! `CustomerRet`, in the order of the schema.

use super::super::entry::{List, ListEntry};
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
        ret.group("BillAddress", |address| address_of(address, entry, index));
        ret.group_since(6, "BillAddressBlock", |block| {
            block.text("Addr1", &entry.name);
            block.text("Addr2", format!("{} Invented Road", index % 700 + 1));
        });
        ret.maybe("Phone", entry.phone.as_ref());
        ret.maybe("Email", entry.email.as_ref());
        ret.maybe_since(12, "Cc", index.is_multiple_of(40).then_some("cc@example.net"));
        contacts(ret, entry);
        ret.reference("TermsRef", "20000-933272658", "Net 30");
        ret.text("Balance", format!("{}.{:02}", number % 5000, number % 100));
        ret.text("TotalBalance", format!("{}.{:02}", number % 5000, number % 100));
        ret.maybe("ResaleNumber", index.is_multiple_of(9).then_some("FAKE-000"));
        if index % 20 == 2 {
            card(ret, entry);
        }
        ret.text("JobStatus", if entry.sublevel > 0 { "InProgress" } else { "None" });
        if index % 7 == 2 {
            ret.text("Notes", pick(&NOTES, index / 7));
        }
        // «Mail» is what QuickBooks really says, though the schema's list has no such word.
        let delivery = if index % 12 == 11 { "Mail" } else { "Email" };
        ret.text_since(12, "PreferredDeliveryMethod", delivery);
    });
}

fn address_of(address: &mut Ret<'_>, entry: &ListEntry, index: u64) {
    // Up to 41 characters.
    address.text("Addr1", entry.name.chars().take(41).collect::<String>());
    address.text("Addr2", format!("{} Invented Road", index % 700 + 1));
    address.text("City", "San Tomás");
    address.text("State", "CA");
    address.text("PostalCode", "94432");
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
