import { formatDuration, formatMemory } from "../../base/units.ts";
import { migMillis, migProfiles } from "../engine/mig-profile.ts";
import type { EngineState } from "../engine/engine-state.ts";
import type { TopologyAsk, WorkItem } from "../engine/model.ts";
import { nodeLevel } from "../engine/topology.ts";
import type { EditField } from "./model.ts";
import { count, cpusOf, wordsOfGpus } from "./words.ts";

/** Ever larger changes of one field of a workload; each is a step. */
export interface EditLadder {
  readonly field: EditField;
  readonly from: unknown;
  /** How many steps there are; 1 is the smallest change. */
  readonly steps: number;
  /** The workload, changed by so many steps, in [1, steps]. */
  readonly at: (step: number) => EditStep;
}

export interface EditStep {
  readonly item: WorkItem;
  readonly to: unknown;
  readonly sentence: string;
}

const gibi = 1e9;
const minute = 60_000;
/** What never ends is tried with limits up to this. */
const limitMsMax = 30 * 1440 * minute;
const shareStepMillis = 10;
/** How many other pools and GPU models are tried. */
const choicesMax = 4;

/** Every way in which one field of a workload could ask for less, or for more of others; the gentlest first. */
export function editLadders(state: EngineState, item: WorkItem): readonly EditLadder[] {
  return [
    ...gpuLadder(item),
    ...memberLadder(item),
    ...limitLadder(item, state.waiting.get(item.id)?.reckonedMs ?? limitMsMax),
    ...topologyLadders(state, item),
    ...modelLadders(state, item),
    ...poolLadders(state, item),
    ...amountLadder(item, "cpuMillis"),
    ...amountLadder(item, "memory"),
    ...priorityLadder(item),
  ].filter((ladder) => ladder.steps > 0);
}

function gpuLadder(item: WorkItem): readonly EditLadder[] {
  const { shape, members } = item;
  const { gpu, gpuModels } = shape;
  const each = members.max > 1 ? " each" : "";
  const stepTo = (changed: typeof gpu, to: unknown): EditStep => ({
    item: { ...item, shape: { ...shape, gpu: changed } },
    to,
    sentence: `ask for ${wordsOfGpus(changed, gpuModels)}${each}`,
  });
  switch (gpu.kind) {
    case "none":
      return [];
    case "whole": {
      const at = (step: number) => stepTo({ kind: "whole", count: gpu.count - step }, gpu.count - step);
      return [{ field: "shape.gpu.count", from: gpu.count, steps: gpu.count - 1, at }];
    }
    case "share": {
      const millisAt = (step: number) =>
        Math.ceil(gpu.millis / shareStepMillis) * shareStepMillis - step * shareStepMillis;
      const steps = Math.ceil(gpu.millis / shareStepMillis) - 1;
      const at = (step: number) => stepTo({ kind: "share", millis: millisAt(step) }, millisAt(step));
      return [{ field: "shape.gpu.millis", from: gpu.millis, steps, at }];
    }
    case "mig": {
      const smaller = migProfiles
        .filter((profile) => migMillis(profile) < migMillis(gpu.profile))
        .toSorted((left, right) => migMillis(right) - migMillis(left));
      const profileAt = (step: number) => smaller[step - 1] ?? gpu.profile;
      const at = (step: number) => stepTo({ kind: "mig", profile: profileAt(step) }, profileAt(step));
      return [{ field: "shape.gpu.profile", from: gpu.profile, steps: smaller.length, at }];
    }
  }
}

/** Whole groups of members at a time; an elastic workload lowers its minimum alone. */
function memberLadder(item: WorkItem): readonly EditLadder[] {
  const { members, topology } = item;
  const size = topology?.slice?.size ?? 1;
  const isRigid = members.min === members.max;
  const minAt = (step: number): number => Math.ceil(members.min / size) * size - step * size;
  const at = (step: number): EditStep => {
    const min = minAt(step);
    const to = { min, max: isRigid ? min : members.max };
    const sentence = isRigid ? `ask for ${count(min, "member")}` : `start with ${count(min, "member")} at least`;
    return { item: { ...item, members: to }, to, sentence };
  };
  return [{ field: "members", from: members, steps: Math.ceil(members.min / size) - 1, at }];
}

/** Down by the minute to the median of its forecast, if there is one: less would cut it off. */
function limitLadder(item: WorkItem, reckonedMs: number): readonly EditLadder[] {
  const now = Math.min(item.limitMs ?? reckonedMs, limitMsMax);
  const stepMs = now > 10 * minute ? minute : minute / 6;
  const first = Math.ceil(now / stepMs) * stepMs;
  const least = Math.max(stepMs, item.forecast?.p50Ms ?? 0);
  const at = (step: number): EditStep => {
    const limitMs = first - step * stepMs;
    return { item: { ...item, limitMs }, to: limitMs, sentence: `set a limit of ${formatDuration(limitMs)}` };
  };
  return [{ field: "limitMs", from: item.limitMs, steps: Math.max(0, Math.floor((first - least) / stepMs)), at }];
}

