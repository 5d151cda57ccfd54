import { formatMemory } from "../../base/units.ts";
import { memberMillis } from "../engine/amounts.ts";
import type { EngineState } from "../engine/engine-state.ts";
import { type Shape, wholeGpu } from "../engine/model.ts";
import type { NodeState } from "../engine/node-state.ts";
import { placeMembers } from "../engine/place-members.ts";
import type { PlaceAsk } from "../engine/place-search.ts";
import type { PoolState } from "../engine/pool-state.ts";
import type { PassingCode } from "./model.ts";
import { membersThatFit } from "./refuse-impossible.ts";
import { count, countWith, cpusOf, gpusOf, numberWith, wordsOfAsk, wordsOfGpus } from "./words.ts";

/** What is short of a pool now, beside what runs there. */
export interface CapacityShortage {
  readonly code: PassingCode;
  readonly sentence: string;
  readonly changes: readonly string[];
}

/**
 * Tells what is short where a workload does not fit beside what runs: the domain, GPUs, their place, or the rest.
 *
 * `asked` is the shape in the words of who asked: `ask` is of one GPU model.
 */
export function findCapacityShortage(
  state: EngineState,
  pool: PoolState,
  ask: PlaceAsk,
  hosts: readonly NodeState[],
  asked: Shape,
): CapacityShortage {
  const { topology } = ask;
  if (topology !== null && fitsWith(state, pool, { ...ask, topology: null }, hosts)) {
    return topologyBusy(pool, ask, slotsOf(state, pool, ask.shape, hosts));
  }
  const loose = { ...ask, topology: null };
  if (fitsWith(state, pool, { ...loose, shape: bare(ask.shape) }, hosts)) {
    return restShort(state, pool, loose, hosts, asked);
  }
  return gpusShort(pool, ask, hosts, asked);
}

function gpusShort(
  pool: PoolState,
  { min, shape }: PlaceAsk,
  hosts: readonly NodeState[],
  asked: Shape,
): CapacityShortage {
  const free = hosts.reduce((sum, node) => sum + node.gpuMillisFree, 0);
  const whole = hosts.reduce((sum, node) => sum + node.gpusWhole, 0);
  const most = Math.max(0, ...hosts.map((node) => freeOn(node, shape)));
  const place = hosts.length === 1 ? "" : " on one node";
  const asks = `it asks for ${wordsOfAsk(asked, min)}`;
  const changes = mostOf(shape, most, min);
  const of = asked.gpuModels.length === 1 || pool.models.length === 1 ? "" : `${shape.gpuModels.join(" or ")} `;
  if (free < memberMillis(shape) * min) {
    const scattered = hosts.length > 1 && free > most ? `; ${numberWith(gpusOf(free), "is")} free in all` : "";
    const there = most === 0 ? `no ${of}GPU is free` : `${wordsOfFree(most, of)} free${place}`;
    return { code: "insufficient-gpus", sentence: `${asks}, and ${there}${scattered}`, changes };
  }
  const isWhole = shape.gpu.kind === "whole";
  const pieces = isWhole && whole * wholeGpu < free ? `, ${whole} of them whole` : "";
  const alone = isWhole ? `, but no more than ${gpusOf(most)}${place}` : ", but in smaller pieces";
  const found = `${wordsOfFree(free, of)} free in all${pieces}`;
  return {
    code: "fragmented",
    sentence: `${asks}, and ${found}${min === 1 ? alone : ", but not as its members ask for them"}`,
    changes: [...changes, "move runs together"],
  };
}

/** `2 are`; with a model `2 A100 GPUs are`. */
function wordsOfFree(millis: number, model: string): string {
  const free = gpusOf(millis);
  return model === "" ? numberWith(free, "is") : countWith(free, `${model}GPU`, "is");
}

/** GPUs of a node that a member could take, in milli-GPUs. */
function freeOn(node: NodeState, { gpu }: Shape): number {
  return gpu.kind === "whole" ? node.gpusWhole * wholeGpu : node.gpuMillisFree;
}

function mostOf(shape: Shape, mostMillis: number, members: number): readonly string[] {
  if (shape.gpu.kind !== "whole" || mostMillis < wholeGpu || mostMillis >= memberMillis(shape)) {
    return members > 1 ? ["ask for fewer members"] : [];
  }
  return [`ask for ${wordsOfGpus({ kind: "whole", count: gpusOf(mostMillis) })}${members > 1 ? " each" : ""}`];
}

