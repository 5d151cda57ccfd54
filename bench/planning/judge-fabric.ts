import { isFault } from "../../src/base/fault.ts";
import { designFabric, type Fabric } from "../../src/planning/network/design-fabric.ts";

/** One count or figure beside the published one, with the interval that was stated for it. */
export interface JudgedFigure {
  readonly id: string;
  readonly metric: string;
  readonly measured: number;
  readonly predicted: number;
  readonly low: number;
  readonly high: number;
}

/** A row of a truth table: column name to text. */
type Cells = Readonly<Record<string, string>>;

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
 * Counts of reference fabrics (`fabric_superpod.csv`): nodes, scalable units, and the switch are taken from the row, and
 * the number of equal planes from its ports per GPU; all else is predicted. A count of zero is right only as zero.
 */
export function judgeFabric(rows: readonly Cells[]): {
  readonly judged: readonly JudgedFigure[];
  readonly excluded: Readonly<Record<string, number>>;
} {
  const judged: JudgedFigure[] = [];
  const excluded: Record<string, number> = {};
  for (const row of rows) {
    const number = (column: string): number => Number(row[column]);
    const planes = Math.max(1, Math.round(number("node_leaf_cables") / number("gpus")));
    const id = `${row["fabric"]} ${row["nodes"]} nodes`;
    try {
      const fabric = designFabric({
        topology: "rail-optimised",
        nodes: number("nodes"),
        rails: railsPerNode,
        radix: number("switch_radix"),
        oversubscription: 1,
        nodesPerUnit: Math.ceil(number("nodes") / number("su")),
      });
      for (const [column, count] of counts) {
        const predicted = count(fabric) * planes;
        judged.push({ id, metric: column, measured: number(column), predicted, low: predicted, high: predicted });
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      excluded[error.message] = (excluded[error.message] ?? 0) + 1;
    }
  }
  return { judged, excluded };
}
