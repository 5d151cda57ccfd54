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
];
