import type { LimitRule, SubjectPattern } from "../gateway/limits/limit-rule.ts";
import { microsPerUnit, type TrafficLimitSpec } from "./model.ts";

/** A declared limit, as far as its rules depend on it. */
export interface DeclaredLimit {
  readonly uid: string;
  readonly name: string;
  readonly spec: TrafficLimitSpec;
}

/** The id under which a limit's budget is kept: a budget of another period begins anew. */
export function budgetId({ uid, spec }: Pick<DeclaredLimit, "uid" | "spec">): string {
  return `${uid}/money/${spec.budget?.per ?? "total"}`;
}

/** The bounds that a declared limit stands for, one for each thing that it limits. */
export function limitRules(limit: DeclaredLimit): readonly LimitRule[] {
  const { uid, name, spec } = limit;
  const subject = patternOf(spec);
  const rules: LimitRule[] = [];
  const { requestsPerMinute, tokensPerMinute, concurrentRequests, budget } = spec;
  if (requestsPerMinute !== undefined) {
    rules.push({ id: `${uid}/requests`, name, subject, measure: "requests", amount: requestsPerMinute });
  }
  if (tokensPerMinute !== undefined) {
    rules.push({ id: `${uid}/tokens`, name, subject, measure: "tokens", amount: tokensPerMinute });
  }
  if (concurrentRequests !== undefined) {
    rules.push({ id: `${uid}/concurrency`, name, subject, measure: "concurrency", amount: concurrentRequests });
  }
  if (budget !== undefined) {
    const amount = Math.round(budget.amount * microsPerUnit);
    rules.push({ id: budgetId(limit), name, subject, measure: "money", amount, per: budget.per });
  }
  return rules;
}

/** Whom a limit is for, in words: `key k1, project flights`. */
export function describeSubject({ subject }: TrafficLimitSpec): string {
  const { identity, key, team, project, deployment } = subject;
  const parts = [
    ["identity", identity],
    ["key", key],
    ["team", team],
    ["project", project],
    ["deployment", deployment],
  ] as const;
  return parts.flatMap(([what, name]) => (name === undefined ? [] : [`${what} ${name}`])).join(", ");
}

function patternOf({ subject }: TrafficLimitSpec): SubjectPattern {
  return {
    identity: subject.identity ?? null,
    key: subject.key ?? null,
    project: subject.project ?? null,
    team: subject.team ?? null,
    deployment: subject.deployment ?? null,
  };
}
