import { isFault } from "../../src/base/fault.ts";
import { prefillTime, servingContextOf } from "../../src/planning/inference/iteration-time.ts";
import { predictSaturated, serverShare } from "../../src/planning/inference/saturated-throughput.ts";
import { countNotes, type Exclusions, type Judged, type Score, scoreRows } from "./score.ts";
import { standInWords, widenJudged } from "./stand-ins.ts";
import { type MlperfRow, mlperfRows, tensorRtRows, type ThroughputRow } from "./throughput-rows.ts";

function judgeRow(row: ThroughputRow): Judged {
  return widenJudged(judgeAsKnown(row), row.standIns, row.job);
}

function judgeAsKnown(row: ThroughputRow): Judged {
  if (row.kind === "first-token") {
    const predicted = prefillTime(servingContextOf(row.job), row.shape.inputTokens);
    return { id: row.id, measured: row.measured, predicted, low: predicted * 0.75, high: predicted * 1.33 };
  }
  const { low, likely, high } = predictSaturated(row.job, row.shape, row.batch).outputTokensPerSecond;
  const group = `${row.table} ${row.job.model.name} ${row.job.accelerator.name} ${row.job.precision} ${row.shape.inputTokens} ${row.shape.outputTokens}`;
  return { id: row.id, measured: row.measured, predicted: likely, low, high, group };
}

type Outcome = { readonly judged: Judged } | { readonly excluded: string };

function attempt(run: () => Judged): Outcome {
  try {
    return { judged: run() };
  } catch (error) {
    if (isFault(error)) return { excluded: error.message.replaceAll(/[\d.]+/g, "#").slice(0, 80) };
    throw error;
  }
}

function collect(outcomes: readonly Outcome[]): { readonly judged: readonly Judged[]; readonly excluded: Exclusions } {
  const excluded: Record<string, number> = {};
  const judged = outcomes.flatMap((each) => {
    if ("judged" in each) return [each.judged];
    excluded[each.excluded] = (excluded[each.excluded] ?? 0) + 1;
    return [];
  });
  return { judged, excluded };
}

/** Scores NVIDIA's throughput tables, each and all together. */
export function judgeTensorRt(folder: string): readonly Score[] {
  const rows = tensorRtRows(folder, "planned");
  const outcomes = rows.map((row) => ({
    table: row.table,
    kind: "kind" in row ? row.kind : "saturated",
    note: "excluded" in row ? undefined : standInWords(row),
    outcome: "excluded" in row ? row : attempt(() => judgeRow(row)),
  }));
  const score = (name: string, metric: string, group: typeof outcomes, isLower: boolean): Score => {
    const { judged, excluded } = collect(group.map((each) => each.outcome));
    return { ...scoreRows(name, metric, judged, excluded, isLower), ...countNotes(group.map(({ note }) => note)) };
  };
  const kinds = Map.groupBy(outcomes, (each) => each.kind);
  const metricOf = (kind: string): string => (kind === "first-token" ? "first token alone" : "output tokens/s");
  return [
    ...[...kinds].map(([kind, group]) =>
      score(`inference_trtllm (${kind})`, metricOf(kind), group, kind === "first-token"),
    ),
    ...[...Map.groupBy(outcomes, (each) => each.table)].map(([table, group]) =>
      score(table, metricOf(group[0]?.kind ?? ""), group, group[0]?.kind === "first-token"),
    ),
  ];
}

/** What submitters of MLPerf gain over published defaults by tuning every setting (medians of version 4.1 and of 5.1). */
const competitionGain = (system: string): number => (system.includes("v4.1") ? 1.03 : 1.12);

function systemThroughput(row: MlperfRow): Judged {
  const most = predictSaturated(row.job, row.shape).outputTokensPerSecond;
  const share = row.scenario === "Offline" ? 1 : serverShare(row.job, row.shape, row.ttftLimit, row.tpotLimit);
  const times = row.replicas * share * competitionGain(row.system);
  const judged = {
    id: row.id,
    measured: row.tokensPerSecond,
    predicted: most.likely * times,
    low: most.low * times,
    high: most.high * times,
  };
  return widenJudged(judged, row.standIns, row.job);
}

/** The ratio of Server to Offline throughput of one system, in which most of the engine's tuning cancels out. */
function ratios(rows: readonly MlperfRow[]): readonly Judged[] {
  return [...Map.groupBy(rows, (row) => row.system)].flatMap(([system, group]) => {
    const [offline, server] = ["Offline", "Server"].map((name) => group.find((row) => row.scenario === name));
    if (offline === undefined || server === undefined) return [];
    const predicted = serverShare(server.job, server.shape, server.ttftLimit, server.tpotLimit);
    const measured = server.tokensPerSecond / offline.tokensPerSecond;
    return [{ id: system, measured, predicted, low: predicted * 0.91, high: predicted * 1.09 }];
  });
}

/** Scores MLPerf Inference: throughput by scenario, and what a goal costs. */
export function judgeMlperf(folder: string): readonly Score[] {
  const all = mlperfRows(folder);
  const planned = all.filter((row): row is MlperfRow => "job" in row);
  const { excluded } = collect(all.filter((row) => "excluded" in row));
  const scored = ["Offline", "Server", "Interactive"].map((scenario) => {
    const rows = planned.filter((row) => row.scenario === scenario);
    const found = collect(rows.map((row) => attempt(() => systemThroughput(row))));
    const reasons = { ...found.excluded, ...(scenario === "Offline" ? excluded : {}) };
    const score = scoreRows(`inference_mlperf (${scenario})`, "output tokens/s", found.judged, reasons, false);
    return { ...score, ...countNotes(rows.map(standInWords)) };
  });
  return [...scored, scoreRows("inference_mlperf", "Server / Offline", ratios(planned), {}, false)];
}
