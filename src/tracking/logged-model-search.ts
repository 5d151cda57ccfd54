import { trackingLimits } from "./limits.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";
import type { NumericOperator, TextOperator } from "./run-search.ts";
import { parseSearchClauses, type SearchClause } from "./search-clause.ts";

/** A comparison of logged models. All must hold. */
export type LoggedModelCondition =
  | {
      readonly kind: "attribute";
      readonly key: LoggedModelAttribute;
      readonly operator: TextOperator;
      readonly value: string | readonly string[];
    }
  | {
      readonly kind: "tag" | "param";
      readonly key: string;
      readonly operator: TextOperator;
      readonly value: string | readonly string[];
    }
  | {
      readonly kind: "time";
      readonly key: LoggedModelTime;
      readonly operator: NumericOperator;
      readonly value: number;
    };

export type LoggedModelAttribute = "model_id" | "name" | "model_type" | "status" | "source_run_id";
export type LoggedModelTime = "created_at" | "updated_at";

export interface LoggedModelOrder {
  readonly key: LoggedModelAttribute | LoggedModelTime;
  readonly isDescending: boolean;
}

const attributes = ["model_id", "name", "model_type", "status", "source_run_id"] as const;
const numericOperators = [">", ">=", "=", "!=", "<", "<="] as const;
const textOperators = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"] as const;

const timesByName: Readonly<Record<string, LoggedModelTime>> = {
  creation_timestamp: "created_at",
  creation_time: "created_at",
  last_updated_timestamp: "updated_at",
};

/** Reads the filter of a search for logged models. @throws {Fault} `tracking.request-invalid`. */
export function parseLoggedModelFilter(filter: string): readonly LoggedModelCondition[] {
  if (filter.length > trackingLimits.filterLength) {
    throw invalidRequest(
      `The filter has ${filter.length} characters; at most ${trackingLimits.filterLength} are read.`,
    );
  }
  return parseSearchClauses(filter).map(toCondition);
}

/** Reads `order_by` objects (`field_name`, `ascending`). @throws {Fault} `tracking.request-invalid`. */
export function parseLoggedModelOrder(items: readonly RequestFields[]): readonly LoggedModelOrder[] {
  return items.map((item) => {
    const name = item.wantedText("field_name");
    const key = timesByName[name] ?? attributes.find((each) => each === name);
    if (key === undefined)
      throw invalidRequest(
        `Logged models cannot be ordered by ${name}; use one of ${[...attributes, ...Object.keys(timesByName)].join(", ")}.`,
      );
    return { key, isDescending: !(item.flag("ascending") ?? true) };
  });
}

function toCondition(clause: SearchClause): LoggedModelCondition {
  const { key, value } = clause;
  const textOperator = textOperators.find((each) => each === clause.operator);
  const isText = textOperator !== undefined && value !== null && typeof value !== "number";
  switch (clause.prefix) {
    case "tag":
    case "tags":
      if (isText) return { kind: "tag", key, operator: textOperator, value };
      break;
    case "param":
    case "params":
      if (isText) return { kind: "param", key, operator: textOperator, value };
      break;
    case null:
    case "attribute":
    case "attributes": {
      const attribute = attributes.find((each) => each === key);
      if (attribute !== undefined && isText)
        return { kind: "attribute", key: attribute, operator: textOperator, value };
      const time = timesByName[key];
      const numericOperator = numericOperators.find((each) => each === clause.operator);
      if (time !== undefined && numericOperator !== undefined && typeof value === "number")
        return { kind: "time", key: time, operator: numericOperator, value };
      break;
    }
  }
  const name = clause.prefix === null ? key : `${clause.prefix}.${key}`;
  throw invalidRequest(
    `Invalid comparison of logged models: ${name} ${clause.operator} ${JSON.stringify(value)}; compare attributes, tags.<key> or params.<key>.`,
  );
}
