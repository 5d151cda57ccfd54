import type { ColumnType, Kysely } from "kysely";
import type { Lease } from "../platform/controller.ts";
import { appendEvents } from "../platform/event-log.ts";
import { assertLease } from "../platform/reconciler.ts";
import { evaluationKind, type EvaluationReport, evaluationReportSchema } from "./model.ts";
import type { EvaluationReports } from "./ports.ts";

interface EvaluationTables {
  evaluation_report: {
    id: string;
    project: string;
    evaluation: string;
    model: string;
    version_id: string;
    passed: boolean;
    report: ColumnType<unknown, string, never>;
    judged_at: number;
  };
}

/** The most reports that one list answers with. */
const reportsMax = 100;

/** Which reports to list; newest first. */
export interface ReportFilter {
  readonly project: string;
  readonly id?: string | undefined;
  readonly evaluation?: string | undefined;
  readonly model?: string | undefined;
  readonly versionId?: string | undefined;
}

/** Reports, one for each evaluation and version; they never change. */
export class EvaluationStore implements EvaluationReports {
  readonly #database: Kysely<EvaluationTables>;

  constructor(database: Kysely<EvaluationTables>) {
    this.#database = database;
  }

  /** Keeps a report under the lease, once; a second one of the same version changes nothing. */
  async keep(report: EvaluationReport, lease: Lease): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const kept = await transaction
        .insertInto("evaluation_report")
        .values({
          id: report.id,
          project: report.project,
          evaluation: report.evaluation,
          model: report.model,
          version_id: report.versionId,
          passed: report.passed,
          report: JSON.stringify(report),
          judged_at: report.at,
        })
        .onConflict((conflict) => conflict.columns(["project", "evaluation", "version_id"]).doNothing())
        .returning("id")
        .execute();
      if (kept.length === 0) return;
      await appendEvents(transaction, [
        {
          at: report.at,
          actor: `controller:${lease.controller}`,
          verb: "judged",
          subject: { kind: evaluationKind.kind, project: report.project, name: report.evaluation },
          message: `${report.evaluation} ${report.passed ? "passed" : "rejected"} ${report.model} ${report.versionId}: ${report.gate.message}`,
          data: {
            model: report.model,
            versionId: report.versionId,
            reportId: report.id,
            passed: report.passed,
            gate: report.gate,
            evaluationSet: report.evaluationSet,
          },
        },
      ]);
    });
  }

  async list(filter: ReportFilter): Promise<readonly EvaluationReport[]> {
    let query = this.#database
      .selectFrom("evaluation_report")
      .select("report")
      .where("project", "=", filter.project)
      .orderBy("judged_at", "desc")
      .limit(reportsMax);
    if (filter.id !== undefined) query = query.where("id", "=", filter.id);
    if (filter.evaluation !== undefined) query = query.where("evaluation", "=", filter.evaluation);
    if (filter.model !== undefined) query = query.where("model", "=", filter.model);
    if (filter.versionId !== undefined) query = query.where("version_id", "=", filter.versionId);
    const rows = await query.execute();
    return rows.map((row) => evaluationReportSchema.parse(row.report));
  }

  async ofVersion(project: string, versionId: string): Promise<readonly EvaluationReport[]> {
    return await this.list({ project, versionId });
  }
}
