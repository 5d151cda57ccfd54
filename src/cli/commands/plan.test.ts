import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { recordingContext } from "../fixtures/recording-context.ts";
import { plan } from "./plan.ts";

const example = join(import.meta.dirname, "../../../examples/planning/vision-team/plan.yaml");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plan-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

test("writes the report, its data and the bill of materials into a folder", async () => {
  const context = recordingContext({});

  expect(await plan(context, { file: example, out: folder })).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["parts.csv", "plan.json", "report.html", "report.md"]);
  expect(context.printed).toHaveLength(4);
  expect(await readFile(join(folder, "report.md"), "utf8")).toContain("# A vision team on 8 L40S");
});

test("--json prints the whole answer", async () => {
  const context = recordingContext({ format: "json" });

  await plan(context, { file: example });

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    schema_version: 1,
    plan: { gpu: "L40S", gpusPerServer: 8 },
  });
});

test("a plan that cannot be answered is refused with its line", async () => {
  const file = join(folder, "plan.yaml");
  await writeFile(file, (await readFile(example, "utf8")).replace("gpu: L40S", "gpu: L400"));

  const failure: unknown = await plan(recordingContext({}), { file }).catch((error: unknown) => error);

  expect(isFault(failure, "planning.plan-invalid")).toBe(true);
  expect(String(failure)).toMatch(/plan\.yaml:6: fleet\.gpu must be a GPU of the catalog/);
});

test("without a file it says how to name one, and --schema prints the schema of plans", async () => {
  const context = recordingContext({});

  await expect(plan(context, {})).rejects.toThrow("millwright plan -f plan.yaml");
  await plan(context, { schema: true });
  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    type: "object",
    required: expect.arrayContaining(["fleet"]),
  });
});
