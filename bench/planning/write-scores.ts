import type { Score } from "./score.ts";

/** The best error of an existing tool on the same kind of rows, as measured or claimed elsewhere. */
const peers: readonly { readonly table: RegExp; readonly metric: RegExp; readonly words: string }[] = [
  { table: /vTrain|vtrain/, metric: /step/, words: "Calculon 11.5-15.4 MAPE; vTrain itself 8.4 and 14.7" },
  { table: /Megatron|mbridge|mlperf_training|nemo/, metric: /step/, words: "Calculon 10-48 MAPE" },
  { table: /kernel/, metric: /left out/, words: "AIConfigurator transfer 7-15 median" },
  { table: /dense/, metric: /TPOT/, words: "AIConfigurator 12.3 median, 34.5 MAPE" },
  { table: /experts/, metric: /TPOT/, words: "AIConfigurator 16.4 median, 24 MAPE" },
  { table: /disaggregated/, metric: /TPOT/, words: "AIConfigurator 53 median" },
  { table: /disaggregated/, metric: /TTFT/, words: "AIConfigurator 75 median" },
  { table: /silicon/, metric: /TTFT/, words: "AIConfigurator 48 median" },
];

const show = (value: number | null): string => (value === null ? "" : value.toFixed(1));

/** The scores as a Markdown table; percentages. */
export function writeScores(scores: readonly Score[]): string {
  const lines = scores.map((score) => {
    const reasons = Object.entries(score.excluded).map(([reason, count]) => `${count} ${reason}`);
    reasons.push(...Object.entries(score.notes ?? {}).map(([note, count]) => `not excluded: ${count} ${note}`));
    if (score.from !== undefined) reasons.push(`written by ${score.from}`);
    const peer = peers.find((each) => each.table.test(score.table) && each.metric.test(score.metric));
    const cells = [score.mape, score.median, score.p80, score.p90, score.bias, score.coverage80, score.regret].map(
      show,
    );
    return `| ${[score.table, score.metric, score.n, reasons.join("; "), ...cells, peer?.words ?? ""].join(" | ")} |`;
  });
  return [
    "| table | metric | n | excluded | MAPE | median | p80 | p90 | bias | coverage of 80 % | top-1 regret | best existing tool |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}
