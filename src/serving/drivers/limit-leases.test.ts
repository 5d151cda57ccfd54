import { expect, test } from "vitest";
import { testClock } from "../../../test/platform.ts";
import { silentLog } from "../../platform/log.ts";
import { ada, ruleOf } from "../fixtures/limit-rules.ts";
import { LeaseBook } from "../gateway/limits/lease-book.ts";
import type { ShareReport } from "../gateway/limits/lease.ts";
import { LimitLedger } from "../gateway/limits/limit-ledger.ts";
import { ShareDesk } from "../gateway/limits/share-desk.ts";
import { LimitLeases } from "./limit-leases.ts";

const clock = testClock();
const ask = { subject: ada, tokens: 0, microMoney: 40 };

function workerOn(book: LeaseBook, isDown: () => boolean = () => false) {
  const rules = [ruleOf("money", 100)];
  book.setRules(rules, clock.now());
  const desk = new ShareDesk(clock.now());
  const ledger = new LimitLedger(desk.open, 60_000);
  ledger.setRules(rules, clock.now());
  const heard: (readonly ShareReport[])[] = [];
  const owner = {
    lease: async (worker: string, reports: readonly ShareReport[], now: number) => {
      if (isDown()) throw new Error("the connection is closed");
      heard.push(reports);
      return book.lease(worker, reports, now).grants;
    },
  };
  return { ledger, heard, leases: new LimitLeases({ worker: "a", desk, owner, clock, log: silentLog }) };
}

test("questions that come together are asked in two rounds, and every request finds its answer", async () => {
  const { ledger, heard, leases } = workerOn(new LeaseBook(clock.now()));

  const kinds = await Promise.all(
    [1, 2, 3].map(async () => {
      if (ledger.reserve(ask, clock.now()).kind === "lease-first") await leases.ask();
      return ledger.reserve(ask, clock.now()).kind;
    }),
  );

  // 40 each of a budget of 100.
  expect(kinds.toSorted()).toEqual(["lease-first", "reserved", "reserved"]);
  expect(heard).toHaveLength(2);
  await leases.ask();
  expect(ledger.reserve(ask, clock.now()).kind).toBe("refused");
});

test("an owner that does not answer fails nobody, and what was leased lasts", async () => {
  let isDown = false;
  const { ledger, leases } = workerOn(new LeaseBook(clock.now()), () => isDown);
  const small = { ...ask, microMoney: 2 };
  ledger.reserve(small, clock.now());
  await leases.ask();
  expect(ledger.reserve(small, clock.now()).kind).toBe("reserved");
  isDown = true;
  await leases.ask();

  expect(ledger.reserve(small, clock.now()).kind).toBe("reserved");
  expect(ledger.reserve(small, clock.now()).kind).toBe("lease-first");
  await leases.stop();
});

test("a worker that stops gives back what it does not use", async () => {
  const book = new LeaseBook(clock.now());
  const { ledger, leases } = workerOn(book);
  ledger.reserve(ask, clock.now());
  await leases.ask();
  await leases.stop();

  const nothing = { limit: "/money", window: clock.now(), spent: 0, returned: 0, held: 0 };
  const { grants } = book.lease("b", [{ ...nothing, need: 100, waiting: 100, want: 0 }], clock.now());
  expect(grants[0]?.granted).toBe(100);
});
