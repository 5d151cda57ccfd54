import type { Migration } from "../platform/migration.ts";

export const trackingMigrations: readonly Migration[] = [
  {
    number: 60,
    name: "tracking-experiments-and-runs",
    sql: `
      create table tracking_experiment (
        project text not null,
        experiment_id text not null,
        name text not null,
        artifact_location text not null,
        lifecycle text not null check (lifecycle in ('active', 'deleted')),
        tags jsonb not null,
        created_at bigint not null,
        updated_at bigint not null,
        primary key (project, experiment_id),
        unique (project, name)
      );
      create table tracking_run (
        run_id text primary key,
        project text not null,
        experiment_id text not null,
        name text not null,
        user_id text not null,
        status text not null check (status in ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
        lifecycle text not null check (lifecycle in ('active', 'deleted')),
        artifact_uri text not null,
        params jsonb not null,
        tags jsonb not null,
        dataset_inputs jsonb not null,
        model_inputs jsonb not null,
        model_outputs jsonb not null,
        started_at bigint not null,
        ended_at bigint,
        foreign key (project, experiment_id) references tracking_experiment (project, experiment_id)
      );
      create index tracking_run_newest on tracking_run (project, experiment_id, started_at desc, run_id);
      create index tracking_run_newest_of_project on tracking_run (project, started_at desc, run_id);`,
  },
  {
    number: 61,
    name: "tracking-metrics",
    sql: `
      create table tracking_metric (
        run_id text not null,
        key text not null,
        step bigint not null,
        measured_at bigint not null,
        value double precision not null,
        primary key (run_id, key, step, measured_at, value)
      );
      create table tracking_latest_metric (
        run_id text not null,
        key text not null,
        step bigint not null,
        measured_at bigint not null,
        value double precision not null,
        primary key (run_id, key)
      );
      create index tracking_latest_metric_value on tracking_latest_metric (key, value, run_id);`,
  },
  {
    number: 62,
    name: "tracking-logged-models",
    sql: `
      create table tracking_logged_model (
        model_id text primary key,
        project text not null,
        experiment_id text not null,
        name text not null,
        model_type text,
        source_run_id text,
        status text not null,
        params jsonb not null,
        tags jsonb not null,
        is_deleted boolean not null,
        created_at bigint not null,
        updated_at bigint not null,
        foreign key (project, experiment_id) references tracking_experiment (project, experiment_id)
      );
      create index tracking_logged_model_newest on tracking_logged_model (project, experiment_id, created_at desc);`,
  },
];
