import { type BuyerKind, buyerTerms, costGpuHour } from "../../src/planning/cost/gpu-hour-cost.ts";
import { serverOffers } from "../../src/planning/cost/server-offers.ts";
import type { JudgedFigure } from "./judge-fabric.ts";

const columns: readonly (readonly [column: string, buyer: BuyerKind])[] = [
  ["tco_hyperscaler_usd_hr", "hyperscaler"],
  ["tco_neocloud_usd_hr", "neocloud"],
];

/** Cost of owning a GPU for an hour (`tco_gpu_hour.csv`) by the catalog's prices; the row gives only the GPU's name. */
export function judgeGpuHour(rows: readonly Readonly<Record<string, string>>[]): {
  readonly judged: readonly JudgedFigure[];
  readonly excluded: Readonly<Record<string, number>>;
} {
  const judged: JudgedFigure[] = [];
  const excluded: Record<string, number> = {};
  for (const row of rows) {
    const gpu = row["gpu"] ?? "";
    const offer = serverOffers.find((each) => each.gpu === gpu || each.gpu.startsWith(`${gpu}-`));
    if (offer === undefined) {
      excluded[`${gpu} is not in the catalog`] = 1;
      continue;
    }
    for (const [column, buyer] of columns) {
      const measured = Number(row[column]);
      if (!Number.isFinite(measured) || row[column] === "") continue;
      const { p10, p50, p90 } = costGpuHour(offer, buyerTerms[buyer]);
      judged.push({ id: `${gpu} ${buyer}`, metric: column, measured, predicted: p50, low: p10, high: p90 });
    }
  }
  return { judged, excluded };
}
