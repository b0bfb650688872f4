use super::super::changes::NewCustomer;
use super::super::company_file::CompanyFile;
use super::*;

fn file() -> CompanyFile {
    CompanyFile::new(7, 60, 60)
}

fn processor() -> RequestProcessor {
    RequestProcessor::begin_session(&ProcessorOptions::default(), 1)
}

fn document(version: &str, requests: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?qbxml version=\"{version}\"?>\n<QBXML><QBXMLMsgsRq onError=\"stopOnError\">{requests}</QBXMLMsgsRq></QBXML>"
    )
}

fn answer(processor: &mut RequestProcessor, file: &CompanyFile, requests: &str) -> String {
    processor.process(&document("13.0", requests), file).unwrap().to_text(file)
}

fn refusal(text: &str) -> String {
    let refusal = processor().process(text, &file()).unwrap_err();
    assert_eq!(refusal.hresult, "0x80040400");
    assert_eq!(refusal.message, "QuickBooks found an error when parsing the provided XML text stream.");
    refusal.detail
}

fn refused(requests: &str) -> String {
    refusal(&document("13.0", requests))
}

fn value<'a>(text: &'a str, attribute: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!(" {attribute}=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

/// The texts of all elements of that name.
fn texts<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("\n<{name}>"), format!("</{name}>"));
    text.split(&open).skip(1).map(|rest| rest.split_once(&close).unwrap().0).collect()
}

#[test]
fn a_response_has_the_bytes_of_quickbooks() {
    let mut file = CompanyFile::new(1, 0, 0);
    let parent =
        file.add_customer(NewCustomer { name: "Müller & O'Neil".into(), ..NewCustomer::default() }).unwrap();
    let job = NewCustomer {
        name: "\"Roof\" <2>\n—".into(),
        parent_list_id: Some(parent.clone()),
        ..NewCustomer::default()
    };
    file.add_customer(job).unwrap();
    let query = "<CustomerQueryRq requestID=\"a&amp;b\"><IncludeRetElement>FullName</IncludeRetElement><IncludeRetElement>ParentRef</IncludeRetElement></CustomerQueryRq>";
    let expected = format!(
        "<?xml version=\"1.0\" ?>
<QBXML>
<QBXMLMsgsRs>
<CustomerQueryRs requestID=\"a&amp;b\" statusCode=\"0\" statusSeverity=\"Info\" statusMessage=\"Status OK\" retCount=\"2\">
<CustomerRet>
<FullName>M&#252;ller &amp; O&apos;Neil</FullName>
</CustomerRet>
<CustomerRet>
<FullName>M&#252;ller &amp; O&apos;Neil:&quot;Roof&quot; &lt;2&gt;\n&#8212;</FullName>
<ParentRef>
<ListID>{parent}</ListID>
<FullName>M&#252;ller &amp; O&apos;Neil</FullName>
</ParentRef>
</CustomerRet>
</CustomerQueryRs>
</QBXMLMsgsRs>
</QBXML>
"
    );
    assert_eq!(answer(&mut processor(), &file, query), expected);
}

#[test]
fn elements_out_of_order_are_refused() {
    assert_eq!(
        refused(
            "<EmployeeQueryRq><FromModifiedDate>2024-01-01</FromModifiedDate><ActiveStatus>All</ActiveStatus></EmployeeQueryRq>"
        ),
        "ActiveStatus is not allowed at this place in EmployeeQueryRq"
    );
    assert_eq!(
        refused(
            "<CustomerQueryRq><IncludeRetElement>Name</IncludeRetElement><MaxReturned>5</MaxReturned></CustomerQueryRq>"
        ),
        "MaxReturned is not allowed at this place in CustomerQueryRq"
    );
    assert_eq!(
        refused("<CustomerQueryRq><ListID>1-1</ListID><ActiveStatus>All</ActiveStatus></CustomerQueryRq>"),
        "ActiveStatus is not allowed at this place in CustomerQueryRq"
    );
    assert_eq!(refused("<ListDeletedQueryRq/>"), "ListDeletedQueryRq lacks ListDelType at its place");
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    let cases = [
        ("<EmployeeQueryRq iterator=\"Start\"/>", "the attribute iterator is not allowed on EmployeeQueryRq"),
        (
            "<EmployeeQueryRq><Active>All</Active></EmployeeQueryRq>",
            "Active is not allowed at this place in EmployeeQueryRq",
        ),
        (
            "<EmployeeQueryRq><ActiveStatus>all</ActiveStatus></EmployeeQueryRq>",
            "ActiveStatus may not be «all»",
        ),
        ("<EmployeeQueryRq><MaxReturned>0</MaxReturned></EmployeeQueryRq>", "MaxReturned may not be «0»"),
        (
            "<EmployeeQueryRq><FromModifiedDate>2024-01-01T00:00:00Z</FromModifiedDate></EmployeeQueryRq>",
            "FromModifiedDate may not be «2024-01-01T00:00:00Z»",
        ),
        ("<CustomerQueryRq iterator=\"start\"/>", "iterator may not be «start»"),
        ("<HostQueryRq>x</HostQueryRq>", "text between the elements of HostQueryRq"),
        ("<PayrollQueryRq/>", "PayrollQueryRq is no request that version 13.0 has here"),
    ];
    for (request, detail) in cases {
        assert_eq!(refused(request), detail);
    }
}

