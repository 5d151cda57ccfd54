import type { Migration } from "../platform/migration.ts";

export const evaluationMigrations: readonly Migration[] = [
  {
    number: 90,
    name: "evaluation-reports",
    sql: `
      create table evaluation_report (
        id text primary key,
        project text not null,
        evaluation text not null,
        model text not null,
        version_id text not null,
        passed boolean not null,
        report jsonb not null,
        judged_at bigint not null,
        unique (project, evaluation, version_id)
      );
      create index evaluation_report_of_version on evaluation_report (project, version_id, judged_at);
      create index evaluation_report_of_model on evaluation_report (project, model, judged_at);`,
  },
];
