import type { Migration } from "../platform/migration.ts";

export const schedulingMigrations: readonly Migration[] = [
  {
    number: 30,
    name: "scheduling-promises",
    sql: `
      -- When and where workloads that wait will start, as far as it is planned; held: freed for them, and kept.
      create table planned_start (
        workload text primary key,
        at bigint not null,
        places jsonb not null,
        ahead jsonb not null,
        held_until bigint,
        is_hard_bound boolean not null
      );
      -- What queues and those above them used in the past, as the fair share weighs it.
      create table quota_history (
        node text primary key,
        average double precision not null,
        settled_at bigint not null
      );`,
  },
  {
    number: 31,
    name: "scheduling-start-estimates",
    sql: `
      -- What was foreseen of starts, each once, and what became of it: later estimates are corrected by it.
      create table start_estimate (
        workload text not null,
        attempt integer not null,
        pool text not null,
        queue text not null,
        -- The log's size when it was made: what happened behind it counts.
        seq bigint not null,
        made_at bigint not null,
        raw_p50 bigint not null,
        raw_p90 bigint not null,
        p90 bigint not null,
        started_at bigint,
        is_held boolean,
        primary key (workload, attempt)
      );
      create index start_estimate_started on start_estimate (started_at) where started_at is not null;`,
  },
];