#[test]
fn the_frame_is_checked() {
    let good = document("13.0", "<HostQueryRq/>");
    assert!(processor().process(&good, &file()).is_ok());
    let cases = [
        (
            good.replace("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", ""),
            "the line <?xml version=\"1.0\"?> is missing",
        ),
        (format!("\n{good}"), "not well-formed: the XML declaration is not at the start"),
        (good.replace("<?qbxml version=\"13.0\"?>", ""), "the line <?qbxml version=\"…\"?> is missing"),
        (good.replace("13.0", "14.0"), "qbXML version 14.0 is not supported"),
        (good.replace("stopOnError", "rollbackOnError"), "onError may not be «rollbackOnError»"),
        (good.replace(" onError=\"stopOnError\"", ""), "onError may not be «»"),
        (good.replace("<HostQueryRq/>", ""), "QBXMLMsgsRq holds no request, or text"),
        (good.replace("</QBXML>", ""), "not well-formed: QBXML is not closed"),
    ];
    for (text, detail) in cases {
        assert_eq!(refusal(&text), detail);
    }
}

#[test]
fn a_version_knows_only_what_it_had() {
    let start = "<CustomerQueryRq iterator=\"Start\"><MaxReturned>1</MaxReturned></CustomerQueryRq>";
    assert_eq!(refusal(&document("4.0", start)), "the attribute iterator came with version 5.0");
    let include = "<EmployeeQueryRq><IncludeRetElement>Name</IncludeRetElement></EmployeeQueryRq>";
    assert_eq!(refusal(&document("3.0", include)), "IncludeRetElement came with version 4.0");
    let all = document("3.0", "<EmployeeQueryRq/>");
    let text = processor().process(&all, &file()).unwrap().to_text(&file());
    assert!(!text.contains("retCount") && !text.contains("<JobTitle>") && text.contains("<SSN>"));
}

#[test]
fn only_the_active_are_told_unless_asked() {
    let file = file();
    let count = |status: &str| {
        let query = format!("<EmployeeQueryRq><ActiveStatus>{status}</ActiveStatus></EmployeeQueryRq>");
        value(&answer(&mut processor(), &file, &query), "retCount").parse::<usize>().unwrap()
    };
    let inactive = file.employees().filter(|employee| !employee.active).count();
    assert!(inactive > 0);
    assert_eq!((count("All"), count("InactiveOnly"), count("ActiveOnly")), (60, inactive, 60 - inactive));
    let default = answer(&mut processor(), &file, "<EmployeeQueryRq/>");
    assert_eq!(texts(&default, "EditSequence").len(), 60 - inactive);
    assert_eq!(value(&default, "retCount"), (60 - inactive).to_string());
}

#[test]
fn an_empty_list_is_status_one_and_no_error() {
    let query =
        "<EmployeeQueryRq requestID=\"1\"><FromModifiedDate>2037-01-01</FromModifiedDate></EmployeeQueryRq>";
    let text = answer(&mut processor(), &file(), query);
    assert!(text.contains(
        "<EmployeeQueryRs requestID=\"1\" statusCode=\"1\" statusSeverity=\"Info\" statusMessage=\"A query request did not find a matching object in QuickBooks\" retCount=\"0\" />\n"
    ));
}