function topologyBusy(pool: PoolState, ask: PlaceAsk, slots: Int32Array): CapacityShortage {
  const { required, slice } = ask.topology ?? {};
  const inDomain = membersThatFit(pool, slots, ask);
  const anywhere = slots.reduce((sum, held) => sum + held, 0);
  const groups = slice === undefined ? "" : ` in groups of ${slice.size} within one ${slice.level}`;
  const level = required === undefined ? groups : ` in one ${required}${groups}`;
  const room =
    required === undefined
      ? `so grouped there is room for ${inDomain}`
      : `the ${required} with most room holds ${inDomain}`;
  return {
    code: "topology-busy",
    sentence: `its ${count(ask.min, "member")} must lie${level}, and ${room} of them now, though pool ${pool.spec.id} has room for ${anywhere}`,
    changes: [required === undefined ? "ask for smaller groups" : "require a wider level, or only prefer it"],
  };
}

/** GPUs would do: names the first of CPUs, memory and custom resources that is short together with them. */
function restShort(
  state: EngineState,
  pool: PoolState,
  ask: PlaceAsk,
  hosts: readonly NodeState[],
  asked: Shape,
): CapacityShortage {
  const { shape } = ask;
  const fits = (part: Partial<Shape>): boolean =>
    fitsWith(state, pool, { ...ask, shape: { ...bare(shape), ...part } }, hosts);
  const each = ask.min === 1 ? "it asks for" : `each of its ${ask.min} members asks for`;
  const beside = shape.gpu.kind === "none" ? "" : ` beside ${wordsOfGpus(asked.gpu, asked.gpuModels)}`;
  const place = hosts.length === 1 ? "" : " on one node";
  const able = hosts.filter((node) => node.slotsNow(bare(shape), state.cluster.room) > 0);
  if (!fits({ cpuMillis: shape.cpuMillis })) {
    const free = cpusOf(Math.max(0, ...able.map((node) => node.cpuFree)));
    return {
      code: "insufficient-cpus",
      sentence: `${each} ${count(cpusOf(shape.cpuMillis), "CPU")}${beside}, and ${numberWith(free, "is")} free${place}`,
      changes: free > 0.01 ? [`ask for at most ${count(free, "CPU")}`] : [],
    };
  }
  if (!fits({ memory: shape.memory })) {
    const free = Math.max(0, ...able.map((node) => node.memoryFree));
    return {
      code: "insufficient-memory",
      sentence: `${each} ${formatMemory(shape.memory)} of memory${beside}, and ${formatMemory(free, shape.memory)} is free${place}`,
      changes: free > 0 ? [`ask for at most ${formatMemory(free, shape.memory)} of memory`] : [],
    };
  }
  for (const [name, wanted] of Object.entries(shape.custom ?? {})) {
    if (fits({ custom: { [name]: wanted } })) continue;
    const free = Math.max(0, ...able.map((node) => node.customFree[name] ?? 0));
    return {
      code: "insufficient-custom",
      sentence: `${each} ${wanted} of ${name}${beside}, and ${numberWith(free, "is")} free${place}`,
      changes: free > 0 ? [`ask for at most ${free} of ${name}`] : [],
    };
  }
  return {
    code: "fragmented",
    sentence: "no single node has all of what it asks for free at once",
    changes: ["ask for less memory or fewer CPUs", "move runs together"],
  };
}

/** The GPUs of a shape without all else. */
function bare(shape: Shape): Shape {
  const { custom: _, ...rest } = shape;
  return { ...rest, cpuMillis: 0, memory: 0 };
}

function fitsWith(state: EngineState, pool: PoolState, ask: PlaceAsk, hosts: readonly NodeState[]): boolean {
  return placeMembers(pool.topology, slotsOf(state, pool, ask.shape, hosts), ask) !== null;
}

function slotsOf(state: EngineState, pool: PoolState, shape: Shape, hosts: readonly NodeState[]): Int32Array {
  const slots = new Int32Array(pool.nodes.length);
  for (const node of hosts) slots[node.index] = node.slotsNow(shape, state.cluster.room);
  return slots;
}
