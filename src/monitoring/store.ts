import { type ColumnType, type Kysely, type Selectable, sql, type Transaction } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../platform/controller.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { EventEntry } from "../platform/event.ts";
import { assertLease } from "../platform/reconciler.ts";
import { type Alert, driftMonitorKind, type DriftReport, driftReportSchema } from "./model.ts";

interface AlertTable {
  id: string;
  project: string;
  monitor: string;
  deployment: string;
  state: Alert["state"];
  message: string;
  report_id: string;
  opened_at: number;
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  closed_at: number | null;
}

interface MonitoringTables {
  drift_report: {
    id: string;
    project: string;
    monitor: string;
    reported_at: number;
    basis: string;
    report: ColumnType<unknown, string, never>;
  };
  alert: AlertTable;
}

/** How many reports a monitor keeps, the newest. */
const reportsKept = 200;
/** The most alerts that one list answers with. */
const alertsMax = 500;

/** Which alerts to list. */
export interface AlertFilter {
  /** Null: of every project. */
  readonly projects: readonly string[] | null;
  readonly states?: readonly Alert["state"][] | undefined;
}

/** Drift reports and alerts; every change commits with its events. */
export class MonitoringStore {
  readonly #database: Kysely<MonitoringTables>;

  constructor(database: Kysely<MonitoringTables>) {
    this.#database = database;
  }