#[test]
fn a_delta_begins_at_its_second_in_local_time() {
    let mut file = file();
    let first = file.employees().next().unwrap();
    file.change_email(&first.list_id, Some("new@example.com")).unwrap();
    let changed = |from: &str| {
        let query = format!(
            "<EmployeeQueryRq><ActiveStatus>All</ActiveStatus><FromModifiedDate>{from}</FromModifiedDate></EmployeeQueryRq>"
        );
        value(&answer(&mut processor(), &file, &query), "retCount").to_owned()
    };
    // The clock of the file stands at 2026-01-15T09:00:00-05:00.
    assert_eq!(changed("2026-01-15T09:00:00"), "1");
    assert_eq!(changed("2026-01-15T09:00:01"), "0");
    assert_eq!(changed("2026-01-15"), "1");
    assert_eq!(changed("2026-1-15T9"), "1");
    assert_eq!(changed("2026-01-15T14:00:00+00:00"), "1");
    assert_eq!(changed("2026-01-15T14:00:01+00:00"), "0");
}

#[test]
fn dates_that_are_none_and_ranges_that_end_first_get_a_status() {
    let status = |elements: &str| {
        let query = format!("<EmployeeQueryRq>{elements}</EmployeeQueryRq>");
        value(&answer(&mut processor(), &file(), &query), "statusCode").to_owned()
    };
    assert_eq!(status("<FromModifiedDate>2024-13-45</FromModifiedDate>"), "3020");
    assert_eq!(status("<FromModifiedDate>2039-01-01</FromModifiedDate>"), "3020");
    assert_eq!(
        status("<FromModifiedDate>2025-01-02</FromModifiedDate><ToModifiedDate>2025-01-01</ToModifiedDate>"),
        "3030"
    );
}

#[test]
fn only_the_named_elements_come_and_wrong_names_are_ignored() {
    let names = ["ListID", "Email", "email", "Nonsense", "EmployeePayrollInfo"];
    let include: String = names.map(|name| format!("<IncludeRetElement>{name}</IncludeRetElement>")).concat();
    let text = answer(&mut processor(), &file(), &format!("<EmployeeQueryRq>{include}</EmployeeQueryRq>"));
    assert!(text.contains("<Email>") && text.contains("<EmployeePayrollInfo>\n<PayPeriod>"));
    assert!(!text.contains("<Name>") && !text.contains("<SSN>") && !text.contains("BankName"));
    let all = answer(&mut processor(), &file(), "<EmployeeQueryRq/>");
    assert!(
        ["<SSN>", "<BirthDate>", "<BankName>", "<Rate>", "<Notes>"].iter().all(|name| all.contains(name))
    );
    let customers = answer(&mut processor(), &file(), "<CustomerQueryRq/>");
    assert!(customers.contains("<CreditCardNumber>") && customers.contains("<ParentRef>"));
}

#[test]
fn an_iterator_gives_every_customer_once() {
    let (mut processor, file) = (processor(), file());
    let filter = "<MaxReturned>25</MaxReturned><ActiveStatus>All</ActiveStatus>";
    let mut ids = Vec::new();
    let mut text = answer(
        &mut processor,
        &file,
        &format!("<CustomerQueryRq iterator=\"Start\">{filter}</CustomerQueryRq>"),
    );
    let id = value(&text, "iteratorID").to_owned();
    let mut remaining = Vec::new();
    loop {
        let own = text.split("<CustomerRet>\n<ListID>").skip(1);
        ids.extend(own.map(|rest| rest.split_once('<').unwrap().0.to_owned()));
        assert_eq!(value(&text, "iteratorID"), id);
        remaining.push(value(&text, "iteratorRemainingCount").to_owned());
        if remaining.last().unwrap() == "0" {
            break;
        }
        let go_on =
            format!("<CustomerQueryRq iterator=\"Continue\" iteratorID=\"{id}\">{filter}</CustomerQueryRq>");
        text = answer(&mut processor, &file, &go_on);
    }
    assert_eq!(remaining, ["35", "10", "0"]);
    assert_eq!(ids, file.customers().map(|customer| customer.list_id).collect::<Vec<_>>());
    assert_eq!(processor.unfinished_iterators(), 0);
}

#[test]
fn an_iterator_ends_with_its_session() {
    let file = file();
    let mut first = processor();
    let start = "<CustomerQueryRq iterator=\"Start\"><MaxReturned>1</MaxReturned></CustomerQueryRq>";
    let id = value(&answer(&mut first, &file, start), "iteratorID").to_owned();
    let go_on = format!(
        "<CustomerQueryRq requestID=\"9\" iterator=\"Continue\" iteratorID=\"{id}\"><MaxReturned>1</MaxReturned></CustomerQueryRq>"
    );
    let mut second = RequestProcessor::begin_session(&ProcessorOptions::default(), 2);
    assert_ne!(value(&answer(&mut second, &file, start), "iteratorID"), id);
    let text = answer(&mut second, &file, &go_on);
    assert!(text.contains(&format!(
        "<CustomerQueryRs requestID=\"9\" statusCode=\"3391\" statusSeverity=\"Error\" statusMessage=\"The iteratorID &quot;{id}&quot; is not valid.\" />"
    )));
    let stop = go_on.replace("Continue", "Stop");
    assert_eq!(value(&answer(&mut first, &file, &stop), "statusCode"), "0");
    assert_eq!(value(&answer(&mut first, &file, &go_on), "statusCode"), "3391");
}

