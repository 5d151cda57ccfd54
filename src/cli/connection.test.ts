import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect } from "./connection.ts";
import { openStubApi, type StubApi } from "./fixtures/stub-api.ts";
import { parseServerState } from "./server-state.ts";

let folder: string;
let own: StubApi;
let other: StubApi;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-cli-"));
  own = await openStubApi({ "GET /": { json: {} } });
  other = await openStubApi({ "GET /": { json: {} } });
});
afterEach(async () => {
  await own.close();
  await other.close();
  await rm(folder, { recursive: true });
});

const { signal } = new AbortController();
const given = () => ({ server: undefined, key: undefined, dataDirectory: folder });

async function writeState(pid: number): Promise<void> {
  await writeFile(
    join(folder, "server.json"),
    JSON.stringify({ pid, startedAt: 1, controlUrl: own.url, gatewayUrl: null, version: "1" }),
  );
  await writeFile(join(folder, "admin.key"), "admin-key\n");
}

test("finds the server of the data directory and its admin key", async () => {
  await writeState(process.pid);

  await (await connect(given())).get("/", {}, signal);

  expect(own.asked[0]?.key).toBe("admin-key");
});

test("the same server named by its address gets the admin key too", async () => {
  await writeState(process.pid);

  await (await connect({ ...given(), server: `${own.url}/` })).get("/", {}, signal);

  expect(own.asked[0]?.key).toBe("admin-key");
});

test("the admin key is never sent to another address", async () => {
  await writeState(process.pid);

  await (await connect({ ...given(), server: other.url })).get("/", {}, signal);

  expect(other.asked[0]?.key).toBeUndefined();
});

test("a key that was given comes before the admin key", async () => {
  await writeState(process.pid);

  await (await connect({ ...given(), key: "mine" })).get("/", {}, signal);

  expect(own.asked[0]?.key).toBe("mine");
});

test("without a server it says how to start one", async () => {
  await expect(connect(given())).rejects.toMatchObject({
    code: "cli.server-missing",
    message: `no server runs on ${folder}; start one with: millwright up`,
  });
});

test("a state file left by a server that was killed does not count", async () => {
  const gone = 2 ** 22 + 1;
  await writeState(gone);

  await expect(connect(given())).rejects.toThrow(`the last one, pid ${gone}, is gone`);
});

test("what is no address is refused", async () => {
  await expect(connect({ ...given(), server: "localhost:7700" })).rejects.toMatchObject({
    code: "cli.argument-invalid",
  });
});

test.each(["", "{", "null", "[]", '{"pid": "7"}', '{"pid": -1, "controlUrl": "http://x"}', '{"pid": 7}'])(
  "a broken state file (%j) is as good as none",
  (text) => {
    expect(parseServerState(text)).toBeUndefined();
  },
);
