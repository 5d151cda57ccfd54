import { seededRandom } from "../../src/base/random.ts";
import {
  itemOf,
  minute,
  nodeOf,
  queuesOf,
  settings,
  shapeOf,
} from "../../src/scheduling/engine/fixtures/engine-values.ts";
import { Scheduler } from "../../src/scheduling/engine/scheduler.ts";
import type { WorkItem } from "../../src/scheduling/engine/model.ts";

const nodesCount = Number(process.argv[2] ?? 5000);
const pending = Number(process.argv[3] ?? 50_000);
const cycles = Number(process.argv[4] ?? 200);
const random = seededRandom(7);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;

const engine = new Scheduler(
  { ...settings, planningLooksMax: Number(process.argv[5] ?? 20_000) },
  queuesOf(Array.from({ length: 100 }, (_, index) => `q${index}`)),
);
engine.setPool({ id: "train", levels: ["block", "leaf", "rack"], role: "any", floorMillis: 0 });
for (let n = 0; n < nodesCount; n += 1) {
  const rack = Math.floor(n / 8);
  const leaf = Math.floor(rack / 4);
  const block = Math.floor(leaf / 16);
  engine.setNode(nodeOf(`n${String(n).padStart(5, "0")}`, 8, { domains: [`b${block}`, `l${leaf}`, `r${rack}`] }));
}
let count = 0;
const limits = [30, 60, 120, 240, 480, 1440].map((m) => m * minute);
function arrival(at: number): WorkItem {
  count += 1;
  const kind = random.next();
  const queue = `q${Math.floor(random.next() * 100)}`;
  const id = `w${count}`;
  const base = { queue, submittedAt: at, limitMs: pick(limits), priority: pick([30, 50, 50, 70]) };
  if (kind < 0.01) {
    const members = pick([2, 4, 8]);
    return itemOf(id, 8, {
      ...base,
      members: { min: members, max: members },
      topology: pick([null, { required: "leaf" }, { preferred: "rack" }]),
    });
  }
  const gpus = pick([1, 1, 1, 1, 1, 2, 2, 8]);
  return itemOf(id, gpus, { ...base, shape: shapeOf(gpus, { cpuMillis: gpus * pick([4000, 8000, 12000]) }) });
}
const ends: { id: string; at: number }[] = [];
const items = new Map<string, WorkItem>();
function submit(at: number) {
  const item = arrival(at);
  items.set(item.id, item);
  engine.submit(item);
}
let now = 0;
let started = 0;
function cycle(): number {
  const t0 = process.cpuUsage();
  const { starts } = engine.cycle(now);
  const used = process.cpuUsage(t0);
  started += starts.length;
  for (const { id } of starts) {
    const limit = items.get(id)?.limitMs ?? 0;
    ends.push({ id, at: now + limit * (0.2 + 0.8 * random.next()) });
  }
  return (used.user + used.system) / 1000;
}
const t = performance.now();
while (engine.runningCount < nodesCount * 4 && count < pending + nodesCount * 8) {
  for (let i = 0; i < 500; i += 1) submit(now);
  cycle();
  if (engine.waitingCount > 3000) break;
}
console.error(
  `filled: running ${engine.runningCount} waiting ${engine.waitingCount} ${(performance.now() - t).toFixed(0)} ms`,
);
while (engine.waitingCount < pending) submit(now);
let setup = 0;
for (let i = 0; i < Number(process.argv[6] ?? 20); i += 1) {
  now += 1000;
  setup += cycle();
}
console.error(`setup ${setup.toFixed(0)} ms cpu`);
const times: number[] = [];
started = 0;
let finishedN = 0;
for (let c = 0; c < cycles; c += 1) {
  now += 10_000;
  let finished = 0;
  for (let i = ends.length - 1; i >= 0; i -= 1) {
    const end = ends[i];
    if (end === undefined || end.at > now) continue;
    ends[i] = ends.at(-1) as { id: string; at: number };
    ends.pop();
    engine.finish(end.id, now);
    finished += 1;
  }
  finishedN += finished;
  while (engine.waitingCount < pending) submit(now);
  times.push(cycle());
}
times.sort((a, b) => a - b);
const q = (p: number) => times[Math.min(times.length - 1, Math.floor(p * times.length))]?.toFixed(1);
console.log({
  nodesCount,
  pending,
  running: engine.runningCount,
  finishedPerCycle: finishedN / cycles,
  startedPerCycle: started / cycles,
  p50: q(0.5),
  p90: q(0.9),
  p99: q(0.99),
  max: q(1),
  usPerStart: ((times.reduce((a, b) => a + b, 0) / started) * 1000).toFixed(0),
});
