//! The host, the company and the preferences.

use super::super::company_file::CompanyFile;
use super::ProcessorOptions;
use super::answer::{Answer, Message, Status};
use super::ret::{Ret, Wanted};
use super::rows::Rows;

pub(super) fn host_ret(options: &ProcessorOptions, capacity: bool, wanted: &Wanted) -> String {
    let mut out = String::new();
    Ret::write("HostRet", wanted, &mut out, |ret| {
        ret.text("ProductName", &options.product_name);
        ret.text("MajorVersion", 24);
        ret.text("MinorVersion", 0);
        ret.text_since(3, "Country", &options.country);
        for version in &options.supported {
            ret.text("SupportedQBXMLVersion", version);
        }
        ret.text_since(3, "IsAutomaticLogin", false);
        ret.text_since(3, "QBFileMode", "SingleUser");
        if capacity {
            ret.group_since(6, "ListMetaData", |lists| {
                lists.group("EntityMetaData", |entity| entity.text("MaxCapacity", 14_500));
            });
        }
    });
    out
}

pub(super) fn company_ret(file: &CompanyFile, wanted: &Wanted) -> String {
    let mut out = String::new();
    Ret::write("CompanyRet", wanted, &mut out, |ret| {
        ret.text_since(3, "IsSampleCompany", false);
        ret.text("CompanyName", &file.company_name);
        ret.text("LegalCompanyName", &file.company_name);
        ret.group("Address", |address| {
            address.text("Addr1", "1 Simulation Way");
            address.text("City", "Bayshore");
            address.text("State", "CA");
            address.text("PostalCode", "94326");
            address.text("Country", "US");
        });
        ret.text("Phone", "(555) 555-0100");
        ret.text("Email", "office@example.com");
        ret.text("FirstMonthFiscalYear", "January");
        ret.text("FirstMonthIncomeTaxYear", "January");
        ret.text("CompanyType", "GeneralConstruction");
        // Not a number that the tax office gives out.
        ret.text("EIN", "00-0000000");
        for owner in ret.owner_ids() {
            if let Some(file_id) = file.file_id(owner) {
                data_ext(ret, owner, "FileID", file_id);
            }
            // The Web Connector's own lock on the company, in .NET ticks.
            data_ext(ret, owner, "AppLock", &format!("LOCKED:SIMULATOR:{}", ticks(file)));
        }
    });
    out
}

fn data_ext(ret: &mut Ret<'_>, owner: &str, name: &str, value: &str) {
    ret.group_since(2, "DataExtRet", |ext| {
        ext.text("OwnerID", owner);
        ext.text("DataExtName", name);
        ext.text("DataExtType", "STR255TYPE");
        ext.text("DataExtValue", value);
    });
}

/// 100 ns since year 1.
fn ticks(file: &CompanyFile) -> i64 {
    (file.now().timestamp() + 62_135_596_800) * 10_000_000
}

pub(super) fn host_company_preferences(
    options: &ProcessorOptions,
    file: &CompanyFile,
    owner_id: &str,
) -> Answer {
    let wanted =
        Wanted { include: Vec::new(), owner_ids: vec![owner_id.to_owned()], version: options.highest() };
    let message = |name: &str, id: u32, text: String| Message {
        name: name.to_owned(),
        request_id: Some(id.to_string()),
        status: Status::ok(),
        ret_count: None,
        remaining: None,
        iterator_id: None,
        rows: Rows::Written(text),
        wanted: wanted.clone(),
    };
    Answer::new(vec![
        message("HostQueryRs", 0, host_ret(options, false, &wanted)),
        message("CompanyQueryRs", 1, company_ret(file, &wanted)),
        message("PreferencesQueryRs", 2, preferences_ret(options, &wanted)),
    ])
}

fn preferences_ret(options: &ProcessorOptions, wanted: &Wanted) -> String {
    let mut out = String::new();
    Ret::write("PreferencesRet", wanted, &mut out, |ret| {
        ret.group("AccountingPreferences", |preferences| {
            preferences.text("IsUsingAccountNumbers", false);
            preferences.text("IsRequiringAccounts", true);
            preferences.text("IsUsingClassTracking", true);
            preferences.text("IsUsingAuditTrail", true);
            preferences.text("IsAssigningJournalEntryNumbers", true);
        });
        ret.group("TimeTrackingPreferences", |preferences| {
            preferences.text("FirstDayOfWeek", "Monday");
        });
        ret.group("CurrentAppAccessRights", |rights| {
            rights.text("IsAutomaticLoginAllowed", false);
            rights.text("IsPersonalDataAccessAllowed", options.personal_data_allowed);
        });
    });
    out
}
