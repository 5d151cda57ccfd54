/** The figures of a version that people look for, in this order; the rest has its place in the evaluation. */
const headlines: readonly string[] = [
  "auc",
  "baselineAuc",
  "championAuc",
  "logLoss",
  "brier",
  "calibration",
  "evaluationRows",
];

/** The headline figures among `metrics`; the first few of any name when none of them is there. */
export function headlineFigures(metrics: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  const known = headlines.flatMap((name) => {
    const value = metrics[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return known.length > 0 ? known : Object.entries(metrics).slice(0, headlines.length);
}
