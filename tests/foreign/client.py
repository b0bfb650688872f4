"""Links a person and unlinks it again with the client that openapi-python-client has generated."""

import sys

from rollcall_client import AuthenticatedClient
from rollcall_client.api.employees import link_employee, list_employees, unlink_employee
from rollcall_client.api.links import list_links
from rollcall_client.api.profiles import get_profile, put_profile
from rollcall_client.models import LinkDraft, List, Problem, ProfileDraft

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
page = list_employees.sync(client=client, limit=1)
person = page.data[0]
assert page.next_cursor and person.id.startswith("emp_"), page
second = list_employees.sync(client=client, limit=1, cursor=page.next_cursor)
assert second.data[0].id != person.id, second

profile = put_profile.sync(List.EMPLOYEE, "u-1", client=client, body=ProfileDraft(name="Ana"))
assert profile.profile_id == "u-1", profile
linked = link_employee.sync(person.id, client=client, body=LinkDraft(profile_id="u-1"))
assert linked.profile_id == "u-1", linked
assert [link.record_id for link in list_links.sync(client=client).data] == [person.id]
taken = link_employee.sync(second.data[0].id, client=client, body=LinkDraft(profile_id="u-1"))
assert isinstance(taken, Problem) and taken.status == 409 and taken.remedy, taken
unlink_employee.sync_detailed(person.id, client=client)
assert list_links.sync(client=client).data == []

missing = get_profile.sync(List.EMPLOYEE, "nobody", client=client)
assert isinstance(missing, Problem) and missing.code == "profile_not_found", missing
print("done")
