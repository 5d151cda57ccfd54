import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../test/platform.ts";
import type { Manifest } from "../platform/resource.ts";
import { quotaKind } from "../scheduling/model.ts";
import { manifestChecks } from "./manifest-checks.ts";

let platform: FreshPlatform;

beforeAll(async () => {
  platform = await freshPlatform();
});
afterAll(async () => {
  await platform.close();
});

function quota(name: string, spec: unknown): Manifest {
  return { kind: "Quota", name, spec: quotaKind.spec.parse(spec) };
}

async function checkAll(manifests: readonly Manifest[]): Promise<void> {
  const checks = manifestChecks(platform.resources);
  for (const manifest of manifests) await checks.check(manifest, manifests);
}

test("quotas are judged together with those of the same apply and those that are stored", async () => {
  const ring = [quota("one", { parent: "two" }), quota("two", { parent: "one" })];
  await expect(checkAll(ring)).rejects.toThrow("a quota tree has no rings");
  await expect(checkAll([quota("one", { team: "nobody" })])).rejects.toMatchObject({
    code: "platform.resource-invalid",
    details: { kind: "Quota", name: "one" },
  });
  await checkAll([{ kind: "Team", name: "nobody", spec: { description: "" } }, quota("one", { team: "nobody" })]);
  await platform.resources.apply("tester", quota("two", { parent: "one" }));

  // The stored quota has lost its parent: that is no reason to refuse another, and giving the parent back mends it.
  await checkAll([quota("three", {})]);
  await checkAll([quota("one", {})]);
  await expect(checkAll([quota("one", { parent: "two" })])).rejects.toThrow("a quota tree has no rings");
});
