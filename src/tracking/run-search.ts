import { trackingLimits } from "./limits.ts";
import { invalidRequest } from "./request-field.ts";
import { parseSearchClauses, parseSearchKey, type SearchClause, type SearchOperator } from "./search-clause.ts";

export type NumericOperator = ">" | ">=" | "=" | "!=" | "<" | "<=";
export type TextOperator = "=" | "!=" | "LIKE" | "ILIKE" | "IN" | "NOT IN";

/** A comparison of runs, typed by what it compares. All must hold. */
export type RunCondition =
  | { readonly kind: "metric"; readonly key: string; readonly operator: NumericOperator; readonly value: number }
  | { readonly kind: "param" | "tag"; readonly key: string; readonly operator: TextOperator; readonly value: string }
  | { readonly kind: "param" | "tag"; readonly key: string; readonly operator: "IS NULL" | "IS NOT NULL" }
  | { readonly kind: "time"; readonly key: RunTime; readonly operator: NumericOperator; readonly value: number }
  | {
      readonly kind: "attribute";
      readonly key: RunAttribute;
      readonly operator: TextOperator;
      readonly value: string | readonly string[];
    }
  | {
      readonly kind: "dataset";
      readonly key: DatasetAttribute;
      readonly operator: TextOperator;
      readonly value: string | readonly string[];
    };

export type RunTime = "start_time" | "end_time";
export type RunAttribute = "run_id" | "run_name" | "status" | "user_id" | "artifact_uri";
export type DatasetAttribute = "name" | "digest" | "context";

/** How runs are put in order; missing values come last, NaN just before them, whatever the direction. */
export interface RunOrder {
  readonly kind: "metric" | "param" | "tag" | "time" | "attribute";
  readonly key: string;
  readonly isDescending: boolean;
}

const kindsByPrefix: Readonly<Record<string, "metric" | "param" | "tag" | "attribute" | "dataset">> = {
  metric: "metric",
  metrics: "metric",
  param: "param",
  params: "param",
  parameter: "param",
  parameters: "param",
  tag: "tag",
  tags: "tag",
  attribute: "attribute",
  attributes: "attribute",
  attr: "attribute",
  run: "attribute",
  dataset: "dataset",
  datasets: "dataset",
};

const attributes = ["run_id", "run_name", "status", "user_id", "artifact_uri"] as const;
const datasetAttributes = ["name", "digest", "context"] as const;
const numericOperators = [">", ">=", "=", "!=", "<", "<="] as const;
const plainTextOperators = ["=", "!=", "LIKE", "ILIKE"] as const;

/**
 * Reads the filter of a search for runs.
 *
 * @throws {Fault} `tracking.request-invalid` when it is not in the grammar, or compares what cannot be compared.
 */
export function parseRunFilter(filter: string): readonly RunCondition[] {
  if (filter.length > trackingLimits.filterLength) {
    throw invalidRequest(
      `The filter has ${filter.length} characters; at most ${trackingLimits.filterLength} are read.`,
    );
  }
  return parseSearchClauses(filter).map(toCondition);
}

/** Reads `order_by` items such as `metrics.auc DESC`. @throws {Fault} `tracking.request-invalid`. */
export function parseRunOrder(items: readonly string[]): readonly RunOrder[] {
  return items.map((item) => {
    const { prefix, key, rest } = parseSearchKey(item);
    const direction = rest[0]?.toUpperCase() ?? "ASC";
    if (rest.length > 1 || (direction !== "ASC" && direction !== "DESC")) {
      throw invalidRequest(`Invalid order_by clause '${item}': write a name and then ASC or DESC.`);
    }
    const kind = kindOf(prefix);
    const isDescending = direction === "DESC";
    if (kind === "dataset")
      throw invalidRequest(`Invalid order_by clause '${item}': runs cannot be ordered by datasets.`);
    if (kind !== "attribute") return { kind, key, isDescending };
    const name = attributeName(key);
    if (name === "start_time" || name === "end_time") return { kind: "time", key: name, isDescending };
    return { kind: "attribute", key: name, isDescending };
  });
}

function kindOf(prefix: string | null): "metric" | "param" | "tag" | "attribute" | "dataset" {
  const kind = prefix === null ? "attribute" : kindsByPrefix[prefix];
  if (kind !== undefined) return kind;
  throw invalidRequest(
    `Invalid entity type '${prefix}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`,
  );
}

function attributeName(key: string): RunAttribute | RunTime {
  if (key === "created" || key === "Created") return "start_time";
  if (key === "run name" || key === "Run name" || key === "Run Name") return "run_name";
  if (key === "start_time" || key === "end_time") return key;
  const name = attributes.find((each) => each === key);
  if (name !== undefined) return name;
  throw invalidRequest(
    `Invalid attribute key '${key}' specified. Valid keys are '${[...attributes, "start_time", "end_time"].join("', '")}'`,
  );
}

function toCondition(clause: SearchClause): RunCondition {
  const kind = kindOf(clause.prefix);
  switch (kind) {
    case "metric":
      return { kind, key: clause.key, ...numeric(clause, `metric ${clause.key}`) };
    case "param":
    case "tag":
      return textEntity(kind, clause);
    case "attribute": {
      const key = attributeName(clause.key);
      if (key === "start_time" || key === "end_time") return { kind: "time", key, ...numeric(clause, key) };
      return { kind, key, ...text(clause, key === "run_id", `attribute ${key}`) };
    }
    case "dataset": {
      const key = datasetAttributes.find((each) => each === clause.key);
      if (key === undefined)
        throw invalidRequest(
          `Invalid dataset attribute '${clause.key}'. Valid keys are '${datasetAttributes.join("', '")}'`,
        );
      return { kind, key, ...text(clause, true, `dataset ${key}`) };
    }
  }
}

function textEntity(kind: "param" | "tag", clause: SearchClause): RunCondition {
  if (clause.operator === "IS NULL" || clause.operator === "IS NOT NULL")
    return { kind, key: clause.key, operator: clause.operator };
  const { operator, value } = text(clause, false, `${kind} ${clause.key}`);
  if (typeof value !== "string") throw wrongOperator(operator, `${kind} ${clause.key}`);
  return { kind, key: clause.key, operator, value };
}

function numeric(clause: SearchClause, what: string): { readonly operator: NumericOperator; readonly value: number } {
  const operator = numericOperators.find((each) => each === clause.operator);
  if (operator === undefined) throw wrongOperator(clause.operator, what);
  const value = typeof clause.value === "string" && clause.value.trim() !== "" ? Number(clause.value) : clause.value;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw invalidRequest(`Expected a number to compare ${what} with, found ${JSON.stringify(clause.value)}`);
  }
  return { operator, value };
}

function text(
  clause: SearchClause,
  mayList: boolean,
  what: string,
): { readonly operator: TextOperator; readonly value: string | readonly string[] } {
  const { value } = clause;
  if (clause.operator === "IN" || clause.operator === "NOT IN") {
    if (!mayList || !Array.isArray(value)) throw wrongOperator(clause.operator, what);
    return { operator: clause.operator, value: value as readonly string[] };
  }
  const operator = plainTextOperators.find((each) => each === clause.operator);
  if (operator === undefined) throw wrongOperator(clause.operator, what);
  if (typeof value !== "string") {
    throw invalidRequest(
      `Expected a quoted string value for ${what} (e.g. 'my-value'). Got value ${JSON.stringify(value)}`,
    );
  }
  return { operator, value };
}

function wrongOperator(operator: SearchOperator, what: string): ReturnType<typeof invalidRequest> {
  return invalidRequest(`Invalid comparator '${operator}' for ${what}`);
}
