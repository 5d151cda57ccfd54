import type { Clock, Instant, Millis } from "../../base/clock.ts";
import type { Controller, Lease, NextVisit } from "../../platform/controller.ts";
import type { ResourceStore } from "../../platform/resource-store.ts";
import { projectKind } from "../../tenancy/model.ts";
import { budgetWindow } from "../gateway/limits/budget-window.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import { budgetId, limitRules } from "./limit-rules.ts";
import { limitStatus } from "./limit-status.ts";
import type { LimitStore } from "./limit-store.ts";
import { trafficLimitKind, type TrafficLimitSpec } from "./model.ts";

/** How often a budget's status is looked after. */
const lookMs: Millis = 10_000;

/** What the controller stands on. */
export interface TrafficLimitNeeds {
  readonly resources: Pick<ResourceStore, "list" | "observe">;
  readonly store: Pick<LimitStore, "spending">;
  readonly clock: Clock;
  /** Hears of all limits, and of the teams of all projects, whenever one of them may have changed. */
  readonly onTable: (table: LimitTable) => Promise<void>;
}

/** The key that stands for all projects; no limit has this name. */
const projectsKey = "projects:";

/** Tells whoever lends from limits which there are, and shows what was spent of their budgets. */
export class TrafficLimitController implements Controller {
  readonly name = "traffic-limit";
  readonly concurrency = 1;
  readonly #needs: TrafficLimitNeeds;

  constructor(needs: TrafficLimitNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = (event) => {
    if (event.verb === "observed") return [];
    if (event.subject.kind === projectKind.kind) return [projectsKey];
    return event.subject.kind === trafficLimitKind.kind ? [event.subject.name] : [];
  };

  async reconcile(name: string, lease: Lease): Promise<NextVisit> {
    const { resources, clock, onTable } = this.#needs;
    const [all, projects] = await Promise.all([resources.list(trafficLimitKind), resources.list(projectKind)]);
    const teams = Object.fromEntries(projects.map((project) => [project.name, project.spec.team]));
    await onTable({ rules: all.flatMap(limitRules), teams });
    const limit = all.find((each) => each.name === name);
    if (limit === undefined) return { kind: "settled" };
    const now = clock.now();
    const status = limitStatus(limit.status, limit.spec, now, await this.#budget(limit, now));
    await resources.observe(trafficLimitKind, limit, status, { lease, message: `limit ${name} is ${status.phase}` });
    return limit.spec.budget === undefined ? { kind: "settled" } : { kind: "again", afterMs: lookMs };
  }

  async #budget(limit: { readonly uid: string; readonly spec: TrafficLimitSpec }, now: Instant) {
    const { budget } = limit.spec;
    if (budget === undefined) return null;
    const window = budgetWindow(budget.per, now);
    const resets = window.endsAt === null ? "never" : new Date(window.endsAt).toISOString();
    return { window, spending: await this.#needs.store.spending(budgetId(limit), window.startsAt), resets };
  }
}
