//! What the schema allows in a request, as tables, and the check against them. Facts: Intuit's qbXML reference of
//! each version, 4.0 to 14.0; the element order is that of an `xsd:sequence`.

use super::Refusal;
use super::message_set::Version;
use super::parse::Element;

/// A part of an element's content.
#[derive(Debug)]
pub(super) enum Part {
    Element {
        name: &'static str,
        kind: Kind,
        min: usize,
        max: usize,
        since: Version,
    },
    /// All of them in this order.
    Sequence(&'static [Part]),
    /// At most one of them; `required` forbids none.
    Choice {
        of: &'static [Part],
        required: bool,
    },
}

/// What an element holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text of at most this many characters.
    Text(usize),
    /// A whole number, 1 or more.
    Count,
    Bool,
    DateTime,
    Amount,
    Guid,
    OneOf(&'static [&'static str]),
    Children(&'static [Part]),
}

/// A request and its attributes: name, allowed values (none: any text), first version.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) name: &'static str,
    pub(super) since: Version,
    pub(super) attributes: &'static [(&'static str, &'static [&'static str], Version)],
    pub(super) content: &'static [Part],
}

const MANY: usize = usize::MAX;
const V1: Version = Version(1, 0);
const V2: Version = Version(2, 0);
const V4: Version = Version(4, 0);
const V5: Version = Version(5, 0);

const fn maybe(name: &'static str, kind: Kind) -> Part {
    Part::Element { name, kind, min: 0, max: 1, since: V1 }
}

const fn one(name: &'static str, kind: Kind) -> Part {
    Part::Element { name, kind, min: 1, max: 1, since: V1 }
}

const fn some(name: &'static str, kind: Kind) -> Part {
    Part::Element { name, kind, min: 1, max: MANY, since: V1 }
}

const fn any(name: &'static str, kind: Kind, since: Version) -> Part {
    Part::Element { name, kind, min: 0, max: MANY, since }
}

const INCLUDE: Part = any("IncludeRetElement", Kind::Text(50), V4);
const OWNER: Part = any("OwnerID", Kind::Guid, V2);
const REQUEST_ID: (&str, &[&str], Version) = ("requestID", &[], V1);
const META_DATA: (&str, &[&str], Version) =
    ("metaData", &["NoMetaData", "MetaDataOnly", "MetaDataAndResponseData"], V4);

const LIST_FILTER: Part = Part::Sequence(&[
    maybe("MaxReturned", Kind::Count),
    maybe("ActiveStatus", Kind::OneOf(&["ActiveOnly", "InactiveOnly", "All"])),
    maybe("FromModifiedDate", Kind::DateTime),
    maybe("ToModifiedDate", Kind::DateTime),
    Part::Choice {
        of: &[
            maybe(
                "NameFilter",
                Kind::Children(&[
                    one("MatchCriterion", Kind::OneOf(&["StartsWith", "Contains", "EndsWith"])),
                    one("Name", Kind::Text(MANY)),
                ]),
            ),
            maybe(
                "NameRangeFilter",
                Kind::Children(&[maybe("FromName", Kind::Text(MANY)), maybe("ToName", Kind::Text(MANY))]),
            ),
        ],
        required: false,
    },
]);

const LIST_IDS: Part = some("ListID", Kind::Text(36));
const FULL_NAMES: Part = some("FullName", Kind::Text(MANY));

const CUSTOMER_FILTER: Part = Part::Sequence(&[
    LIST_FILTER,
    maybe(
        "TotalBalanceFilter",
        Kind::Children(&[
            one(
                "Operator",
                Kind::OneOf(&["LessThan", "LessThanEqual", "Equal", "GreaterThan", "GreaterThanEqual"]),
            ),
            one("Amount", Kind::Amount),
        ]),
    ),
    Part::Element {
        name: "CurrencyFilter",
        kind: Kind::Children(&[Part::Choice { of: &[LIST_IDS, FULL_NAMES], required: true }]),
        min: 0,
        max: 1,
        since: Version(8, 0),
    },
    Part::Element {
        name: "ClassFilter",
        kind: Kind::Children(&[Part::Choice {
            of: &[
                LIST_IDS,
                FULL_NAMES,
                one("ListIDWithChildren", Kind::Text(36)),
                one("FullNameWithChildren", Kind::Text(MANY)),
            ],
            required: true,
        }]),
        min: 0,
        max: 1,
        since: Version(12, 0),
    },
]);

