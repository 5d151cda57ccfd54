import { type BuyerKind, buyerTerms, costGpuHour } from "../../src/planning/cost/gpu-hour-cost.ts";
import { serverOffers } from "../../src/planning/cost/server-offers.ts";
import { numberIn, readTable } from "./read-table.ts";
import { type Judged, type Score, scoreRows } from "./score.ts";

const columns: readonly (readonly [column: string, buyer: BuyerKind])[] = [
  ["tco_hyperscaler_usd_hr", "hyperscaler"],
  ["tco_neocloud_usd_hr", "neocloud"],
];

/** Scores the cost of owning a GPU for an hour (`tco_gpu_hour.csv`) by the catalog's prices; a row gives only the GPU's name. */
export function judgeGpuHour(folder: string): readonly Score[] {
  const rows = readTable(folder, "tco_gpu_hour.csv");
  if (rows.length === 0) return [];
  const judged: Judged[] = [];
  const excluded: Record<string, number> = {};
  for (const row of rows) {
    const gpu = row["gpu"] ?? "";
    const offer = serverOffers.find((each) => each.gpu === gpu || each.gpu.startsWith(`${gpu}-`));
    for (const [column, buyer] of columns) {
      const measured = numberIn(row, column);
      if (measured === undefined) continue;
      if (offer === undefined) {
        const reason = `${gpu} is not in the catalog of servers`;
        excluded[reason] = (excluded[reason] ?? 0) + 1;
        continue;
      }
      const { p10, p50, p90 } = costGpuHour(offer, buyerTerms[buyer]);
      judged.push({ id: `${gpu} ${buyer}`, measured, predicted: p50, low: p10, high: p90 });
    }
  }
  return [scoreRows("tco_gpu_hour", "dollars per GPU-hour", judged, excluded, true)];
}
