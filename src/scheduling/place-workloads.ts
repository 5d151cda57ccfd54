import { formatSize, type Bytes } from "../base/units.ts";
import { couldEverFit, findImpossibility, isModelWanted } from "../compute/fit-node.ts";
import type {
  Assignment,
  ComputeNode,
  NodeGpu,
  PendingReason,
  PoolReadiness,
  PoolSnapshot,
  ResourceRequest,
  Workload,
} from "../compute/ports.ts";
import { displayName } from "../compute/workload-row.ts";

/** How many blockers a reason names; the largest first. */
const blockersMax = 5;
/** Sums of fractional CPUs are compared with this much slack. */
const cpuSlack = 1e-9;

/** What is free on a node while a pass goes on. */
interface FreeNode {
  readonly node: ComputeNode;
  readonly cpus: number;
  readonly memory: Bytes;
  readonly gpus: readonly NodeGpu[];
}

/** What a pass decided: places for some, and for each other workload the one reason why it waits. */
export interface PlacementDecision {
  readonly assignments: readonly Assignment[];
  readonly reasons: ReadonlyMap<string, PendingReason>;
}

/** Waiting workloads in the order in which they get places: higher priority, then longer waiting, then by id. */
export function queueOrder(waiting: readonly Workload[]): readonly Workload[] {
  return waiting.toSorted(
    (left, right) =>
      right.priority - left.priority ||
      left.queuedAt - right.queuedAt ||
      (left.id < right.id ? -1 : left.id > right.id ? 1 : 0),
  );
}

/**
 * Gives places to the workloads of one pool, in strict order: once one waits for room, all behind it wait too, so
 * that a large request is never passed by small ones for ever. Requests that no node could ever run hold nobody up.
 *
 * Same inputs give the same answer whatever their order. Never gives more than a node has.
 */
export function placeWorkloads(snapshot: PoolSnapshot): PlacementDecision {
  const order = queueOrder(snapshot.waiting);
  const assignments: Assignment[] = [];
  const reasons = new Map<string, PendingReason>();
  if (snapshot.readiness !== "ready") {
    for (const workload of order) reasons.set(workload.id, notReady(snapshot.pool, snapshot.readiness));
    return { assignments, reasons };
  }
  let free = freeNodes(snapshot);
  let head: Workload | undefined;
  for (const workload of order) {
    const impossible = findImpossibility(workload.resources, snapshot.nodes);
    if (impossible !== null) {
      reasons.set(workload.id, { ...impossible, sentence: `never: ${impossible.sentence}`, blockers: [] });
      continue;
    }
    if (head !== undefined) {
      reasons.set(workload.id, behind(workload, head, free));
      continue;
    }
    const place = findPlace(workload.resources, free);
    if (place === undefined) {
      head = workload;
      reasons.set(workload.id, noRoom(workload, snapshot, free));
      continue;
    }
    assignments.push({ id: workload.id, node: place.node.node.name, gpus: place.gpus });
    free = free.map((each) => (each === place.node ? take(each, workload.resources, place.gpus) : each));
  }
  return { assignments, reasons };
}

function freeNodes(snapshot: PoolSnapshot): readonly FreeNode[] {
  return snapshot.nodes
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .map((node) => {
      const held = snapshot.holding.filter((workload) => workload.node === node.name);
      return {
        node,
        cpus: node.cpus - held.reduce((sum, workload) => sum + workload.resources.cpus, 0),
        memory: node.memory - held.reduce((sum, workload) => sum + workload.resources.memory, 0),
        gpus: node.gpus
          .filter((gpu) => !snapshot.devicesTaken.has(gpu.device))
          .toSorted((left, right) => left.index - right.index),
      };
    });
}

function wantedGpus(request: ResourceRequest, free: FreeNode): readonly NodeGpu[] {
  return free.gpus.filter((gpu) => isModelWanted(gpu, request.gpuModel));
}

function isRoomFor(request: ResourceRequest, free: FreeNode): boolean {
  return (
    request.cpus <= free.cpus + cpuSlack &&
    request.memory <= free.memory &&
    request.gpus <= wantedGpus(request, free).length
  );
}

/** The fitting node with the fewest free GPUs, then CPUs, then by name: wide holes stay for wide requests. */
function findPlace(
  request: ResourceRequest,
  free: readonly FreeNode[],
): { readonly node: FreeNode; readonly gpus: readonly NodeGpu[] } | undefined {
  const [node] = free
    .filter((each) => isRoomFor(request, each))
    .toSorted(
      (left, right) =>
        left.gpus.length - right.gpus.length || left.cpus - right.cpus || (left.node.name < right.node.name ? -1 : 1),
    );
  return node === undefined ? undefined : { node, gpus: wantedGpus(request, node).slice(0, request.gpus) };
}

