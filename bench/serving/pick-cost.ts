import { seededRandom } from "../../src/base/random.ts";
import { createBalancer, policyNames } from "../../src/serving/gateway/routing/create-balancer.ts";
import { hashBlocks } from "../../src/serving/gateway/routing/hash-blocks.ts";
import type { BalancerSettings } from "../../src/serving/gateway/routing/policy-balancer.ts";

/** What picks of one policy cost with so many replicas. */
export interface PickCost {
  readonly policy: string;
  readonly replicas: number;
  /** CPU microseconds of pick, first byte and end together. */
  readonly micros: number;
  /** Members that the dearest pick looked at. */
  readonly looksMax: number;
}

const fleetSizes = [4, 64, 4000] as const;
const picks = 40_000;
const warmUpPicks = 20_000;
/** Requests in flight for each replica. */
const depth = 4;
const prompts = 500;
const promptBytes = 4096;

/** CPU microseconds to hash the blocks of one prompt of so many bytes. */
export function measureHashing(bytes: number): number {
  const prompt = new Uint8Array(bytes).map((_, index) => (index * 31) & 255);
  let sum = 0;
  const hashOften = (): void => {
    for (let turn = 0; turn < warmUpPicks; turn += 1) sum ^= hashBlocks(prompt, turn).at(-1) ?? 0;
  };
  hashOften();
  const began = process.cpuUsage();
  hashOften();
  const { user, system } = process.cpuUsage(began);
  // The sum is used, so that the work cannot be left out.
  return Number.isFinite(sum) ? (user + system) / warmUpPicks : Number.NaN;
}

/** Measures picks with 4 KB prompts of 500 kinds at 4, 64 and 4,000 replicas. */
export function measurePicks(settings: BalancerSettings): readonly PickCost[] {
  return policyNames.flatMap((policy) => fleetSizes.map((replicas) => measure(policy, replicas, settings)));
}

function measure(policy: (typeof policyNames)[number], replicas: number, settings: BalancerSettings): PickCost {
  const random = seededRandom(replicas);
  const balancer = createBalancer(policy, settings, random);
  const ids = Array.from({ length: replicas }, (_, index) => `replica-${index}`);
  balancer.retain(
    ids.map((id) => ({ id, weight: 1, slots: 16, adapters: [] })),
    0,
  );
  const asks = Array.from({ length: prompts }, (_, prompt) => {
    const bytes = new Uint8Array(promptBytes).map((_byte, index) => (index * 31 + prompt * 17 + (index >> 8)) & 255);
    return {
      tokensIn: 1024,
      tokensOut: 128,
      blocks: hashBlocks(bytes, prompt),
      session: `user-${prompt}`,
      adapter: null,
    };
  });
  const flights: NonNullable<ReturnType<typeof balancer.pick>>[] = [];
  let looksMax = 0;
  let began = process.cpuUsage();
  for (let turn = -warmUpPicks; turn < picks; turn += 1) {
    if (turn === 0) began = process.cpuUsage();
    const now = turn / 10;
    const ask = asks[Math.floor(random.next() * prompts)];
    const picked = ask === undefined ? null : balancer.pick(ask, () => true, now);
    if (picked === null) throw new Error(`${policy} picked nobody of ${replicas} usable replicas`);
    looksMax = Math.max(looksMax, balancer.looks);
    flights.push(picked);
    if (flights.length <= depth * Math.min(replicas, 64)) continue;
    const done = flights.shift();
    if (done === undefined) continue;
    balancer.firstByte(done, now);
    balancer.end(done, { kind: "done", tokensIn: 1024, tokensOut: 128 }, now);
  }
  const { user, system } = process.cpuUsage(began);
  return { policy, replicas, micros: (user + system) / picks, looksMax };
}
