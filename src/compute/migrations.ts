import type { Migration } from "../platform/migration.ts";

export const computeMigrations: readonly Migration[] = [
  {
    number: 20,
    name: "compute-workloads",
    sql: `
      create table workload (
        id text primary key,
        project text not null,
        owner_kind text not null,
        owner_project text,
        owner_name text not null,
        purpose text not null,
        pool text not null,
        priority double precision not null,
        resources jsonb not null,
        command jsonb not null,
        secret_env jsonb not null,
        max_restarts integer not null,
        state text not null check (state in
          ('queued', 'admitted', 'starting', 'running', 'preempted', 'succeeded', 'failed', 'cancelled')),
        attempt integer not null,
        phase text not null,
        reason jsonb,
        node text,
        gpus jsonb not null,
        outcome jsonb,
        cancel jsonb,
        queued_at bigint not null,
        started_at bigint,
        ended_at bigint
      );
      create index workload_active on workload (pool) where ended_at is null;
      create index workload_project on workload (project, queued_at);
      create index workload_owner on workload (owner_kind, owner_name);
      create table gpu_claim (
        device text primary key,
        workload text not null references workload (id) on delete cascade
      );
      create index gpu_claim_workload on gpu_claim (workload);
      create table task (
        workload text not null references workload (id) on delete cascade,
        attempt integer not null,
        node text not null,
        gpus jsonb not null,
        admitted_at bigint not null,
        started_at bigint,
        ended_at bigint,
        outcome jsonb,
        memory_peak bigint,
        primary key (workload, attempt)
      );`,
  },
];
