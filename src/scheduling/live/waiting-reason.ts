import { formatSize } from "../../base/units.ts";
import { couldEverFit, findImpossibility, gpusNeeded } from "../../compute/fit-node.ts";
import type { PendingReason, QueuedWorkload } from "../../compute/ports.ts";
import { displayName } from "../../compute/workload-row.ts";
import { amountsOf } from "../engine/amounts.ts";
import { migProfiles } from "../engine/mig-profile.ts";
import type { ExplainWaiting, WaitingCase } from "../ports.ts";
import { describeShortage } from "../quota/describe-shortage.ts";
import { type FreeNode, freeGpus, type PoolSituation } from "./pool-situation.ts";
import { isLent, roleOf } from "./to-work-item.ts";

/** How many blockers a reason names; the largest first. */
const blockersMax = 5;
/** Sums of fractional CPUs are compared with this much slack. */
const cpuSlack = 1e-9;

/** Says why a workload waits: what it can never have first, then its quota, then what is in use, then whose turn it is. */
export const explainWaiting: ExplainWaiting = (given) => {
  const ready = given.pools.filter((pool) => pool.readiness === "ready");
  const [first] = given.pools;
  if (ready.length === 0) return first === undefined ? noPool(given.workload) : notReady(first);
  return explainQueue(given) ?? explainPools(given, ready) ?? explainShortage(given) ?? explainRoom(given, ready);
};

function noPool({ pools }: QueuedWorkload): PendingReason {
  return reason("no-such-pool", `it names no pool that there is: ${pools.join(", ")}`, ["choose another pool"]);
}

function notReady({ name, readiness }: PoolSituation): PendingReason {
  switch (readiness) {
    case "absent":
      return reason("no-such-pool", `there is no pool ${name}`, [`apply a Pool named ${name}`, "choose another pool"]);
    case "draining":
      return reason("pool-draining", `pool ${name} is being deleted and starts nothing new`, ["choose another pool"]);
    case "ready":
    case "unobserved":
      return reason("pool-not-ready", `the machines of pool ${name} are being looked at`, ["wait a few seconds"]);
  }
}

function explainQueue({ workload, item }: WaitingCase): PendingReason | null {
  if (item !== null) return null;
  const sentence = `it asks to be counted against the queue ${workload.queue}, and there is no such queue in the quota tree`;
  return reason("no-such-queue", sentence, [
    `make a project or a quota named ${workload.queue}`,
    "leave the queue out",
  ]);
}

/** What none of its pools could ever give it. */
function explainPools({ workload, item }: WaitingCase, ready: readonly PoolSituation[]): PendingReason | null {
  const { migProfile } = workload.resources;
  if (migProfile !== undefined && !migProfiles.includes(migProfile)) {
    const known = migProfiles.join(", ");
    return reason("no-mig", `never: there is no MIG profile ${migProfile}; there are ${known}`, [`ask for ${known}`]);
  }
  const lent = ready.filter(({ spec }) => spec !== null && isLent(spec, roleOf(workload.purpose)));
  if (lent.length === 0) {
    const names = ready.map((pool) => pool.name).join(", ");
    const sentence = `never: pool ${names} is not lent to workloads for ${workload.purpose}`;
    return reason("pool-not-lent", sentence, [`set lend: true in pool ${names}`, "choose another pool"]);
  }
  const problems = lent.map((pool) =>
    findImpossibility(
      workload.resources,
      pool.nodes.map(({ node }) => node),
    ),
  );
  const [impossible] = problems;
  if (impossible !== null && impossible !== undefined && !problems.includes(null)) {
    return reason(impossible.code, `never: ${impossible.sentence}`, impossible.changes);
  }
  if (item !== null && !lent.some(({ name }) => item.pools.includes(name))) {
    const level = workload.topology?.required ?? workload.topology?.slice?.level ?? "";
    const sentence = `never: it asks for its members within one ${level}, and no pool of its has such a level`;
    return reason("no-such-level", sentence, ["loosen its topology", `add the level ${level} to the pool's topology`]);
  }
  return null;
}

function explainShortage({ item, engine }: WaitingCase): PendingReason | null {
  if (item === null) return null;
  const [model] = item.shape.gpuModels;
  const amounts = amountsOf(item.shape, item.members.min, item.shape.gpuModels.length === 1 ? (model ?? null) : null);
  const shortage = engine.shares.findShortage({ queue: item.queue, amounts });
  if (shortage === null) return null;
  if (shortage.asked > shortage.ceiling) {
    const sentence = `never: ${describeShortage(shortage)}`;
    return reason("quota-too-small", sentence, ["ask for less", "raise the quota or its borrowing limit"]);
  }
  const changes = ["wait until others of the quota end", "ask for less", "raise the quota or its borrowing limit"];
  return reason("quota-exhausted", describeShortage(shortage), changes);
}

/** Names what is short, GPUs before memory before CPUs, on the nodes that could run the workload. */
function explainRoom(given: WaitingCase, ready: readonly PoolSituation[]): PendingReason {
  const { resources } = given.workload;
  const nodes = ready.flatMap((pool) => pool.nodes);
  const fitting = nodes.filter(({ node }) => couldEverFit(resources, node));
  const names = new Set(fitting.map(({ node }) => node.name));
  const holders = ready
    .flatMap((pool) => pool.holders)
    .filter((holder) => holder.places.some((place) => names.has(place.node)));
  if (fitting.some((free) => hasRoom(given.workload, free)) && given.workload.members.min === 1) return behind(given);
  const short = findShort(given.workload, fitting);
  return {
    code: short.code,
    sentence: withPlan(short.sentence, given),
    ...help(holders, short.amountOf, short.smaller),
  };
}

