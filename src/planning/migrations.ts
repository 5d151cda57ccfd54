import type { Migration } from "../platform/migration.ts";

export const planningMigrations: readonly Migration[] = [
  {
    number: 130,
    name: "planning-predictions",
    sql: `
      -- What was predicted of a workload, in seconds, and what was measured later; or why it was not compared.
      create table planning_prediction (
        kind text not null,
        workload text not null,
        "group" text not null,
        project text not null,
        predicted_at bigint not null,
        low double precision not null,
        likely double precision not null,
        high double precision not null,
        measured double precision,
        excluded text,
        settled_at bigint,
        primary key (kind, workload, "group"),
        check ((settled_at is null) = (measured is null and excluded is null))
      );
      create index planning_prediction_open on planning_prediction (workload) where settled_at is null;
      create index planning_prediction_settled on planning_prediction (kind, "group", settled_at);`,
  },
];
