import type { WorkAdvice, WorkOption } from "../questions/advise-workload.ts";
import { describeModels, errorsOfPeople } from "./describe-advice.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import { describeWhatIfs } from "./describe-what-ifs.ts";
import type { Block, ReportDocument, Section } from "./model.ts";
import { writeChance, writeDays, writeNumber, writeShare, writeUsd } from "./write-figure.ts";

/** Which GPU for a workload, from whom, and who runs it, as a report. */
export function describeChoice(advice: WorkAdvice): ReportDocument {
  const work = advice.kind === "serving" ? "Serving" : "Training";
  return {
    title: `${work} ${advice.model}: which GPU, from whom, run by whom`,
    sections: [
      describeVerdict(advice),
      describeGpus(advice),
      ...describeWhatIfs(advice.whatIfs),
      describeWays(advice),
      describeModels(advice.operations, describeErrors(errorsOfPeople(advice.errors))),
      { heading: "What was assumed", blocks: [{ kind: "list", items: advice.assumptions }] },
    ],
  };
}

/** A service is priced by what it writes, a run by what it reads. */
const tokens = (advice: WorkAdvice): string =>
  advice.kind === "serving" ? "output tokens if the peak lasted" : "tokens trained on";

const period = (advice: WorkAdvice): string => (advice.kind === "serving" ? "a month" : "for the run");

function describeVerdict(advice: WorkAdvice): Section {
  const [best] = advice.options;
  const [model] = advice.operations.options;
  const items =
    best === undefined
      ? []
      : [
          `${writeNumber(best.gpus)} x ${best.gpu} (${best.layout}): ${writeUsd(best.usd)} ${period(advice)} to ${best.cheapestWay}, ${writeUsd(best.usdPerMillionTokens)} a million ${tokens(advice)}.`,
          `What limits it: ${best.bottleneck}; in ${advice.precision} it fits with a chance of ${writeChance(best.fitProbability)}.`,
          ...(model === undefined ? [] : [`Run by: ${model.name} (${model.why}).`]),
          ...describeStandIns(best),
          ...describeMeasured(advice),
        ];
  return {
    heading: "Answer",
    blocks: [
      ...describeFallbacks(advice.fallbacks, advice.cautions),
      { kind: "list", items },
      describeErrors(advice.errors),
      { kind: "text", text: errorsExplained },
    ],
  };
}

/** Said first where the winner's speed was not measured on it. */
function describeStandIns(best: WorkOption): readonly string[] {
  const told = new Set(best.fallbacks.map(({ reason }) => reason));
  const reasons = (best.errors[0]?.widening.reasons ?? []).filter((reason) => !told.has(reason));
  return reasons.length === 0 ? [] : [`Careful: ${reasons.join("; ")}.`];
}

function describeGpus(advice: WorkAdvice): Section {
  const isRun = advice.kind === "training";
  const rows = advice.options.map((option) => [
    option.gpu,
    writeNumber(option.gpus),
    option.layout,
    ...(isRun ? [option.days === undefined ? "" : writeDays(option.days)] : []),
    writeUsd(option.usd),
    overBest(option.usd, advice.options[0]?.usd ?? option.usd),
    writeUsd(option.usdPerMillionTokens),
    ...(["buy", "reserve", "rent"] as const).map((way) => {
      const usd = option.usdPerGpuHour[way];
      return usd === undefined ? "closed" : writeUsd(usd);
    }),
    option.bottleneck,
    writeTimeError(option),
  ]);
  const head = [
    "GPU",
    "#GPUs",
    "layout",
    ...(isRun ? ["#takes"] : []),
    `#${period(advice)}`,
    "#over the best",
    advice.kind === "serving" ? "#a million out" : "#a million tokens",
    "#GPU-hour, own",
    "#reserve",
    "#rent",
    "limit",
    "#time ±",
  ];
  return {
    heading: "GPUs compared",
    blocks: [
      { kind: "table", head, rows },
      {
        kind: "text",
        text: "Time ± is the error of the predicted times (80 % of measured rows); an asterisk marks kernels that were measured on another GPU, or figures that were guessed.",
      },
      ...describeRejected(advice),
    ],
  };
}

/** GPUs that are in the table are dearer, as it shows; the others are told with what they fail at. */
function describeRejected({ rejected, options }: WorkAdvice): readonly Block[] {
  const compared = new Set(options.map(({ gpu }) => gpu));
  const items = rejected
    .filter(({ option }) => !compared.has(option))
    .map(({ option, why }) => `not ${option}: ${why}`);
  return items.length === 0 ? [] : [{ kind: "list", items }];
}

/** What a GPU costs more than the best: `+35 %`, `20 times`. */
function overBest(usd: number, best: number): string {
  if (usd === best) return "the best";
  const times = usd / best;
  return times < 10 ? `+${writeShare(times - 1)}` : `${writeNumber(times)} times`;
}

/** The best of those whose own kernels were measured, where the winner is not one of them. */
function describeMeasured(advice: WorkAdvice): readonly string[] {
  const [best] = advice.options;
  const isSure = ({ errors }: WorkOption): boolean => {
    const widening = errors[0]?.widening;
    return widening !== undefined && widening.factor === 1 && widening.guessed === 0;
  };
  if (best === undefined || isSure(best)) return [];
  const sure = advice.options.find(isSure);
  if (sure === undefined) return [];
  return [
    `The cheapest whose speed rests on kernels measured on it: ${writeNumber(sure.gpus)} x ${sure.gpu} (${sure.layout}), ${writeUsd(sure.usd)} ${period(advice)} to ${sure.cheapestWay}, ${overBest(sure.usd, best.usd)}.`,
  ];
}

function writeTimeError({ errors }: WorkOption): string {
  const [first] = errors;
  if (first === undefined || first.percent === null) return "not measured";
  return `${writeNumber(first.percent)} %${first.widening.factor > 1 || first.widening.guessed > 0 ? " *" : ""}`;
}

function describeWays({ ways }: WorkAdvice): Section {
  const kept = ways.kept.map(({ name, country, isolation }) => `${name}: open (${country}, ${isolation})`);
  const rejected = ways.rejected.map(({ option, why }) => `not ${option}: ${why}`);
  return { heading: "Ways that keep the rules", blocks: [{ kind: "list", items: [...kept, ...rejected] }] };
}
