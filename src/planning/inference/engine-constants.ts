import type { Precision } from "../catalog/accelerator.ts";
import { parseTable } from "../catalog/parse-table.ts";
import { fittedEngineTable, fittedNameTable, fittedSpreadTable } from "./fitted-engines.ts";
import { lengthSpreadOf } from "./request-scheduling.ts";
import type { LoadKind, ServingJob } from "./serving-job.ts";

/** What an engine adds to bare kernels; fitted on measured servings, few on purpose. */
export interface EngineConstants {
  /** Time of matrix products over the kernel tables', by number format; of the experts', and of those in a format without units. */
  readonly gemmScale: Readonly<Record<Precision, number>>;
  readonly expertScale: number;
  readonly emulatedScale: number;
  /** Time of products over 8-bit weights with a scale for each block, over that with one scale for a whole matrix. */
  readonly blockScale: number;
  /** Microseconds a layer in which activations are scaled anew, as products with scaled blocks need them. */
  readonly rescaleUs: number;
  /** Share of a kernel's measured floor that stays when launches are captured in graphs. */
  readonly floorShare: number;
  readonly attentionScale: number;
  /** Time of reductions and of exchanges between experts over the kernel tables'. */
  readonly reduceScale: number;
  readonly exchangeScale: number;
  /** Microseconds of each small kernel of a layer, beside products, attention and collectives; and of a step beside its layers. */
  readonly kernelUs: number;
  readonly stepUs: number;
  /** Microseconds of each running sequence of one rank a step: sampling, detokenising, scheduling. */
  readonly sequenceUs: number;
  /** Time of a prefill over the kernels'. */
  readonly prefillScale: number;
  /** How much of other requests' prefills a decoding request waits for. */
  readonly interference: number;
  /** Milliseconds before the first token beside queue and prefill; steps waited for; own prefill; growth of the queue. */
  readonly firstMs: number;
  readonly firstSteps: number;
  readonly firstShare: number;
  readonly queueScale: number;
  readonly queuePower: number;
  /** Microseconds in which the host launches one kernel of a step that no graph was captured of, as steps with prompts are. */
  readonly launchUs: number;
}

/** The constants' names in the fitted table, in its order. */
export const engineColumns = [
  "gemmBf16",
  "gemmFp8",
  "gemmFp4",
  "expertScale",
  "floorShare",
  "attentionScale",
  "reduceScale",
  "exchangeScale",
  "blockScale",
  "rescaleUs",
  "kernelUs",
  "stepUs",
  "sequenceUs",
  "prefillScale",
  "interference",
  "emulatedScale",
  "firstMs",
  "firstSteps",
  "firstShare",
  "queueScale",
  "queuePower",
  "launchUs",
] as const;

/** One constant's name. */
export type EngineColumn = (typeof engineColumns)[number];

/** The constants by name. */
export type EngineValues = Readonly<Record<EngineColumn, number>>;

/** The constants as iterations and queues use them. */
export function constantsOfValues(values: EngineValues): EngineConstants {
  const { gemmBf16, gemmFp8, gemmFp4, ...others } = values;
  return { ...others, gemmScale: { bf16: gemmBf16, fp8: gemmFp8, fp4: gemmFp4 } };
}

/** How a job is loaded: on workers that only prefill or only decode, or by requests that follow each other in some way. */
export type ServingLoad = LoadKind | "split";

/**
 * What a job's constants are put together from: the values shared by all, times the deviations of dense models or models
 * with experts, of their attention, of the accelerators' family, of the engine with the kind, of engine, kind and family together, and of the load with the
 * engine. What first tokens wait for deviates where a run of the closed loop says it by kind and engine; else by load.
 */
export function engineLevelsOf(job: ServingJob, load: ServingLoad): readonly string[] {
  const kind = job.model.experts === undefined ? "dense" : "experts";
  const { family } = job.accelerator;
  const attention = job.model.attention.kind;
  const base = [
    "all",
    `kind ${kind}`,
    `kind ${kind} ${attention}`,
    `family ${family}`,
    `engine ${job.engine} ${kind}`,
    `together ${job.engine} ${kind} ${family}`,
    `load ${load} ${job.engine}`,
  ];
  if (load === "split") return [...base, `load ${load}`];
  if (lengthSpreadOf(load) !== undefined) {
    return [...base, "run", `run ${kind}`, `run ${job.engine}`, `run ${job.engine} ${kind}`];
  }
  return [...base, `load ${load}`, `load ${load} ${job.engine} ${kind}`];
}

const table = new Map(parseTable(fittedEngineTable).map((row) => [row["level"] ?? "", row]));
const known = new Map<string, EngineConstants>();

/** The constants fitted for a job: what is shared, times every deviation that was fitted. */
export function engineConstantsOf(job: ServingJob, load: ServingLoad = "varied"): EngineConstants {
  const levels = engineLevelsOf(job, load);
  const key = levels.join("|");
  const found = known.get(key);
  if (found !== undefined) return found;
  const valueOf = (column: EngineColumn): number =>
    levels.reduce((product, level) => product * Number(table.get(level)?.[column] ?? "1"), 1);
  const constants = constantsOfValues(
    Object.fromEntries(engineColumns.map((column) => [column, valueOf(column)])) as EngineValues,
  );
  known.set(key, constants);
  return constants;
}

/** Half widths of 80 % intervals, as logarithms. */
export interface ServingSpread {
  readonly tpot: number;
  readonly ttft: number;
}

const spreads = parseTable(fittedSpreadTable).map((row) => ({
  kind: row["kind"],
  newIn: row["new in"],
  tpot: Number(row["tpot"]),
  ttft: Number(row["ttft"]),
}));
const measured = new Set(parseTable(fittedNameTable).map((row) => `${row["sort"]} ${row["name"]}`));

/** What a job is new in: no measured serving was of its model, or on its accelerator. */
export function newIn(job: ServingJob): readonly ("model" | "accelerator")[] {
  const isKnown = (sort: "model" | "accelerator"): boolean => measured.has(`${sort} ${job[sort].name}`);
  return (["model", "accelerator"] as const).filter((sort) => !isKnown(sort));
}

/** How far measured servings of a kind lay from what was predicted without them, and without others of what the job is new in. */
export function servingSpreadOf(job: ServingJob, isSplit = false): ServingSpread {
  const kind = isSplit ? "split" : job.model.experts === undefined ? "dense" : "experts";
  const ways = ["nothing", ...newIn(job)];
  const found = spreads.filter((each) => each.kind === kind && ways.includes(each.newIn ?? ""));
  if (found.length === 0) throw new RangeError(`no spread was fitted for ${job.model.name}`);
  return { tpot: Math.max(...found.map(({ tpot }) => tpot)), ttft: Math.max(...found.map(({ ttft }) => ttft)) };
}
