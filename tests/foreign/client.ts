// Links a person and unlinks it again with the client that @hey-api/openapi-ts has generated.
import * as assert from "node:assert/strict";
import { client } from "./generated/client.gen";
import {
  getProfile, linkEmployee, listEmployees, listLinks, putProfile, unlinkEmployee,
} from "./generated/sdk.gen";

async function main(): Promise<void> {
  const [, , baseUrl, token] = process.argv;
  client.setConfig({ baseUrl, auth: () => token });

  const page = (await listEmployees({ query: { limit: 1 }, throwOnError: true })).data;
  const person = page.data[0];
  assert.ok(person && page.next_cursor);
  const second = (await listEmployees({ query: { limit: 1, cursor: page.next_cursor ?? "" }, throwOnError: true })).data.data[0];
  assert.ok(second && second.id !== person.id);

  const path = { list: "employee" as const, profile_id: "u-2" };
  const profile = (await putProfile({ path, body: { name: "Bea" }, throwOnError: true })).data;
  assert.equal(profile.profile_id, "u-2");
  const body = { profile_id: "u-2" };
  const linked = (await linkEmployee({ path: { id: person.id }, body, throwOnError: true })).data;
  assert.equal(linked.profile_id, "u-2");
  assert.deepEqual((await listLinks({ throwOnError: true })).data.data.map((link) => link.record_id), [person.id]);
  const taken = await linkEmployee({ path: { id: second.id }, body });
  assert.equal(taken.response?.status, 409);
  assert.ok(taken.error?.remedy);
  await unlinkEmployee({ path: { id: person.id }, throwOnError: true });
  assert.deepEqual((await listLinks({ throwOnError: true })).data.data, []);

  const missing = await getProfile({ path: { ...path, profile_id: "nobody" } });
  assert.equal(missing.error?.code, "profile_not_found");
  console.log("done");
}

void main();