function hasRoom({ resources }: QueuedWorkload, free: FreeNode): boolean {
  return (
    resources.cpus <= free.cpus + cpuSlack &&
    resources.memory <= free.memory &&
    gpusNeeded(resources) <= freeGpus(resources, free).length
  );
}

interface Short {
  readonly code: string;
  readonly sentence: string;
  readonly amountOf: (holder: QueuedWorkload) => number;
  readonly smaller: string | null;
}

function findShort({ resources, members }: QueuedWorkload, fitting: readonly FreeNode[]): Short {
  const gpus = Math.max(0, ...fitting.map((free) => freeGpus(resources, free).length));
  const memory = Math.max(0, ...fitting.map((free) => free.memory));
  const cpus = Math.max(0, ...fitting.map((free) => free.cpus));
  const place = fitting.length === 1 ? "" : " on one node";
  if (gpusNeeded(resources) > gpus) return shortOfGpus(resources, gpus, fitting, place);
  if (resources.memory > memory) {
    return {
      code: "insufficient-memory",
      sentence: `it asks for ${formatSize(resources.memory)} of memory and ${formatSize(memory)} is free${place}`,
      amountOf: (holder) => holder.resources.memory,
      smaller: memory > 0 ? `ask for at most ${formatSize(memory)} of memory` : null,
    };
  }
  if (resources.cpus > cpus + cpuSlack) {
    return {
      code: "insufficient-cpus",
      sentence: `it asks for ${count(resources.cpus, "CPU")} and ${round(cpus)} ${cpus === 1 ? "is" : "are"} free${place}`,
      amountOf: (holder) => holder.resources.cpus,
      smaller: cpus > 0.01 ? `ask for at most ${count(round(cpus), "CPU")}` : null,
    };
  }
  return {
    code: "insufficient-room",
    sentence:
      members.min > 1
        ? `there is no room for ${members.min} members at once as they must lie to each other`
        : "no single node has all of what it asks for free at once",
    amountOf: (holder) => holder.resources.gpus + holder.resources.cpus,
    smaller: members.min > 1 ? "ask for fewer members, or a looser topology" : null,
  };
}

function shortOfGpus(
  resources: QueuedWorkload["resources"],
  gpus: number,
  fitting: readonly FreeNode[],
  place: string,
): Short {
  const amountOf = (holder: QueuedWorkload): number => holder.resources.gpus;
  if (resources.gpus < 1) {
    const asked = resources.migProfile === undefined ? `${resources.gpus} of a GPU` : `a ${resources.migProfile}`;
    const sentence = `it asks for ${asked}, and no GPU has that much left`;
    return { code: "insufficient-gpus", sentence, amountOf, smaller: "ask for a smaller share" };
  }
  const total = fitting.reduce((sum, free) => sum + freeGpus(resources, free).length, 0);
  const scattered = total > gpus ? `; ${total} are free in all, but not on one node` : "";
  const asked = count(resources.gpus, "GPU");
  return {
    code: "insufficient-gpus",
    sentence: `it asks for ${asked} and ${gpus} ${gpus === 1 ? "is" : "are"} free${place}${scattered}`,
    amountOf,
    smaller: gpus > 0 ? `ask for ${count(gpus, "GPU")}` : null,
  };
}

/** There is room, and it is kept for others whose turn comes first. */
function behind(given: WaitingCase): PendingReason {
  const { workload, planned } = given;
  const others = planned.filter(
    (each) => each.id !== workload.id && each.pools.some((p) => workload.pools.includes(p)),
  );
  const [first] = others;
  if (first === undefined) {
    return reason("not-looked-at", "there is room; the scheduler has not given it its place yet", ["wait a moment"]);
  }
  const blocker = { id: first.id, name: displayName(first), gpus: first.resources.gpus };
  return {
    code: "behind-others",
    sentence: withPlan(
      `the room that is free is kept for ${displayName(first)}, which is before it in the queue`,
      given,
    ),
    blockers: [blocker],
    changes: [
      `wait for ${displayName(first)}`,
      ...(workload.limitMs === null
        ? ["give it a limit on its running time, so that it may pass"]
        : ["shorten its limit"]),
      ...(first.priority < 100 ? [`give it a priority above ${first.priority}`] : []),
    ],
  };
}

/** When it starts is told beside the reason: a reason that named the time would never be the same for long. */
function withPlan(sentence: string, { workload, engine }: WaitingCase): string {
  return engine.plannedStart(workload.id)?.isHeld === true ? `${sentence}; room is being made for it` : sentence;
}

/** Who holds what is short, the largest holder first, and what would help. */
function help(
  holders: readonly QueuedWorkload[],
  amount: (holder: QueuedWorkload) => number,
  smaller: string | null,
): Pick<PendingReason, "blockers" | "changes"> {
  const blockers = holders
    .filter((holder) => amount(holder) > 0)
    .toSorted((left, right) => amount(right) - amount(left) || (left.id < right.id ? -1 : 1))
    .slice(0, blockersMax)
    .map((holder) => ({ id: holder.id, name: displayName(holder), gpus: holder.resources.gpus }));
  const [first] = blockers;
  return {
    blockers,
    changes: [
      ...(smaller === null ? [] : [smaller]),
      first === undefined ? "wait until another pool lets go of it" : `wait for ${first.name}`,
    ],
  };
}

function reason(code: string, sentence: string, changes: readonly string[]): PendingReason {
  return { code, sentence, blockers: [], changes };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

function round(cpus: number): number {
  return Math.floor(cpus * 100 + cpuSlack) / 100;
}