function topologyLadders(state: EngineState, item: WorkItem): readonly EditLadder[] {
  const { topology } = item;
  if (topology === null || item.members.max === 1) return [];
  const levels = item.pools
    .flatMap((id) => state.cluster.pool(id)?.spec ?? [])
    .map((spec) => [...spec.levels, nodeLevel]);
  return [...requiredLadder(item, topology, levels), ...sliceLadder(item, topology, levels)];
}

/** Wider and wider levels, then only a preference. */
function requiredLadder(
  item: WorkItem,
  topology: TopologyAsk,
  levels: readonly (readonly string[])[],
): readonly EditLadder[] {
  const { required, ...rest } = topology;
  if (required === undefined) return [];
  const wider = widerThan(required, levels);
  const at = (step: number): EditStep => {
    const level = wider[step - 1];
    const to: TopologyAsk = level === undefined ? { preferred: required, ...rest } : { ...topology, required: level };
    const sentence =
      level === undefined ? `only prefer one ${required}` : `require one ${level} instead of one ${required}`;
    return { item: { ...item, topology: to }, to, sentence };
  };
  return [{ field: "topology", from: topology, steps: wider.length + 1, at }];
}

/** Groups within wider and wider levels, then no groups. */
function sliceLadder(
  item: WorkItem,
  topology: TopologyAsk,
  levels: readonly (readonly string[])[],
): readonly EditLadder[] {
  const { slice, ...rest } = topology;
  if (slice === undefined) return [];
  const wider = widerThan(slice.level, levels);
  const groups = `groups of ${slice.size} within one`;
  const at = (step: number): EditStep => {
    const level = wider[step - 1];
    const to: TopologyAsk = level === undefined ? rest : { ...rest, slice: { ...slice, level } };
    const sentence =
      level === undefined
        ? `ask for no ${groups} ${slice.level}`
        : `ask for ${groups} ${level} instead of ${slice.level}`;
    return { item: { ...item, topology: to }, to, sentence };
  };
  return [{ field: "topology", from: topology, steps: wider.length + 1, at }];
}

/** Wider levels of the first pool that has this one, the nearest first; of a level that no pool has, the narrowest first. */
function widerThan(level: string, levels: readonly (readonly string[])[]): readonly string[] {
  const known = levels.find((names) => names.includes(level)) ?? [...(levels[0] ?? []), level];
  return known.slice(0, known.indexOf(level)).toReversed();
}

function modelLadders(state: EngineState, item: WorkItem): readonly EditLadder[] {
  const { shape, pools } = item;
  if (shape.gpu.kind === "none" || shape.gpuModels.length === 0) return [];
  const models = new Set(pools.flatMap((id) => state.cluster.pool(id)?.models ?? []));
  const others = [...models].filter((model) => !shape.gpuModels.includes(model)).toSorted();
  return others.slice(0, choicesMax).map((model) => {
    const to = [...shape.gpuModels, model];
    const step = { item: { ...item, shape: { ...shape, gpuModels: to } }, to, sentence: `also take ${model} GPUs` };
    return { field: "shape.gpuModels", from: shape.gpuModels, steps: 1, at: () => step };
  });
}

function poolLadders(state: EngineState, item: WorkItem): readonly EditLadder[] {
  const others = [...state.cluster.pools].map((pool) => pool.spec.id).filter((id) => !item.pools.includes(id));
  return others
    .toSorted()
    .slice(0, choicesMax)
    .map((pool) => {
      const to = [...item.pools, pool];
      const step = { item: { ...item, pools: to }, to, sentence: `also take pool ${pool}` };
      return { field: "pools", from: item.pools, steps: 1, at: () => step };
    });
}

function amountLadder(item: WorkItem, field: "cpuMillis" | "memory"): readonly EditLadder[] {
  const from = item.shape[field];
  const whole = field === "cpuMillis" ? 1000 : gibi;
  const unit = from > whole ? whole : whole / 10;
  const each = item.members.max > 1 ? " each" : "";
  const at = (step: number): EditStep => {
    const to = Math.ceil(from / unit) * unit - step * unit;
    const words = field === "cpuMillis" ? count(cpusOf(to), "CPU") : `${formatMemory(to)} of memory`;
    return { item: { ...item, shape: { ...item.shape, [field]: to } }, to, sentence: `ask for ${words}${each}` };
  };
  return [{ field: `shape.${field}`, from, steps: Math.max(0, Math.ceil(from / unit) - 1), at }];
}

function priorityLadder(item: WorkItem): readonly EditLadder[] {
  const at = (step: number): EditStep => {
    const priority = item.priority + step;
    return { item: { ...item, priority }, to: priority, sentence: `give it priority ${priority}` };
  };
  return [{ field: "priority", from: item.priority, steps: 100 - item.priority, at }];
}
