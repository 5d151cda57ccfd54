import { AdmissionQueue, type AdmissionTicket } from "../../src/serving/gateway/admission/admission-queue.ts";
import { LeaseBook } from "../../src/serving/gateway/limits/lease-book.ts";
import { LimitLedger, type OpenAccount } from "../../src/serving/gateway/limits/limit-ledger.ts";
import type { LimitMeasure, LimitRule, LimitSubject } from "../../src/serving/gateway/limits/limit-rule.ts";
import { ShareDesk } from "../../src/serving/gateway/limits/share-desk.ts";
import { openSoleAccount } from "../../src/serving/gateway/limits/sole-account.ts";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";
import { measureLimitedWorkers } from "./limit-workers.ts";

/*
 * What limits and admission cost of a request: microseconds for a reservation and its settlement, and for an offer and its
 * release. One process, one thread; each trial runs long enough for the compiler to be warm. And how much of small limits
 * four workers of a real gateway use.
 */

const trials = 7;
const turns = 200_000;
const tiers = ["key", "project", "team", "deployment"] as const;
const measures: readonly LimitMeasure[] = ["requests", "tokens", "concurrency", "money"];

const subject: LimitSubject = {
  identity: "ada",
  key: "0198a1b2-key",
  project: "flights",
  team: "red",
  deployment: "chat",
};
const anyone = { identity: null, key: null, project: null, team: null, deployment: null };

function rulesOf(counted: readonly LimitMeasure[]): readonly LimitRule[] {
  return tiers.flatMap((tier) =>
    counted.map((measure): LimitRule => {
      const base = { id: `${tier}/${measure}`, name: tier, subject: { ...anyone, [tier]: subject[tier] } };
      return measure === "money"
        ? { ...base, measure, amount: 1e14, per: "month" }
        : { ...base, measure, amount: measure === "concurrency" ? 10_000 : 1e9 };
    }),
  );
}

function microsEach(turn: (at: number) => void): readonly number[] {
  return Array.from({ length: trials }, () => {
    const startedMs = performance.now();
    for (let at = 0; at < turns; at += 1) turn(at);
    return ((performance.now() - startedMs) * 1000) / turns;
  });
}

function show(what: string, micros: readonly number[]): void {
  const steady = micros.slice(2);
  const [least, most] = [Math.min(...steady), Math.max(...steady)];
  process.stdout.write(`${what}: ${median(steady).toFixed(2)} µs (${least.toFixed(2)} to ${most.toFixed(2)})\n`);
}

/** @param underWay requests that are open meanwhile, ended in the order in which they began. */
function measureLedger(
  what: string,
  counted: readonly LimitMeasure[],
  open: OpenAccount,
  underWay: number,
  lease: () => void,
): void {
  let now = Date.UTC(2026, 0, 1);
  const ledger = new LimitLedger(open, 600_000);
  ledger.setRules(rulesOf(counted), now);
  const ask = { subject, tokens: 900, microMoney: 700 };
  const used = { tokensIn: 500, tokensOut: 150, microMoney: 320 };
  const tickets: Parameters<LimitLedger["settle"]>[0][] = [];
  const micros = microsEach((at) => {
    if (at % 10 === 0) now += 1;
    let answer = ledger.reserve(ask, now);
    while (answer.kind === "lease-first") {
      lease();
      answer = ledger.reserve(ask, now);
    }
    if (answer.kind === "refused") throw new Error(`refused by ${answer.limit.id}`);
    tickets[at % underWay] = answer.ticket;
    const ended = tickets[(at + 1) % underWay];
    if (ended?.state === "open") ledger.settle(ended, used, now);
  });
  show(what, micros);
}

function measureLeased(counted: readonly LimitMeasure[]): void {
  const now = Date.UTC(2026, 0, 1);
  const book = new LeaseBook(now);
  book.setRules(rulesOf(counted), now);
  const desk = new ShareDesk(now);
  let leases = 0;
  measureLedger("reserve and settle, 16 limits in four tiers, leased shares", counted, desk.open, 64, () => {
    leases += 1;
    desk.apply(book.lease("worker", desk.report(now), now).grants, now);
  });
  process.stdout.write(`  with ${leases} exchanges with the owner in ${trials * turns} requests\n`);
}

function measureQueue(what: string, waiting: number, tenants: number): void {
  let now = 0;
  const capacity = 64;
  const queue = new AdmissionQueue(capacity, now);
  const underWay: AdmissionTicket[] = [];
  let made = 0;
  const offer = (): void => {
    made += 1;
    const tenant = `tenant-${made % tenants}`;
    const answer = queue.offer({ band: "default", tenant, weight: 1, cost: 900, deadline: now + 50_000 }, now);
    if (answer.kind === "shed") throw new Error(`shed: ${answer.why}`);
    if (answer.kind === "admitted") underWay.push(answer);
  };
  const before = waiting === 0 ? 8 : capacity - Math.floor(0.3 * capacity) + waiting;
  for (let at = 0; at < before; at += 1) offer();
  let head = 0;
  const micros = microsEach((at) => {
    if (at % 10 === 0) now += 1;
    const ended = underWay[head];
    head += 1;
    if (ended === undefined) throw new Error("nothing is under way");
    offer();
    underWay.push(...queue.release(ended, 700, now));
    if (head > 100_000) {
      underWay.splice(0, head);
      head = 0;
    }
  });
  show(what, micros);
}

measureLedger(
  "reserve and settle, 8 limits in four tiers",
  ["requests", "tokens"],
  openSoleAccount,
  64,
  () => undefined,
);
measureLedger("reserve and settle, 16 limits in four tiers", measures, openSoleAccount, 64, () => undefined);
measureLeased(measures);
measureQueue("offer and release, nobody waits", 0, 16);
measureQueue("offer and release, 400 wait, 16 tenants", 400, 16);
measureQueue("offer and release, 400 wait, 400 tenants", 400, 400);
await measureLimitedWorkers();
process.stdout.write(`${provenance().join("\n")}\n`);