function take(free: FreeNode, request: ResourceRequest, gpus: readonly NodeGpu[]): FreeNode {
  const taken = new Set(gpus.map((gpu) => gpu.device));
  return {
    node: free.node,
    cpus: free.cpus - request.cpus,
    memory: free.memory - request.memory,
    gpus: free.gpus.filter((gpu) => !taken.has(gpu.device)),
  };
}

function notReady(pool: string, readiness: Exclude<PoolReadiness, "ready">): PendingReason {
  switch (readiness) {
    case "absent":
      return {
        code: "no-such-pool",
        sentence: `there is no pool ${pool}`,
        blockers: [],
        changes: [`apply a Pool named ${pool}`, "choose another pool"],
      };
    case "unobserved":
      return {
        code: "pool-not-ready",
        sentence: `the machines of pool ${pool} are being looked at`,
        blockers: [],
        changes: ["wait a few seconds"],
      };
    case "draining":
      return {
        code: "pool-draining",
        sentence: `pool ${pool} is being deleted and starts nothing new`,
        blockers: [],
        changes: ["choose another pool"],
      };
  }
}

function behind(workload: Workload, head: Workload, free: readonly FreeNode[]): PendingReason {
  const canPass = findPlace(workload.resources, free) !== undefined;
  const blocker = { id: head.id, name: displayName(head), gpus: head.resources.gpus };
  return {
    code: "behind-others",
    sentence: `${displayName(head)} is before it in the queue and waits for room`,
    blockers: [blocker],
    changes: [
      `wait for ${displayName(head)}`,
      ...(canPass && head.priority < 100 ? [`give it a priority above ${head.priority}`] : []),
    ],
  };
}

/** Names what is short, GPUs before memory before CPUs, on the nodes that could run the workload. */
function noRoom(workload: Workload, snapshot: PoolSnapshot, free: readonly FreeNode[]): PendingReason {
  const request = workload.resources;
  const fitting = free.filter((each) => couldEverFit(request, each.node));
  const gpus = Math.max(0, ...fitting.map((each) => wantedGpus(request, each).length));
  const memory = Math.max(0, ...fitting.map((each) => each.memory));
  const cpus = Math.max(0, ...fitting.map((each) => each.cpus));
  const names = new Set(fitting.map((each) => each.node.name));
  const holders = snapshot.holding.filter((holder) => holder.node !== null && names.has(holder.node));
  const place = fitting.length === 1 ? "" : " on one node";
  if (request.gpus > gpus) {
    const total = fitting.reduce((sum, each) => sum + wantedGpus(request, each).length, 0);
    const scattered = total > gpus ? `; ${total} are free in all, but not on one node` : "";
    return {
      code: "insufficient-gpus",
      sentence: `it asks for ${count(request.gpus, "GPU")} and ${gpus} ${gpus === 1 ? "is" : "are"} free${place}${scattered}`,
      ...help(holders, (holder) => holder.resources.gpus, gpus > 0 ? `ask for ${count(gpus, "GPU")}` : null),
    };
  }
  if (request.memory > memory) {
    return {
      code: "insufficient-memory",
      sentence: `it asks for ${formatSize(request.memory)} of memory and ${formatSize(memory)} is free${place}`,
      ...help(
        holders,
        (holder) => holder.resources.memory,
        memory > 0 ? `ask for at most ${formatSize(memory)} of memory` : null,
      ),
    };
  }
  const short = request.cpus > cpus + cpuSlack;
  return {
    code: short ? "insufficient-cpus" : "insufficient-room",
    sentence: short
      ? `it asks for ${count(request.cpus, "CPU")} and ${round(cpus)} ${cpus === 1 ? "is" : "are"} free${place}`
      : "no single node has all of what it asks for free at once",
    ...help(
      holders,
      (holder) => holder.resources.cpus,
      short && cpus > 0.01 ? `ask for at most ${count(round(cpus), "CPU")}` : null,
    ),
  };
}

/** Who holds what is short, the largest holder first, and what would help. */
function help(
  holders: readonly Workload[],
  amount: (holder: Workload) => number,
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

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

function round(cpus: number): number {
  return Math.floor(cpus * 100 + cpuSlack) / 100;
}
