import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../../test/platform.ts";
import { StoredLeaseOwner } from "../drivers/stored-lease-owner.ts";
import { ada, ruleOf } from "../fixtures/limit-rules.ts";
import { leaseMs } from "../gateway/limits/lease.ts";
import { LimitLedger } from "../gateway/limits/limit-ledger.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import { ShareDesk } from "../gateway/limits/share-desk.ts";
import { LimitStore } from "./limit-store.ts";

const day = 86_400_000;

let platform: FreshPlatform;
let store: LimitStore;

beforeAll(async () => {
  platform = await freshPlatform();
  store = new LimitStore(platform.database as never, platform.clock);
});
afterAll(async () => await platform.close());

function budget(team: string, amount: number, per: "day" | "total" = "day"): LimitRule {
  return ruleOf("money", amount, { team }, per);
}

async function ownerOf(...rules: readonly LimitRule[]): Promise<StoredLeaseOwner> {
  const owner = new StoredLeaseOwner({ store, clock: platform.clock, learnsForMs: 0 });
  await owner.setRules(rules);
  return owner;
}

/** A worker of a gateway that asks an owner; another owner may take its place. */
class Worker {
  readonly #name: string;
  readonly #desk = new ShareDesk(platform.clock.now());
  readonly #ledger = new LimitLedger(this.#desk.open, 60 * day);
  readonly #team: string;
  owner: StoredLeaseOwner;

  constructor(name: string, owner: StoredLeaseOwner, rule: LimitRule) {
    this.#name = name;
    this.owner = owner;
    this.#team = rule.subject.team ?? "";
    this.#ledger.setRules([rule], platform.clock.now());
  }

  /** Spends all of it, or nothing. */
  async spend(microMoney: number, used = microMoney): Promise<boolean> {
    const ask = { subject: { ...ada, team: this.#team }, tokens: 0, microMoney };
    const now = platform.clock.now();
    if (this.#ledger.reserve({ ...ask, microMoney }, now).kind === "lease-first") await this.tell();
    else throw new Error("these workers hold nothing ready");
    const answer = this.#ledger.reserve(ask, now);
    if (answer.kind !== "reserved") return false;
    this.#ledger.settle(answer.ticket, { tokensIn: 0, tokensOut: 0, microMoney: used }, now);
    return true;
  }

  async tell(): Promise<void> {
    const now = platform.clock.now();
    this.#desk.apply(await this.owner.lease(this.#name, this.#desk.report(now)), now);
  }
}

test("what was lent and not reported stays spent when the owner and the worker crash between the two", async () => {
  const rule = budget("crash", 1_000);
  const first = await ownerOf(rule);
  expect(await new Worker("crash-1", first, rule).spend(700, 10)).toBe(true);

  // Both are gone: the worker never told that it spent 10 of the 700.
  const second = await ownerOf(rule);
  const survivor = new Worker("crash-2", second, rule);
  expect(await survivor.spend(301)).toBe(false);
  platform.clock.advance(leaseMs + 1);
  expect(await survivor.spend(300)).toBe(true);
  expect(await store.spending(rule.id, Math.floor(platform.clock.now() / day) * day)).toEqual({
    committed: 1_000,
    spent: 0,
  });

  platform.clock.advance(day);
  expect(await survivor.spend(1_000)).toBe(true);
});

test("a worker that outlives its owner reports to the next one, and gets back what it did not use", async () => {
  const rule = budget("outlive", 1_000);
  const worker = new Worker("outlive-1", await ownerOf(rule), rule);
  expect(await worker.spend(900, 100)).toBe(true);

  worker.owner = await ownerOf(rule);
  for (let turn = 0; turn < 2; turn += 1) {
    platform.clock.advance(10_000);
    await worker.tell();
  }
  expect(await store.spending(rule.id, Math.floor(platform.clock.now() / day) * day)).toEqual({
    committed: 100,
    spent: 100,
  });
  const other = new Worker("outlive-2", worker.owner, rule);
  expect(await other.spend(901)).toBe(false);
  platform.clock.advance(leaseMs + 1);
  expect(await other.spend(900)).toBe(true);
});

test("two owners that lend at once never lend more than there is", async () => {
  const rule = budget("rivals", 1_000, "total");
  const [first, second] = [await ownerOf(rule), await ownerOf(rule)];
  const [left, right] = [new Worker("rivals-1", first, rule), new Worker("rivals-2", second, rule)];
  await Promise.all([left.tell(), right.tell()]);

  const outcomes = await Promise.allSettled([left.spend(600), right.spend(600)]);
  expect(outcomes.filter((each) => each.status === "fulfilled" && each.value)).toHaveLength(1);
  expect(outcomes.filter((each) => each.status === "rejected")).toHaveLength(1);
  expect(await store.spending(rule.id, 0)).toMatchObject({ committed: 600 });

  platform.clock.advance(leaseMs);
  const loser = outcomes[0].status === "rejected" ? left : right;
  expect(await loser.spend(400)).toBe(true);
});

test("writing the same twice changes nothing, and sums never fall", async () => {
  const lent = { limit: "twice", window: 0, worker: "w", granted: 500, returned: 100, spent: 50, given: 500 };
  const amountOf = (): number => 1_000;

  expect(await store.record([lent], amountOf)).toBe("written");
  expect(await store.record([lent], amountOf)).toBe("written");
  expect(await store.record([{ ...lent, granted: 300, returned: 60, spent: 20, given: 0 }], amountOf)).toBe("written");
  expect(await store.spending("twice", 0)).toEqual({ committed: 400, spent: 50 });
  expect(await store.record([{ ...lent, worker: "x", granted: 601, returned: 0 }], amountOf)).toBe("rival");
  expect(await store.spending("twice", 0)).toEqual({ committed: 400, spent: 50 });
});

test("workers that are gone are added up, and windows that are long over are forgotten", async () => {
  const [then, amountOf] = [platform.clock.now(), () => 1_000_000];
  const worker = { limit: "tidy", granted: 100, returned: 40, spent: 30, given: 0 };
  await store.record(
    [
      { ...worker, window: 0, worker: "a" },
      { ...worker, window: 0, worker: "b" },
      { ...worker, window: then - 90 * day, worker: "a" },
    ],
    amountOf,
  );
  platform.clock.advance(2 * day);
  for (let round = 0; round < 2; round += 1) {
    await store.tidy(then + day, then - 62 * day);
    const known = (await store.lent(0)).filter((each) => each.limit === "tidy");
    expect(known).toEqual([{ limit: "tidy", window: 0, worker: "", granted: 200, returned: 80, spent: 60, given: 0 }]);
  }
});
