import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { approve } from "./approve.ts";

const version = { id: "v-abc", project: "flights", model: "flight-delay", version: 2, state: "passed" };
const answers = {
  "GET /api/v1/projects": { json: { items: [{ name: "flights" }] } },
  "GET /api/v1/projects/flights/model-versions": { json: { items: [version] } },
};

let api: StubApi;
afterEach(async () => await api.close());

test("approves a version called by model and number", async () => {
  api = await openStubApi({
    ...answers,
    "POST /api/v1/projects/flights/model-versions/v-abc/approve": {
      json: { ...version, state: "approved", aliases: ["champion"] },
    },
  });
  const context = recordingContext({ url: api.url });

  expect(await approve(context, { version: "flight-delay@2", comment: "looks right" })).toBe(0);
  expect(api.asked.at(-1)?.body).toEqual({ comment: "looks right" });
  expect(context.printed).toEqual(["approved flight-delay version 2 (v-abc), now champion"]);
});

test("tells how many approvals are still missing", async () => {
  api = await openStubApi({
    ...answers,
    "POST /api/v1/projects/flights/model-versions/v-abc/approve": {
      json: { ...version, aliases: [], approvals: [{ identity: "ada" }], approvalsRequired: 2 },
    },
  });
  const context = recordingContext({ url: api.url });

  await approve(context, { version: "v-abc" });

  expect(context.printed).toEqual(["noted 1 of 2 approvals of flight-delay version 2 (v-abc)"]);
});

test("an override wants a reason before anything is asked", async () => {
  api = await openStubApi({});

  await expect(approve(recordingContext({ url: api.url }), { version: "v-abc", override: true })).rejects.toMatchObject(
    {
      code: "cli.argument-invalid",
    },
  );
  expect(api.asked).toEqual([]);
});

test("a name that is nearly right is answered with the right one", async () => {
  api = await openStubApi(answers);

  await expect(approve(recordingContext({ url: api.url }), { version: "v-abd" })).rejects.toThrow(
    'did you mean "v-abc"?',
  );
});
