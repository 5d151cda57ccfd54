import { Fault } from "../../base/fault.ts";
import type { SqlEngine } from "../../data/ports.ts";
import { parquetRelation, quoteIdentifier } from "../../data/quote-sql.ts";
import type { FeatureViewSpec } from "../model.ts";
import type { Relation } from "../point-in-time-sql.ts";

/**
 * Checks that a view's declared ids are unique and known, since the online store drops a second row of an id and the
 * training set would count it: the two would differ.
 *
 * @throws {Fault} `features.view-invalid` with the count of offending rows.
 */
export async function requireUniqueIds(
  engine: SqlEngine,
  view: string,
  spec: FeatureViewSpec,
  source: Relation,
  signal: AbortSignal,
): Promise<void> {
  if (spec.id === undefined) return;
  const statement = `SELECT count(*) - count(DISTINCT ${quoteIdentifier(spec.id)}) FROM ${parquetRelation(source.path)}`;
  const { rows } = await engine.query([statement], { maxRows: 1, files: [source.path], signal });
  const repeated = Number(rows[0]?.[0] ?? 0);
  if (repeated === 0) return;
  throw new Fault(
    "features.view-invalid",
    `${repeated} rows of feature view ${view} repeat or lack the id in column ${spec.id}; name a column that is unique, or leave id out`,
    { details: { view, column: spec.id, rows: repeated } },
  );
}