const DELETED_TYPES: &[&str] = &[
    "Account",
    "BillingRate",
    "Class",
    "Currency",
    "Customer",
    "CustomerMsg",
    "CustomerType",
    "DateDrivenTerms",
    "Employee",
    "InventorySite",
    "ItemDiscount",
    "ItemFixedAsset",
    "ItemGroup",
    "ItemInventory",
    "ItemInventoryAssembly",
    "ItemNonInventory",
    "ItemOtherCharge",
    "ItemPayment",
    "ItemSalesTax",
    "ItemSalesTaxGroup",
    "ItemService",
    "ItemSubtotal",
    "JobType",
    "OtherName",
    "PaymentMethod",
    "PayrollItemNonWage",
    "PayrollItemWage",
    "PriceLevel",
    "SalesRep",
    "SalesTaxCode",
    "ShipMethod",
    "StandardTerms",
    "ToDo",
    "UnitOfMeasureSet",
    "Vehicle",
    "Vendor",
    "VendorType",
    "WorkersCompCode",
];

/// The requests that are simulated.
pub(super) const REQUESTS: &[Request] = &[
    Request {
        name: "EmployeeQueryRq",
        since: V1,
        // No iterator in any version.
        attributes: &[REQUEST_ID, META_DATA],
        content: &[
            Part::Choice { of: &[LIST_IDS, FULL_NAMES, LIST_FILTER], required: false },
            INCLUDE,
            OWNER,
        ],
    },
    Request {
        name: "CustomerQueryRq",
        since: V1,
        attributes: &[
            REQUEST_ID,
            META_DATA,
            ("iterator", &["Start", "Continue", "Stop"], V5),
            ("iteratorID", &[], V5),
        ],
        content: &[
            Part::Choice { of: &[LIST_IDS, FULL_NAMES, CUSTOMER_FILTER], required: false },
            INCLUDE,
            OWNER,
        ],
    },
    Request {
        name: "ListDeletedQueryRq",
        since: V2,
        attributes: &[REQUEST_ID, META_DATA],
        content: &[
            some("ListDelType", Kind::OneOf(DELETED_TYPES)),
            maybe(
                "DeletedDateRangeFilter",
                Kind::Children(&[
                    maybe("FromDeletedDate", Kind::DateTime),
                    maybe("ToDeletedDate", Kind::DateTime),
                ]),
            ),
            INCLUDE,
        ],
    },
    Request {
        name: "HostQueryRq",
        since: V1,
        attributes: &[REQUEST_ID],
        content: &[
            Part::Element {
                name: "IncludeListMetaData",
                kind: Kind::Children(&[one("IncludeMaxCapacity", Kind::Bool)]),
                min: 0,
                max: 1,
                since: Version(6, 0),
            },
            INCLUDE,
        ],
    },
    Request { name: "CompanyQueryRq", since: V1, attributes: &[REQUEST_ID], content: &[INCLUDE, OWNER] },
];

/// Checks one request against its table.
pub(super) fn check(element: &Element, version: Version) -> Result<(), Refusal> {
    let request = REQUESTS
        .iter()
        .find(|request| request.name == element.name && request.since <= version)
        .ok_or_else(|| refuse(format!("{} is no request that version {version} has here", element.name)))?;
    for (name, value) in &element.attributes {
        let (_, allowed, since) = request
            .attributes
            .iter()
            .find(|(allowed, ..)| allowed == name)
            .ok_or_else(|| refuse(format!("the attribute {name} is not allowed on {}", element.name)))?;
        if *since > version {
            return Err(refuse(format!("the attribute {name} came with version {since}")));
        }
        if !allowed.is_empty() && !allowed.contains(&value.as_str()) {
            return Err(refuse(format!("{name} may not be «{value}»")));
        }
    }
    children(element, request.content, version)
}

