import { isFault } from "../../src/base/fault.ts";
import { designFabric, type Fabric } from "../../src/planning/network/design-fabric.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";
import { type Judged, type Score, scoreRows } from "./score.ts";

const counts: readonly (readonly [column: string, count: (fabric: Fabric) => number])[] = [
  ["leaf", (fabric) => fabric.leaves],
  ["spine", (fabric) => fabric.spines],
  ["core", (fabric) => fabric.cores],
  ["node_leaf_cables", (fabric) => fabric.nodeLeafCables],
  ["leaf_spine_cables", (fabric) => fabric.leafSpineCables],
  ["spine_core_cables", (fabric) => fabric.spineCoreCables],
];

/** Network ports of one server in every published reference design that is scored. */
const railsPerNode = 8;

/**
 * Scores the counts of reference fabrics (`fabric_superpod.csv`): nodes, scalable units, and the switch are taken from the
 * row, and the number of equal planes from its ports per GPU; all else is predicted. A count of zero is right only as zero.
 */
export function judgeFabric(folder: string): readonly Score[] {
  const rows = readTable(folder, "fabric_superpod.csv");
  if (rows.length === 0) return [];
  const judged: Judged[] = [];
  const excluded: Record<string, number> = {};
  for (const row of rows) {
    try {
      judged.push(...judgeRow(row));
    } catch (error) {
      if (!isFault(error)) throw error;
      excluded[error.message] = (excluded[error.message] ?? 0) + 1;
    }
  }
  return [scoreRows("fabric_superpod", "switches and cables", judged, excluded, false)];
}

function judgeRow(row: TruthRow): readonly Judged[] {
  const number = (column: string): number => numberIn(row, column) ?? 0;
  const planes = Math.max(1, Math.round(number("node_leaf_cables") / number("gpus")));
  const fabric = designFabric({
    topology: "rail-optimised",
    nodes: number("nodes"),
    rails: railsPerNode,
    radix: number("switch_radix"),
    oversubscription: 1,
    nodesPerUnit: Math.ceil(number("nodes") / number("su")),
  });
  return counts.map(([column, count]) => {
    const predicted = count(fabric) * planes;
    const id = `${row["fabric"]} ${row["nodes"]} nodes ${column}`;
    return { id, measured: number(column), predicted, low: predicted, high: predicted };
  });
}
