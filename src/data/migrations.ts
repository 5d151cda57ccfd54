import type { Migration } from "../platform/migration.ts";

export const dataMigrations: readonly Migration[] = [
  {
    number: 40,
    name: "data-versions",
    sql: `
      create table dataset_version (
        project text not null,
        dataset text not null,
        version integer not null,
        path text not null,
        content_hash text not null,
        check_hash text not null,
        source_path text not null,
        source_bytes bigint not null,
        source_modified_at double precision not null,
        rows bigint not null,
        bytes bigint not null,
        columns jsonb not null,
        state text not null check (state in ('valid', 'failed')),
        violations jsonb not null,
        made_from jsonb not null,
        created_at bigint not null,
        primary key (project, dataset, version)
      );
      create table pipeline_step_run (
        id text primary key,
        project text not null,
        pipeline text not null,
        step text not null,
        key text not null,
        output_dataset text not null,
        output_version integer not null,
        rows bigint not null,
        seconds double precision not null,
        finished_at bigint not null
      );
      create index pipeline_step_run_key on pipeline_step_run (project, pipeline, step, key, finished_at desc);`,
  },
  {
    number: 41,
    name: "pipeline-step-tasks",
    sql: `
      create table pipeline_step_task (
        project text not null,
        pipeline text not null,
        step text not null,
        key text not null,
        workload text not null unique,
        generation integer not null,
        output_dataset text not null,
        path text not null,
        made_from jsonb not null,
        primary key (project, pipeline, step)
      );
      create index pipeline_step_task_output on pipeline_step_task (project, output_dataset);`,
  },
];