  /**
   * Keeps a report under the lease; opens the monitor's alert when it drifted and none is open, resolves it when not.
   * Answers with the id of the alert that is not resolved, or null.
   */
  async keep(report: DriftReport, opensAlert: boolean, alertId: string, lease: Lease): Promise<string | null> {
    return await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await transaction
        .insertInto("drift_report")
        .values({
          id: report.id,
          project: report.project,
          monitor: report.monitor,
          reported_at: report.at,
          basis: report.basis,
          report: JSON.stringify(report),
        })
        .execute();
      await this.#forgetOld(transaction, report);
      const actor = `controller:${lease.controller}`;
      const open = await this.#unresolved(transaction, report.project, report.monitor);
      const events: EventEntry[] = [];
      if (report.verdict === "drifted" && open === undefined) {
        const drifted = report.findings.filter((finding) => finding.drifted);
        events.push(entry(report, actor, "drift-detected", report.message, { reportId: report.id, drifted }));
        if (opensAlert) {
          await this.#openAlert(transaction, report, alertId);
          events.push(entry(report, actor, "alert-opened", report.message, { alertId, reportId: report.id }));
        }
      }
      if (report.verdict === "steady" && open !== undefined) {
        await this.#resolve(transaction, open.id, report.at);
        events.push(entry(report, actor, "alert-resolved", report.message, { alertId: open.id, reportId: report.id }));
      }
      const after = await this.#unresolved(transaction, report.project, report.monitor);
      await appendEvents(transaction, events);
      return after?.id ?? null;
    });
  }

  async reports(project: string, monitor: string, limit: number): Promise<readonly DriftReport[]> {
    const rows = await this.#database
      .selectFrom("drift_report")
      .select("report")
      .where("project", "=", project)
      .where("monitor", "=", monitor)
      .orderBy("reported_at", "desc")
      .orderBy("id", "desc")
      .limit(Math.min(limit, reportsKept))
      .execute();
    return rows.map((row) => driftReportSchema.parse(row.report));
  }

  async alerts(filter: AlertFilter): Promise<readonly Alert[]> {
    let query = this.#database
      .selectFrom("alert")
      .selectAll()
      .orderBy(sql`state = 'resolved'`)
      .orderBy("opened_at", "desc")
      .limit(alertsMax);
    if (filter.projects !== null) {
      query = query.where("project", "in", filter.projects.length === 0 ? [""] : [...filter.projects]);
    }
    if (filter.states !== undefined) query = query.where("state", "in", [...filter.states]);
    return (await query.execute()).map(toAlert);
  }

  /** The monitor's alert that is not resolved yet, or null. */
  async unresolvedAlert(project: string, monitor: string): Promise<Alert | null> {
    const row = await this.#unresolved(this.#database, project, monitor);
    return row === undefined ? null : toAlert(row);
  }

  /** Notes that a person has seen the alert; a resolved one stays as it is. @throws {Fault} `monitoring.alert-missing`. */
  async acknowledge(project: string, id: string, identity: string, at: number): Promise<Alert> {
    return await this.#decide(project, id, async (transaction, alert) => {
      if (alert.state !== "open") return null;
      await transaction
        .updateTable("alert")
        .set({ state: "acknowledged", acknowledged_by: identity, acknowledged_at: at })
        .where("id", "=", id)
        .execute();
      return { verb: "alert-acknowledged", actor: identity, at };
    });
  }

  /** Closes the alert by a person's word. @throws {Fault} `monitoring.alert-missing`. */
  async resolve(project: string, id: string, identity: string, at: number): Promise<Alert> {
    return await this.#decide(project, id, async (transaction, alert) => {
      if (alert.state === "resolved") return null;
      await this.#resolve(transaction, id, at);
      return { verb: "alert-resolved", actor: identity, at };
    });
  }

  async #decide(
    project: string,
    id: string,
    change: (
      transaction: Transaction<MonitoringTables>,
      alert: Alert,
    ) => Promise<{ readonly verb: string; readonly actor: string; readonly at: number } | null>,
  ): Promise<Alert> {
    return await this.#database.transaction().execute(async (transaction) => {
      const read = async (): Promise<Alert> => {
        const row = await transaction
          .selectFrom("alert")
          .selectAll()
          .where("id", "=", id)
          .where("project", "=", project)
          .forUpdate()
          .executeTakeFirst();
        if (row !== undefined) return toAlert(row);
        throw new Fault(
          "monitoring.alert-missing",
          `there is no alert ${id} in project ${project}; list them with GET /api/v1/alerts`,
          { details: { project, id } },
        );
      };
      const done = await change(transaction, await read());
      const after = await read();
      if (done !== null) {
        const message = `${done.actor} ${done.verb.replace("alert-", "")} the alert of ${after.monitor}: ${after.message}`;
        const what = { project: after.project, monitor: after.monitor, at: done.at };
        await appendEvents(transaction, [entry(what, done.actor, done.verb, message, { alertId: id })]);
      }
      return after;
    });
  }

  async #openAlert(transaction: Transaction<MonitoringTables>, report: DriftReport, id: string): Promise<void> {
    await transaction
      .insertInto("alert")
      .values({
        id,
        project: report.project,
        monitor: report.monitor,
        deployment: report.deployment,
        state: "open",
        message: report.message,
        report_id: report.id,
        opened_at: report.at,
        acknowledged_by: null,
        acknowledged_at: null,
        closed_at: null,
      })
      .execute();
  }

  async #resolve(transaction: Transaction<MonitoringTables>, id: string, at: number): Promise<void> {
    await transaction.updateTable("alert").set({ state: "resolved", closed_at: at }).where("id", "=", id).execute();
  }

  async #unresolved(
    reader: Kysely<MonitoringTables>,
    project: string,
    monitor: string,
  ): Promise<Selectable<AlertTable> | undefined> {
    return await reader
      .selectFrom("alert")
      .selectAll()
      .where("project", "=", project)
      .where("monitor", "=", monitor)
      .where("state", "!=", "resolved")
      .executeTakeFirst();
  }

  async #forgetOld(transaction: Transaction<MonitoringTables>, report: DriftReport): Promise<void> {
    const kept = transaction
      .selectFrom("drift_report")
      .select("id")
      .where("project", "=", report.project)
      .where("monitor", "=", report.monitor)
      .orderBy("reported_at", "desc")
      .orderBy("id", "desc")
      .limit(reportsKept);
    await transaction
      .deleteFrom("drift_report")
      .where("project", "=", report.project)
      .where("monitor", "=", report.monitor)
      .where("id", "not in", kept)
      .execute();
  }
}

function entry(
  what: { readonly project: string; readonly monitor: string; readonly at: number },
  actor: string,
  verb: string,
  message: string,
  data: Readonly<Record<string, unknown>>,
): EventEntry {
  const subject = { kind: driftMonitorKind.kind, project: what.project, name: what.monitor };
  return { at: what.at, actor, verb, subject, message, data };
}

function toAlert(row: Selectable<AlertTable>): Alert {
  return {
    id: row.id,
    project: row.project,
    monitor: row.monitor,
    deployment: row.deployment,
    state: row.state,
    severity: "warning",
    message: row.message,
    reportId: row.report_id,
    openedAt: row.opened_at,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedAt: row.acknowledged_at,
    closedAt: row.closed_at,
  };
}
