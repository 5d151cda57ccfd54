import type { AcceleratorFamily, Precision } from "../catalog/accelerator.ts";
import { parseTable } from "../catalog/parse-table.ts";
import { fittedEngineTable } from "./fitted-engines.ts";
import type { Engine } from "./serving-job.ts";

/** What an engine adds to bare kernels; fitted on measured servings, few on purpose. */
export interface EngineConstants {
  /** Time of matrix products over the kernel tables', by number format. */
  readonly gemmScale: Readonly<Record<Precision, number>>;
  /** Share of a kernel's measured floor that stays when launches are captured in graphs. */
  readonly floorShare: number;
  readonly attentionScale: number;
  /** Time of collectives over the kernel tables'. */
  readonly reduceScale: number;
  /** Microseconds a layer beside products, attention and collectives; and a step beside its layers. */
  readonly layerUs: number;
  readonly stepUs: number;
  /** Microseconds of each running sequence a step: sampling, detokenising, scheduling. */
  readonly sequenceUs: number;
  /** Time of a prefill over the kernels'. */
  readonly prefillScale: number;
  /** How much of other requests' prefills a decoding request waits for. */
  readonly interference: number;
  /** Milliseconds before the first token beside queue and prefill; steps waited for; growth of the queue. */
  readonly firstMs: number;
  readonly firstSteps: number;
  readonly queueScale: number;
  readonly queuePower: number;
  /** Shorter answers bring prompts in bunches: the wait grows with (1024 / output tokens) to this power. */
  readonly turnPower: number;
  /** Half widths of 80 % intervals, as logarithms, from held-out residuals. */
  readonly tpotSpread: number;
  readonly ttftSpread: number;
}

const engines = new Map(
  parseTable(fittedEngineTable).map((row) => {
    const of = (column: string): number => Number(row[column]);
    const constants: EngineConstants = {
      gemmScale: { bf16: of("gemmBf16"), fp8: of("gemmFp8"), fp4: of("gemmFp4") },
      floorShare: of("floorShare"),
      attentionScale: of("attentionScale"),
      reduceScale: of("reduceScale"),
      layerUs: of("layerUs"),
      stepUs: of("stepUs"),
      sequenceUs: of("sequenceUs"),
      prefillScale: of("prefillScale"),
      interference: of("interference"),
      firstMs: of("firstMs"),
      firstSteps: of("firstSteps"),
      queueScale: of("queueScale"),
      queuePower: of("queuePower"),
      turnPower: of("turnPower"),
      tpotSpread: of("tpotSpread"),
      ttftSpread: of("ttftSpread"),
    };
    return [row["engine"] ?? "", constants];
  }),
);

/**
 * The constants fitted for an engine; models with experts have their own by family of accelerators, and decode workers
 * that leave prefills to others have theirs.
 */
export function engineConstantsOf(
  engine: Engine,
  hasExperts: boolean,
  family: AcceleratorFamily,
  isSplit = false,
): EngineConstants {
  const experts = [`${engine}-experts-${family}`, `${engine}-experts-hopper`, `${engine}-experts-blackwell`];
  const split = isSplit ? [`${engine}-split`, "trtllm-split"] : [];
  const names = [...split, ...(hasExperts ? experts : []), engine];
  const found = names.map((name) => engines.get(name)).find((each) => each !== undefined);
  if (found === undefined) throw new RangeError(`no constants were fitted for ${engine}`);
  return found;
}
