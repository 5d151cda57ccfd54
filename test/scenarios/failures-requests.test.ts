import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { ProjectSession } from "./project-session.ts";
import { judgedLineage, smallChain, writeSmallFlights } from "./small-chain.ts";
import { endServing } from "./small-deployment.ts";

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
const session = new ProjectSession(() => server, "served");

/** A key of a new person with a role in the team that owns the project. */
async function keyOf(name: string, role: string): Promise<string> {
  await server.call("POST", "/api/v1/identities", { name, team: "default", role });
  return ((await server.call("POST", "/api/v1/keys", { identity: name })).json as { readonly key: string }).key;
}

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  const flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await startServerProcess({ dataDir: directory.path, cwd: "/" });
  await session.apply(...smallChain("served", flights));
  await judgedLineage(() => server, "served");
  const [version] = await session.versions();
  const approval = `/api/v1/projects/served/model-versions/${version?.id}/approve`;
  const approved = await server.call("POST", approval, { comment: "looks right" }, await keyOf("bea", "approver"));
  expect(approved).toMatchObject({ status: 200 });
  await session.apply(
    session.resource("Deployment", "late", {
      model: "delay",
      pool: "local",
      resources: { cpus: 0.5, memory: "512MB" },
      inputs: [
        { name: "origin", datatype: "BYTES" },
        { name: "distance", datatype: "FP64" },
        { name: "hour", datatype: "FP64" },
        { name: "departs_at", datatype: "INT64" },
      ],
      features: { timestamp: "departs_at", views: ["origin-delays"] },
    }),
  );
  await session.reached("deployments", "late", "serving", "failed");
});

afterAll(async () => {
  await endServing(server, "served", "late");
  await server.end("SIGTERM");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

const flight = {
  origin: { name: "origin", datatype: "BYTES", shape: [1], data: ["ATL"] },
  distance: { name: "distance", datatype: "FP64", shape: [1], data: [500] },
  hour: { name: "hour", datatype: "FP64", shape: [1], data: [12] },
  moment: { name: "departs_at", datatype: "INT64", shape: [1], data: [Date.UTC(2001, 1, 20)] },
} as const;
const { origin, distance, hour, moment } = flight;

async function ask(inputs: readonly unknown[], path = "late", key = server.key) {
  const answer = await fetch(`${server.gatewayUrl}/v2/models/${path}/infer`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "x-millwright-project": "served", "content-type": "application/json" },
    body: JSON.stringify({ inputs }),
  });
  return { status: answer.status, json: (await answer.json()) as { readonly error?: string } };
}

test.each([
  {
    title: "an input with another name",
    inputs: [{ ...origin, name: "from" }, distance, hour, moment],
    says: [/wants the inputs origin BYTES, distance FP64, hour FP64/, /found from BYTES, distance FP64/],
  },
  {
    title: "a missing input",
    inputs: [origin, hour, moment],
    says: [/wants the inputs .*distance FP64/, /found origin/],
  },
  {
    title: "another datatype",
    inputs: [origin, { ...distance, datatype: "INT64" }, hour, moment],
    says: [/"distance" wants datatype FP64, found INT64/],
  },
  {
    title: "an unknown datatype",
    inputs: [origin, { ...distance, datatype: "DOUBLE" }, hour, moment],
    says: [/"distance" wants a datatype such as FP32/, /found "DOUBLE"/],
  },
  {
    title: "fewer elements than the shape says",
    inputs: [origin, { ...distance, shape: [2] }, hour, moment],
    says: [/"distance" of shape \[2\] wants 2 elements, found 1/],
  },
  {
    title: "inputs of different lengths",
    inputs: [origin, { ...distance, shape: [2], data: [1, 2] }, hour, moment],
    says: [/"distance" wants shape \[1\] or \[1, 1\]/, /found \[2\]/],
  },
  {
    title: "no shape at all",
    inputs: [{ ...origin, shape: "1" }],
    says: [/"origin" wants a shape of at most \d+ lengths such as \[1, 4\], found "1"/],
  },
  {
    title: "text where a number belongs",
    inputs: [origin, { ...distance, data: ["far"] }, hour, moment],
    says: [/"distance" of datatype FP64, element 0/, /far/],
  },
])("a request with $title is refused with what was wanted and found", async ({ inputs, says }) => {
  const refused = await ask(inputs);

  expect(refused.status).toBe(400);
  for (const part of says) expect(refused.json.error).toMatch(part);
  expect(Object.keys(refused.json)).toEqual(["error"]);
});

test("after wrong requests a good one is answered, and only it was counted", async () => {
  const good = await ask([origin, distance, hour, moment]);

  expect(good).toMatchObject({
    status: 200,
    json: { model_name: "late", outputs: [{ name: "probability", shape: [1] }] },
  });
  const predictions = await until("the prediction is recorded", async () => {
    const { predictions: found } = await session.read<{ readonly predictions: readonly unknown[] }>(
      "deployments/late/predictions",
    );
    return found.length > 0 && found;
  });
  expect(predictions).toHaveLength(1);
});

test("a request to a model that is not there, or without a right, says so", async () => {
  expect(await ask([origin, distance, hour, moment], "latte")).toMatchObject({
    status: 404,
    json: { error: expect.stringContaining("latte") },
  });
  expect(await ask([origin, distance, hour, moment], "late", "mw_guess")).toMatchObject({ status: 401 });
});
