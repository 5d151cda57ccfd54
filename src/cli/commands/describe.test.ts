import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { describe as describeItem } from "./describe.ts";
import { get } from "./get.ts";

const gibi = 1024 ** 3;
const pool = {
  kind: "Pool",
  project: null,
  name: "train",
  labels: {},
  spec: { role: "training", limits: { memory: "100GB" } },
  status: {
    phase: "ready",
    conditions: [],
    nodes: [{ name: "n1", cpus: 8, memory: 27_160_000_000, gpus: [{ index: 0, model: "H100", memory: 80e9 }] }],
    cpus: 8,
    memory: 64 * gibi,
    gpuSummary: "",
  },
  createdAt: 940_000,
};

let api: StubApi;
afterEach(async () => await api.close());

async function open(): Promise<void> {
  api = await openStubApi({
    "GET /api/v1/pools": { json: { items: [pool] } },
    "GET /api/v1/pools/train": { json: pool },
    "GET /api/v1/events": { json: { events: [] } },
  });
}

test("a description shows memory with its unit, and as JSON in bytes", async () => {
  await open();
  const text = recordingContext({ url: api.url });
  const json = recordingContext({ url: api.url, format: "json" });

  await describeItem(text, { words: ["pool/train"] });
  await describeItem(json, { words: ["pool/train"] });

  expect(text.printed.join("\n")).toMatch(/memory: 64GiB/);
  expect(text.printed.join("\n")).toMatch(/memory: 25\.3GiB/);
  expect(text.printed.join("\n")).toMatch(/memory: 80GB/);
  expect(text.printed.join("\n")).toMatch(/memory: 100GB/);
  expect(JSON.parse(json.printed.join(""))).toMatchObject({ item: { status: { memory: 64 * gibi } } });
});

test("a list shows memory with its unit", async () => {
  await open();
  const context = recordingContext({ url: api.url });

  await get(context, { words: ["pools"] });

  expect(context.printed.join("\n")).toMatch(/ 64GiB /);
});
