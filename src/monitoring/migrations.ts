import type { Migration } from "../platform/migration.ts";

export const monitoringMigrations: readonly Migration[] = [
  {
    number: 120,
    name: "monitoring-reports-and-alerts",
    sql: `
      create table drift_report (
        id text primary key,
        project text not null,
        monitor text not null,
        reported_at bigint not null,
        basis text not null,
        report jsonb not null
      );
      create index drift_report_of_monitor on drift_report (project, monitor, reported_at);
      create table alert (
        id text primary key,
        project text not null,
        monitor text not null,
        deployment text not null,
        state text not null check (state in ('open', 'acknowledged', 'resolved')),
        message text not null,
        report_id text not null,
        opened_at bigint not null,
        acknowledged_by text,
        acknowledged_at bigint,
        closed_at bigint
      );
      create unique index alert_one_at_a_time on alert (project, monitor) where state <> 'resolved';
      create index alert_by_time on alert (opened_at);`,
  },
];