fn refuse(detail: impl Into<String>) -> Refusal {
    Refusal::parse_error(detail)
}

fn children(element: &Element, parts: &[Part], version: Version) -> Result<(), Refusal> {
    if !element.text.trim().is_empty() {
        return Err(refuse(format!("text between the elements of {}", element.name)));
    }
    let mut rest = element.children.as_slice();
    sequence(&element.name, parts, &mut rest, version)?;
    match rest.first() {
        Some(next) => Err(refuse(format!("{} is not allowed at this place in {}", next.name, element.name))),
        None => Ok(()),
    }
}

fn sequence(parent: &str, parts: &[Part], rest: &mut &[Element], version: Version) -> Result<(), Refusal> {
    parts.iter().try_for_each(|part| matching(parent, part, rest, version))
}

fn matching(parent: &str, part: &Part, rest: &mut &[Element], version: Version) -> Result<(), Refusal> {
    match part {
        Part::Sequence(parts) => sequence(parent, parts, rest, version),
        Part::Choice { of, required } => {
            let chosen = rest.first().and_then(|next| of.iter().find(|part| begins(part, &next.name)));
            match chosen {
                Some(part) => matching(parent, part, rest, version),
                None if *required => Err(refuse(format!("{parent} lacks one of its elements"))),
                None => Ok(()),
            }
        }
        Part::Element { name, kind, min, max, since } => {
            let mut count = 0;
            while let Some((next, after)) = rest.split_first() {
                if next.name != *name || count >= *max {
                    break;
                }
                if *since > version {
                    return Err(refuse(format!("{name} came with version {since}")));
                }
                if let Some((attribute, _)) = next.attributes.first() {
                    return Err(refuse(format!("the attribute {attribute} is not allowed on {name}")));
                }
                content(next, kind, version)?;
                count += 1;
                *rest = after;
            }
            if count < *min { Err(refuse(format!("{parent} lacks {name} at its place"))) } else { Ok(()) }
        }
    }
}

fn begins(part: &Part, next: &str) -> bool {
    match part {
        Part::Element { name, .. } => *name == next,
        // Parts of a sequence here are all optional, so any of them can come first.
        Part::Sequence(parts) => parts.iter().any(|part| begins(part, next)),
        Part::Choice { of, .. } => of.iter().any(|part| begins(part, next)),
    }
}

fn content(element: &Element, kind: &Kind, version: Version) -> Result<(), Refusal> {
    if let Kind::Children(parts) = kind {
        return children(element, parts, version);
    }
    let (name, text) = (&element.name, element.text.as_str());
    if let Some(child) = element.children.first() {
        return Err(refuse(format!("{} is not allowed in {name}", child.name)));
    }
    let fits = match kind {
        Kind::Text(max) => text.chars().count() <= *max,
        Kind::Count => text.parse::<u64>().is_ok_and(|count| count >= 1),
        Kind::Bool => matches!(text, "true" | "false" | "1" | "0" | ""),
        Kind::DateTime => text.is_empty() || super::filter::date_time_parts(text).is_some(),
        Kind::Amount => is_amount(text),
        Kind::Guid => is_guid(text),
        Kind::OneOf(allowed) => allowed.contains(&text),
        Kind::Children(_) => true,
    };
    if fits { Ok(()) } else { Err(refuse(format!("{name} may not be «{text}»"))) }
}

/// `[+-]` 1 to 13 digits, and two after the point.
fn is_amount(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty()
        || ((1..=13).contains(&whole.len()) && cents.len() == 2 && all_digits(whole) && all_digits(cents))
}

/// `0` or `{8-4-4-4-12}` hexadecimal digits.
pub(in super::super) fn is_guid(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let Some(inner) = inner else { return text == "0" };
    let groups: Vec<&str> = inner.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
