import { afterEach, expect, test } from "vitest";
import { makeApiClient, toQueryText } from "./api-client.ts";
import { openStubApi, type StubApi } from "./fixtures/stub-api.ts";

const { signal } = new AbortController();
let api: StubApi | undefined;
afterEach(async () => await api?.close());

test("sends the key and the query, and parses the answer", async () => {
  api = await openStubApi({ "GET /api/v1/teams": { json: { items: [] } } });

  expect(
    await makeApiClient(`${api.url}/`, "k1").get("/api/v1/teams", { project: "a b", limit: undefined }, signal),
  ).toEqual({ items: [] });
  expect(api.asked).toEqual([{ method: "GET", url: "/api/v1/teams?project=a+b", key: "k1", body: undefined }]);
});

test("members without a value are left out of a query", () => {
  expect(toQueryText({ a: undefined })).toBe("");
  expect(toQueryText({ a: 1, b: false })).toBe("?a=1&b=false");
});

test("where nothing listens, it says where and what to do", async () => {
  const closed = await openStubApi({});
  await closed.close();

  await expect(makeApiClient(closed.url, undefined).get("/", {}, signal)).rejects.toMatchObject({
    code: "cli.server-unreachable",
    message: `cannot reach the server at ${closed.url}: nothing listens there; look with "millwright status", start one with "millwright up"`,
  });
});

test("an answer that is no JSON is not taken for one", async () => {
  api = await openStubApi({ "GET /api/v1/teams": (_request, response) => response.end("<html>") });

  await expect(makeApiClient(api.url, undefined).get("/api/v1/teams", {}, signal)).rejects.toMatchObject({
    code: "cli.answer-invalid",
  });
});

test("an interrupted request ends with the reason of the interruption", async () => {
  const interrupt = new AbortController();
  api = await openStubApi({ "GET /slow": () => interrupt.abort(new Error("enough")) });

  await expect(makeApiClient(api.url, undefined).get("/slow", {}, interrupt.signal)).rejects.toThrow("enough");
});

test("a server that answers half and goes away is unreachable, not a bug", async () => {
  api = await openStubApi({
    "GET /half": (_request, response) => {
      response.write('{"items": [');
      setImmediate(() => response.destroy());
    },
  });

  await expect(makeApiClient(api.url, undefined).get("/half", {}, signal)).rejects.toMatchObject({
    code: "cli.server-unreachable",
  });
});
