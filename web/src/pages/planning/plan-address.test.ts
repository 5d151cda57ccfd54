import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isPacked, packPlan, unpackPlan } from "./plan-address.ts";
import { planTextMax } from "./plan-document.ts";

/** A plan of so many stages, as a person would write it. */
const planOf = (stages: number): string =>
  `name: long\nstages:\n${Array.from({ length: stages }, (_, at) => `  - { stage: training, name: team ${at}, gpus: ${at} }`).join("\n")}\n`;

test("a short plan stands in the address as it is written, so that old links stay readable", async () => {
  expect(await packPlan(planOf(3))).toBe(planOf(3));
});

test("a plan that is too long as written is packed, and unpacks to what it was", async () => {
  const packed = await packPlan(planOf(400));

  expect(encodeURIComponent(planOf(400)).length).toBeGreaterThan(planTextMax);
  expect(packed === null ? "" : encodeURIComponent(packed)).toBe(packed);
  expect(packed?.length).toBeLessThan(planTextMax);
  expect(isPacked(packed ?? "")).toBe(true);
  expect(await unpackPlan(packed ?? "")).toBe(planOf(400));
});

test("whatever is written is unpacked as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 40 }), async (text) => {
      const long = `${planOf(250)}# ${text}`;
      expect(await unpackPlan((await packPlan(long)) ?? "")).toBe(long);
    }),
    { numRuns: 30 },
  );
});

test("what nothing can pack into an address is not put there", async () => {
  const noise = Array.from({ length: 30_000 }, (_, at) => String.fromCharCode(33 + ((at * at * 7919) % 90))).join("");
  const digits = Array.from({ length: 40_000 }, (_, at) => Math.sin(at).toString().slice(-6)).join("");

  expect(await packPlan(digits + noise)).toBeNull();
});

test("a packed plan that was cut, or that would fill the memory, is refused", async () => {
  const packed = (await packPlan(planOf(400))) ?? "";
  await expect(unpackPlan(packed.slice(0, -40))).rejects.toThrow("was cut or changed");
  await expect(unpackPlan("deflate.****")).rejects.toThrow("was cut or changed");

  const zeros = new Blob(["a".repeat(5_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(zeros).arrayBuffer());
  const bomb = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  expect(bomb.length).toBeLessThan(planTextMax);
  await expect(unpackPlan(`deflate.${bomb}`)).rejects.toThrow("more than 500000 bytes");
});
