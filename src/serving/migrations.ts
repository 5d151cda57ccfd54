import type { Migration } from "../platform/migration.ts";

/** The serving room's tables. */
export const servingMigrations: readonly Migration[] = [
  {
    number: 100,
    name: "serving-deployments",
    sql: `
      create table serving_replica (
        workload_id text primary key,
        project text not null,
        deployment text not null,
        version_id text not null,
        version text not null,
        columns jsonb not null,
        signature text not null,
        slot integer not null,
        generation integer not null,
        was_ready boolean not null default false,
        created_at bigint not null
      );
      create index serving_replica_of_deployment on serving_replica (project, deployment);
      create table rollout_look (
        project text not null,
        deployment text not null,
        rollout text not null,
        number integer not null,
        looked_at bigint not null,
        version_id text not null,
        version text not null,
        champion_id text not null,
        percent double precision not null,
        decision text not null,
        reason text not null,
        requests integer not null,
        observations bigint not null,
        metrics jsonb not null,
        primary key (project, deployment, rollout, number)
      );
      create table rollout_resume (
        project text not null,
        deployment text not null,
        version_id text not null,
        actor text not null,
        resumed_at bigint not null,
        primary key (project, deployment, version_id)
      );
      create table serving_backfill (
        project text not null,
        deployment text not null,
        view text not null,
        fingerprint text not null,
        row_count bigint not null,
        filled_until_at bigint not null,
        filled_at bigint not null,
        primary key (project, deployment, view)
      );`,
  },
  {
    number: 101,
    name: "serving-traffic",
    sql: `
      create table serving_window (
        project text not null,
        deployment text not null,
        version_id text not null,
        version text not null,
        revision integer not null,
        starts_at bigint not null,
        requests bigint not null,
        errors bigint not null,
        log_latency_sum double precision not null,
        log_latency_squares double precision not null,
        histogram bigint[] not null,
        outcomes bigint not null,
        brier_sum double precision not null,
        brier_squares double precision not null,
        primary key (project, deployment, version_id, revision, starts_at)
      );
      create index serving_window_by_time on serving_window (project, deployment, starts_at);
      create table serving_prediction (
        project text not null,
        deployment text not null,
        prediction_id text not null,
        version_id text not null,
        version text not null,
        revision integer not null,
        event_at bigint not null,
        served_at bigint not null,
        latency_ms real not null,
        inputs jsonb not null,
        features jsonb not null,
        probability double precision not null,
        outcome smallint,
        outcome_at bigint,
        primary key (project, deployment, prediction_id)
      );
      create index serving_prediction_by_event on serving_prediction (project, deployment, event_at);
      create index serving_prediction_by_served on serving_prediction (project, deployment, served_at);
      create table serving_outcome_waiting (
        project text not null,
        deployment text not null,
        prediction_id text not null,
        outcome smallint not null,
        outcome_at bigint not null,
        primary key (project, deployment, prediction_id)
      );
      create table serving_flush (
        gateway text primary key,
        sequence bigint not null,
        dropped bigint not null,
        recorded_at bigint not null
      );
      create table serving_ejection (
        project text not null,
        deployment text not null,
        version_id text not null,
        revision integer not null,
        message text not null,
        ejected_at bigint not null,
        primary key (project, deployment, version_id, revision)
      );`,
  },
  {
    number: 102,
    name: "serving-limits",
    sql: `
      create table serving_limit_lent (
        limit_id text not null,
        window_start bigint not null,
        worker text not null,
        granted bigint not null,
        returned bigint not null,
        spent bigint not null,
        heard_at bigint not null,
        primary key (limit_id, window_start, worker)
      );
      create index serving_limit_lent_by_window on serving_limit_lent (window_start);`,
  },
  {
    number: 104,
    name: "serving-cold-starts",
    sql: `alter table serving_replica add column ready_at bigint;`,
  },
  {
    number: 106,
    name: "serving-batches",
    sql: `
      create table serving_file (
        id text primary key,
        project text not null,
        filename text not null,
        purpose text not null,
        bytes bigint not null,
        object_key text not null,
        created_at bigint not null
      );
      create index serving_file_by_project on serving_file (project, id);
      create table serving_batch (
        id text primary key,
        project text not null,
        identity text not null,
        bound_to text,
        endpoint text not null,
        input_file_id text not null,
        completion_window text not null,
        status text not null,
        ends_as text,
        problems jsonb not null,
        metadata jsonb not null,
        total integer not null default 0,
        completed integer not null default 0,
        failed integer not null default 0,
        output_file_id text,
        error_file_id text,
        created_at bigint not null,
        expires_at bigint not null,
        started_at bigint,
        finalizing_at bigint,
        ended_at bigint,
        cancelling_at bigint
      );
      create index serving_batch_by_project on serving_batch (project, id);
      create index serving_batch_by_input on serving_batch (input_file_id) where ended_at is null;
      create table serving_batch_line (
        batch_id text not null references serving_batch,
        line integer not null,
        custom_id text not null,
        byte_offset bigint not null,
        byte_length integer not null,
        attempts integer not null default 0,
        result jsonb,
        primary key (batch_id, line)
      );
      create index serving_batch_line_pending on serving_batch_line (batch_id, line) where result is null;`,
  },
  {
    number: 108,
    name: "serving-rollout-strategies",
    sql: `
      drop table rollout_resume;
      create table rollout_order (
        project text not null,
        deployment text not null,
        version_id text not null,
        action text not null,
        percent double precision,
        actor text not null,
        reason text not null,
        ordered_at bigint not null,
        primary key (project, deployment)
      );
      alter table serving_replica add column is_baseline boolean not null default false;
      alter table serving_window
        add column is_baseline boolean not null default false,
        add column callers bigint not null default 0,
        add column ttft_count bigint not null default 0,
        add column log_ttft_sum double precision not null default 0,
        add column log_ttft_squares double precision not null default 0,
        add column tpot_count bigint not null default 0,
        add column log_tpot_sum double precision not null default 0,
        add column log_tpot_squares double precision not null default 0,
        add column judged bigint not null default 0,
        add column missed bigint not null default 0,
        drop constraint serving_window_pkey,
        add primary key (project, deployment, version_id, is_baseline, revision, starts_at);
      create table serving_shadow (
        project text not null,
        deployment text not null,
        version_id text not null,
        revision integer not null,
        compared bigint not null,
        agreed bigint not null,
        failed bigint not null,
        dropped bigint not null,
        difference_sum double precision not null,
        difference_max double precision not null,
        exact bigint not null,
        log_length_ratio_sum double precision not null,
        same_finish bigint not null,
        texts bigint not null,
        primary key (project, deployment, version_id, revision)
      );`,
  },
  {
    number: 110,
    name: "serving-tokens",
    sql: `
      alter table serving_window
        add column token_count bigint not null default 0,
        add column tokens_in bigint not null default 0,
        add column tokens_out bigint not null default 0;
      create index serving_window_starts on serving_window (starts_at);`,
  },
  {
    number: 111,
    name: "serving-unloads",
    sql: `
      create table serving_unload (
        project text not null,
        deployment text not null,
        actor text not null,
        unloaded_at bigint not null,
        primary key (project, deployment)
      );`,
  },
  {
    number: 112,
    name: "serving-refusals",
    sql: `
      create table serving_refusal (
        project text not null,
        deployment text not null,
        reason text not null,
        starts_at bigint not null,
        requests bigint not null,
        primary key (project, deployment, reason, starts_at)
      );
      create index serving_refusal_by_time on serving_refusal (project, deployment, starts_at);`,
  },
];
