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
  {
    number: 131,
    name: "planning-site",
    sql: `
      -- Deployments, nodes and GPUs are predicted, too: of a span that ends at due_at, under a load.
      alter table planning_prediction rename column workload to subject;
      alter table planning_prediction
        add column due_at bigint,
        add column load jsonb,
        add column exposure double precision;
      create index planning_prediction_due on planning_prediction (due_at) where settled_at is null and due_at is not null;
      -- Watts that exporters pushed, summed by node and hour: of whole servers, or of their GPU boards.
      create table planning_power (
        node text not null,
        scope text not null check (scope in ('server', 'boards')),
        hour_at bigint not null,
        samples bigint not null,
        watts_sum double precision not null,
        held_sum double precision not null,
        primary key (hour_at, node, scope)
      );`,
  },
];
