import { expect, test } from "vitest";
import { testClock } from "../../../test/platform.ts";
import { Fault } from "../../base/fault.ts";
import { freshMs, KeyVerdicts, maxVerdicts, refusedMs, staleMs } from "./key-verdicts.ts";

function verdictsWith(options: { readonly holdsUnknown?: boolean } = {}) {
  const clock = testClock();
  const control = { isDown: false, asked: 0, atOnce: 0, mostAtOnce: 0 };
  const held: (() => void)[] = [];
  const verdicts = new KeyVerdicts(async (token) => {
    control.asked += 1;
    control.atOnce += 1;
    control.mostAtOnce = Math.max(control.mostAtOnce, control.atOnce);
    try {
      if (control.isDown) throw new Error("away");
      if (token.startsWith("good")) return { identity: token, project: "p", mostUrgent: "default" };
      if (options.holdsUnknown === true) await new Promise<void>((resolve) => held.push(resolve));
      throw new Fault("tenancy.key-invalid", "no such key");
    } finally {
      control.atOnce -= 1;
    }
  }, clock);
  const admit = async (token: string): Promise<string> =>
    await verdicts.admit(token, "read", null).then(
      ({ identity }) => identity,
      (error: unknown) => (error instanceof Fault ? error.code : String(error)),
    );
  return { clock, control, held, admit };
}

test("a good key is believed for a while, a bad one refused for a shorter one, and each is asked about once", async () => {
  const { clock, control, admit } = verdictsWith();
  expect(await Promise.all(["good", "good", "bad", "bad"].map(admit))).toEqual([
    "good",
    "good",
    "tenancy.key-invalid",
    "tenancy.key-invalid",
  ]);
  expect(control.asked).toBe(2);
  clock.advance(refusedMs);
  await Promise.all(["good", "bad"].map(admit));
  expect(control.asked).toBe(3);
  clock.advance(freshMs);
  await admit("good");
  expect(control.asked).toBe(4);
});

test("however many bad keys come, good ones are not forgotten, also while the control plane is away", async () => {
  const { clock, control, admit } = verdictsWith();
  await admit("good");
  for (let bad = 0; bad < maxVerdicts + 10; bad += 1) await admit(`bad-${bad}`);
  control.isDown = true;
  clock.advance(freshMs);
  expect(await admit("good")).toBe("good");
  expect(await admit("bad-9")).toBe("serving.control-unavailable");
  clock.advance(staleMs);
  expect(await admit("good")).toBe("serving.control-unavailable");
});

test("a flood of unknown keys is asked about a few at once and refused beyond, and a known caller does not wait for it", async () => {
  const { clock, control, held, admit } = verdictsWith({ holdsUnknown: true });
  await admit("good-one");
  const answers: string[] = [];
  const flood = Array.from({ length: 2_000 }, async (_, bad) => answers.push(await admit(`bad-${bad}`)));
  clock.advance(freshMs);

  expect(await admit("good-one")).toBe("good-one");
  expect(control.mostAtOnce).toBeLessThanOrEqual(33);
  while (answers.length < flood.length) {
    for (const release of held.splice(0)) release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(flood);
  expect(answers.filter((answer) => answer === "serving.overloaded")).toHaveLength(2_000 - 1_032);
  expect(answers.filter((answer) => answer === "tenancy.key-invalid")).toHaveLength(1_032);
});

test("a key that is taken away is refused once its verdict is old, and not believed any more", async () => {
  const clock = testClock();
  let isRevoked = false;
  const verdicts = new KeyVerdicts(async () => {
    if (isRevoked) throw new Fault("tenancy.key-invalid", "it was revoked");
    return { identity: "ada", project: "p", mostUrgent: "default" };
  }, clock);
  await verdicts.admit("good", "read", null);
  isRevoked = true;
  clock.advance(freshMs);
  await expect(verdicts.admit("good", "read", null)).rejects.toMatchObject({ code: "tenancy.key-invalid" });
});