#[test]
fn deletions_are_told_by_the_other_query() {
    let mut file = file();
    let gone = file.employees().nth(3).unwrap();
    file.delete(&gone.list_id).unwrap();
    let all = answer(
        &mut processor(),
        &file,
        "<EmployeeQueryRq><ActiveStatus>All</ActiveStatus></EmployeeQueryRq>",
    );
    assert!(!all.contains(&gone.list_id));
    let query = |from: &str| {
        format!(
            "<ListDeletedQueryRq><ListDelType>Customer</ListDelType><ListDelType>Employee</ListDelType><DeletedDateRangeFilter><FromDeletedDate>{from}</FromDeletedDate></DeletedDateRangeFilter></ListDeletedQueryRq>"
        )
    };
    let text = answer(&mut processor(), &file, &query("2026-01-15T09:00:00"));
    assert_eq!(texts(&text, "ListID"), [gone.list_id]);
    assert_eq!(texts(&text, "TimeDeleted"), ["2026-01-15T09:00:00-05:00"]);
    assert_eq!(value(&answer(&mut processor(), &file, &query("2026-01-15T09:00:01")), "statusCode"), "1");
}

#[test]
fn one_failed_request_stops_the_rest_unless_told_to_go_on() {
    let long = format!("<HostQueryRq requestID=\"{}\"/><HostQueryRq requestID=\"2\"/>", "x".repeat(51));
    let codes = |text: &str| {
        text.split(" statusCode=\"")
            .skip(1)
            .map(|rest| rest.split_once('"').unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&answer(&mut processor(), &file(), &long)), ["1060", "3231"]);
    let go_on = document("13.0", &long).replace("stopOnError", "continueOnError");
    assert_eq!(codes(&processor().process(&go_on, &file()).unwrap().to_text(&file())), ["1060", "0"]);
}

#[test]
fn the_company_tells_its_file_id_only_to_its_owner() {
    let mut file = file();
    let owner = "{87EDAAF8-637E-4203-867F-4BA79C2F8998}";
    file.set_file_id(owner, "{CA1C3EB8-1B61-4747-A743-8D5B438B83AC}");
    assert!(!answer(&mut processor(), &file, "<CompanyQueryRq/>").contains("DataExtRet"));
    let query = format!("<CompanyQueryRq><OwnerID>{owner}</OwnerID></CompanyQueryRq>");
    let text = answer(&mut processor(), &file, &query);
    assert_eq!(texts(&text, "DataExtName"), ["FileID", "AppLock"]);
    let hcp = processor().host_company_preferences(&file, owner).to_text(&file);
    for start in [
        "<HostQueryRs requestID=\"0\" ",
        "<CompanyQueryRs requestID=\"1\" ",
        "<PreferencesQueryRs requestID=\"2\" ",
    ] {
        assert!(hcp.contains(start));
    }
    assert_eq!(texts(&hcp, "SupportedQBXMLVersion").last(), Some(&"13.0"));
    assert_eq!(texts(&hcp, "EIN").len(), 1);
    assert_eq!(texts(&hcp, "IsPersonalDataAccessAllowed"), ["false"]);
}

#[test]
fn meta_data_only_counts() {
    let text = answer(
        &mut processor(),
        &file(),
        "<EmployeeQueryRq metaData=\"MetaDataOnly\"><ActiveStatus>All</ActiveStatus></EmployeeQueryRq>",
    );
    assert_eq!(value(&text, "retCount"), "60");
    assert!(!text.contains("EmployeeRet"));
}

#[test]
fn named_entries_are_found_and_missing_ones_are_a_warning() {
    let file = file();
    let second = file.employees().nth(1).unwrap();
    let query = format!(
        "<EmployeeQueryRq><ListID>{}</ListID><ListID>80000001-1</ListID></EmployeeQueryRq>",
        second.list_id
    );
    let text = answer(&mut processor(), &file, &query);
    assert_eq!((value(&text, "statusCode"), value(&text, "statusSeverity")), ("500", "Warn"));
    assert_eq!(texts(&text, "EditSequence"), [second.edit_sequence]);
}
