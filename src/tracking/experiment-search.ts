import { trackingLimits } from "./limits.ts";
import { invalidRequest } from "./request-field.ts";
import type { NumericOperator } from "./run-search.ts";
import { parseSearchClauses, parseSearchKey, type SearchClause } from "./search-clause.ts";

/** A comparison of experiments. All must hold. */
export type ExperimentCondition =
  | { readonly kind: "name"; readonly operator: "=" | "!=" | "LIKE" | "ILIKE"; readonly value: string }
  | {
      readonly kind: "tag";
      readonly key: string;
      readonly operator: "=" | "!=" | "LIKE" | "ILIKE";
      readonly value: string;
    }
  | { readonly kind: "tag"; readonly key: string; readonly operator: "IS NULL" | "IS NOT NULL" }
  | {
      readonly kind: "time";
      readonly key: "creation_time" | "last_update_time";
      readonly operator: NumericOperator;
      readonly value: number;
    };

export interface ExperimentOrder {
  readonly key: "name" | "experiment_id" | "creation_time" | "last_update_time";
  readonly isDescending: boolean;
}

const numericOperators = [">", ">=", "=", "!=", "<", "<="] as const;
const textOperators = ["=", "!=", "LIKE", "ILIKE"] as const;
const orderKeys = ["name", "experiment_id", "creation_time", "last_update_time"] as const;

/** Reads the filter of a search for experiments. @throws {Fault} `tracking.request-invalid`. */
export function parseExperimentFilter(filter: string): readonly ExperimentCondition[] {
  if (filter.length > trackingLimits.filterLength) {
    throw invalidRequest(
      `The filter has ${filter.length} characters; at most ${trackingLimits.filterLength} are read.`,
    );
  }
  return parseSearchClauses(filter).map(toCondition);
}

/** Reads `order_by` items such as `name ASC`. @throws {Fault} `tracking.request-invalid`. */
export function parseExperimentOrder(items: readonly string[]): readonly ExperimentOrder[] {
  return items.map((item) => {
    const { prefix, key, rest } = parseSearchKey(item);
    const direction = rest[0]?.toUpperCase() ?? "ASC";
    const known = orderKeys.find((each) => each === key);
    if (
      known === undefined ||
      !isAttribute(prefix) ||
      rest.length > 1 ||
      (direction !== "ASC" && direction !== "DESC")
    ) {
      throw invalidRequest(
        `Invalid order_by clause '${item}': write one of ${orderKeys.join(", ")} and then ASC or DESC.`,
      );
    }
    return { key: known, isDescending: direction === "DESC" };
  });
}

function isAttribute(prefix: string | null): boolean {
  return prefix === null || prefix === "attribute" || prefix === "attributes" || prefix === "attr";
}

function toCondition(clause: SearchClause): ExperimentCondition {
  const { key, value } = clause;
  const textOperator = textOperators.find((each) => each === clause.operator);
  if (clause.prefix === "tag" || clause.prefix === "tags") {
    if (clause.operator === "IS NULL" || clause.operator === "IS NOT NULL")
      return { kind: "tag", key, operator: clause.operator };
    if (textOperator !== undefined && typeof value === "string")
      return { kind: "tag", key, operator: textOperator, value };
  } else if (isAttribute(clause.prefix)) {
    if (key === "name" && textOperator !== undefined && typeof value === "string")
      return { kind: "name", operator: textOperator, value };
    const numericOperator = numericOperators.find((each) => each === clause.operator);
    if (
      (key === "creation_time" || key === "last_update_time") &&
      numericOperator !== undefined &&
      typeof value === "number"
    ) {
      return { kind: "time", key, operator: numericOperator, value };
    }
  }
  const name = clause.prefix === null ? key : `${clause.prefix}.${key}`;
  throw invalidRequest(
    `Invalid comparison of experiments: ${name} ${clause.operator} ${JSON.stringify(value)}; compare name, creation_time, last_update_time or tags.<key>.`,
  );
}
