import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { apply } from "./apply.ts";

const yaml = "kind: Team\nname: vision\nspec: {description: sees cats}\n";
const ref = { kind: "Team", project: null, name: "vision" };
const before = { ...ref, labels: {}, spec: { description: "sees things" } };
const after = { ...ref, labels: {}, spec: { description: "sees cats" }, updatedAt: 5 };
const updated = { json: { results: [{ ref, outcome: "updated", before, after }] } };
const unchanged = { json: { results: [{ ref, outcome: "unchanged", before: after, after }] } };

let api: StubApi;
afterEach(async () => await api.close());

async function setUp(answer: { readonly json: unknown }): Promise<void> {
  api = await openStubApi({ "POST /api/v1/apply": answer });
}

test("shows the plan, asks, and writes once the answer is yes", async () => {
  await setUp(updated);
  const context = recordingContext({ url: api.url, input: yaml, answer: true });

  expect(await apply(context, { file: ["-"] })).toBe(0);

  expect(api.asked.map(({ body }) => body)).toEqual([
    { manifests: [{ kind: "Team", name: "vision", spec: { description: "sees cats" } }], dryRun: true },
    { manifests: [{ kind: "Team", name: "vision", spec: { description: "sees cats" } }], dryRun: false },
  ]);
  expect(context.said.slice(0, 5)).toEqual([
    "~ update    Team/vision",
    '      ~ spec.description: "sees things" → "sees cats"',
    "",
    "plan: 0 to create, 1 to update, 0 unchanged",
    "Apply this plan?",
  ]);
  expect(context.printed).toEqual(["updated   Team/vision"]);
});

test("writes nothing once the answer is no", async () => {
  await setUp(updated);
  const context = recordingContext({ url: api.url, input: yaml, answer: false });

  expect(await apply(context, { file: ["-"] })).toBe(1);
  expect(api.asked).toHaveLength(1);
  expect(context.said.at(-1)).toBe("nothing was changed");
});

test("does not ask about a plan that changes nothing", async () => {
  await setUp(unchanged);
  const context = recordingContext({ url: api.url, input: yaml });

  expect(await apply(context, { file: ["-"] })).toBe(0);
  expect(context.printed).toEqual(["unchanged Team/vision"]);
});

test("refuses to guess where nobody can be asked", async () => {
  await setUp(updated);
  const context = recordingContext({ url: api.url, input: yaml });

  await expect(apply(context, { file: ["-"] })).rejects.toMatchObject({
    code: "cli.confirmation-needed",
    kind: "invalid",
  });
  expect(api.asked).toHaveLength(1);
});

test("--yes goes ahead without a terminal, --dry-run never writes", async () => {
  await setUp(updated);
  const context = recordingContext({ url: api.url, input: yaml, format: "json" });

  expect(await apply(context, { file: ["-"], dryRun: true })).toBe(0);
  expect(await apply(context, { file: ["-"], yes: true })).toBe(0);

  expect(api.asked.map(({ body }) => (body as { dryRun: boolean }).dryRun)).toEqual([true, false]);
  expect(context.printed.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { schema_version: 1, dryRun: true, results: [{ kind: "Team", name: "vision", outcome: "updated" }] },
    { schema_version: 1, dryRun: false, results: [{ changes: [{ path: "spec.description", after: "sees cats" }] }] },
  ]);
});

test("a refusal of the server keeps its code and its request", async () => {
  const error = { code: "tenancy.forbidden", message: "ada may not", details: {}, requestId: "r9" };
  api = await openStubApi({ "POST /api/v1/apply": { status: 403, json: { error } } });
  const context = recordingContext({ url: api.url, input: yaml });

  await expect(apply(context, { file: ["-"], yes: true })).rejects.toMatchObject({
    kind: "forbidden",
    requestId: "r9",
  });
});

test("nothing is sent when one of the files is wrong", async () => {
  await setUp(updated);
  const context = recordingContext({ url: api.url, input: "kind: Team\nname: vision\nspecs: {}\n" });

  await expect(apply(context, { file: ["-"], yes: true })).rejects.toMatchObject({ code: "platform.yaml-invalid" });
  expect(api.asked).toEqual([]);
});
