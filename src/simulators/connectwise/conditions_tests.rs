use serde_json::json;

use super::conditions::parse;

#[test]
fn conditions_are_read_and_hold_where_they_should() {
    let row = json!({
        "id": 7, "licenseClass": "F", "inactiveFlag": false, "status": { "id": 2 }, "title": null,
        "types": [{ "id": 1, "name": "Customer" }, { "id": 4, "name": "Owner" }],
        "_info": { "lastUpdated": "2026-01-15T14:00:00Z" }
    });
    for (condition, holds) in [
        ("lastUpdated > [2026-01-15T13:59:59Z]", true),
        ("lastUpdated >= [2026-01-15T14:00:00Z]", true),
        ("lastUpdated > [2026-01-15T14:00:00Z]", false),
        ("_info/lastUpdated < [2026-01-15T15:00:00+00:30]", true),
        ("id > 6 and id <= 7", true),
        ("id in (1, 7)", true),
        ("id not in (1,7)", false),
        ("status/id = 2", true),
        ("status/id=3 or licenseClass=\"f\"", true),
        ("licenseClass = \"F\" AND inactiveFlag = True", false),
        ("(id = 1 or id = 7) and inactiveFlag=False", true),
        ("types/id=4", true),
        ("types/name=\"Vendor\" or types/name=\"Customer\"", true),
        ("licenseClass like \"*\"", true),
        ("licenseClass != \"X\"", true),
        ("title = null", true),
        ("id = \"7\"", false),
    ] {
        assert_eq!(parse(condition).unwrap().holds(&row), holds, "{condition}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let deep = "(".repeat(100);
    for wrong in [
        "",
        "id",
        "id =",
        "id = 1 and",
        "id = 1 id = 2",
        "id in ()",
        "id in 1",
        "lastUpdated > [yesterday]",
        "id = 'x'",
        "id = \"x",
        "(id = 1",
        "id not like \"x\"",
        "= 1",
        "id == 1",
        "ÿ = 1",
        &deep,
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
