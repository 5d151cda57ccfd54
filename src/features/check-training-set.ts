import { millisExpression, quoteIdentifier } from "../data/quote-sql.ts";
import type { FeatureViewSpec } from "./model.ts";
import type { Relation, TrainingSetPlan } from "./point-in-time-sql.ts";
import { valueColumns } from "./view-columns.ts";

/** What stands in the way of building the set, as sentences; none when it can be built. */
export function checkTrainingSet(plan: TrainingSetPlan): readonly string[] {
  const violations = [...checkMoment(plan.labels, plan.timestamp, "the label dataset")];
  if (plan.from >= plan.to) violations.push(`the range is empty: from ${plan.from} is not before to ${plan.to}`);
  const wanted = [...plan.columns, ...plan.views.flatMap((view) => view.spec.entity)];
  violations.push(...missingColumns(plan.labels, wanted, "the label dataset"));
  for (const view of plan.views) violations.push(...checkView(view.name, view.spec, view.source));
  const names = [...plan.columns, ...plan.views.flatMap((view) => view.spec.features.map((feature) => feature.name))];
  const twice = new Set(names.filter((name, place) => names.indexOf(name) !== place));
  if (twice.size > 0) violations.push(`the set would have two columns named ${[...twice].join(", ")}`);
  return [...new Set(violations)];
}

const numericPattern = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL|BOOLEAN)/;

/** What keeps a view from being computed over its source, as sentences. */
export function checkView(name: string, spec: FeatureViewSpec, source: Relation): readonly string[] {
  const what = `the source of feature view ${name}`;
  const values = valueColumns(spec);
  const textual = source.columns.filter((column) => values.includes(column.name) && !numericPattern.test(column.type));
  return [
    ...checkMoment(source, spec.knownAt, what),
    ...missingColumns(source, [...spec.entity, ...values, ...(spec.id === undefined ? [] : [spec.id])], what),
    ...textual.map((column) => `column ${column.name} of ${what} is no number but ${column.type}`),
  ];
}

function checkMoment(relation: Relation, column: string, what: string): readonly string[] {
  const found = relation.columns.find((each) => each.name === column);
  if (found === undefined) return missingColumns(relation, [column], what);
  if (millisExpression(quoteIdentifier(column), found.type) !== undefined) return [];
  return [
    `column ${column} of ${what} is no moment but ${found.type}; give a timestamp, or milliseconds as an integer`,
  ];
}

function missingColumns(relation: Relation, wanted: readonly string[], what: string): readonly string[] {
  const known = relation.columns.map((column) => column.name);
  const missing = [...new Set(wanted)].filter((column) => !known.includes(column));
  return missing.map((column) => `${what} has no column ${column}; it has ${known.join(", ")}`);
}
