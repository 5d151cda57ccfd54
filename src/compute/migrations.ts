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
  {
    number: 21,
    name: "compute-scheduling-terms",
    sql: `
      alter table workload
        add column queue text,
        add column terms jsonb,
        add column places jsonb not null default '[]',
        add column admitted_at bigint,
        add column preempt jsonb,
        add column times_preempted integer not null default 0,
        add column evicted_by jsonb not null default '[]',
        add column checkpoint_at bigint,
        add column checkpoint_noted_at bigint;
      update workload set queue = project,
        terms = jsonb_build_object('pools', jsonb_build_array(pool), 'members', jsonb_build_object('min', 1, 'max', 1),
          'topology', null, 'isPreemptible', purpose in ('training', 'evaluation', 'pipeline'), 'minRuntimeMs', 0,
          'restartMs', 0),
        gpus = (select coalesce(jsonb_agg(gpu || '{"millis": 1000}'), '[]') from jsonb_array_elements(gpus) gpu);
      update workload set places = jsonb_build_array(jsonb_build_object('node', node, 'gpus', gpus)),
        admitted_at = (select admitted_at from task where workload = workload.id and task.attempt = workload.attempt)
      where state in ('admitted', 'starting', 'running');
      alter table workload alter column queue set not null, alter column terms set not null;
      create index workload_unended on workload (id) where ended_at is null;
      -- Its predicate does not name the state: a change of state alone then touches no index.
      create index workload_ended on workload (ended_at) where ended_at is not null;
      alter table workload set (fillfactor = 60);
      create index workload_checkpoint on workload (checkpoint_noted_at) where ended_at is null;

      -- Several workloads may share a GPU, and never hold more of it than there is: the sum is kept by the database.
      alter table gpu_claim drop constraint gpu_claim_pkey;
      alter table gpu_claim
        add column millis integer not null default 1000 check (millis > 0 and millis <= 1000),
        add column slice integer;
      alter table gpu_claim alter column millis drop default;
      create index gpu_claim_device on gpu_claim (device);
      create unique index gpu_claim_slice on gpu_claim (device, slice) where slice is not null;
      create table gpu_use (
        device text primary key,
        millis integer not null constraint gpu_use_within_whole check (millis between 0 and 1000)
      );
      insert into gpu_use select device, sum(millis) from gpu_claim group by device;
      create function count_gpu_claims() returns trigger language plpgsql as $$
        begin
          insert into gpu_use (device, millis) select device, sum(millis) from claimed group by device order by device
          on conflict (device) do update set millis = gpu_use.millis + excluded.millis;
          return null;
        end $$;
      create function uncount_gpu_claims() returns trigger language plpgsql as $$
        declare
          freed record;
        begin
          for freed in select device, sum(millis) as millis from dropped group by device order by device loop
            update gpu_use set millis = gpu_use.millis - freed.millis where device = freed.device;
          end loop;
          return null;
        end $$;
      create trigger gpu_claim_counts after insert on gpu_claim referencing new table as claimed
        for each statement execute function count_gpu_claims();
      create trigger gpu_claim_uncounts after delete on gpu_claim referencing old table as dropped
        for each statement execute function uncount_gpu_claims();`,
  },
  {
    number: 22,
    name: "compute-usage",
    sql: `
      -- The ledger: who held what, from when to when, and what it was worth. One row for each GPU, or piece of one, of
      -- each member (one row for a member without GPUs); open while the place is held. Its CPUs stand in its first row.
      create table usage_entry (
        workload text not null,
        attempt integer not null,
        member integer not null,
        piece integer not null,
        project text not null,
        owner_kind text not null,
        owner_name text not null,
        purpose text not null,
        queue text not null,
        pool text not null,
        node text not null,
        device text,
        gpu_model text,
        gpu_millis integer not null,
        cpus double precision not null,
        from_at bigint not null,
        to_at bigint,
        outcome text check (outcome in ('useful', 'idle', 'lost')),
        cause text check (cause in ('preempted', 'failed', 'cancelled')),
        check ((to_at is null) = (outcome is null)),
        primary key (workload, attempt, member, piece, from_at)
      );
      create index usage_entry_open on usage_entry (workload, attempt) where to_at is null;
      create index usage_entry_time on usage_entry (to_at, from_at);
      insert into usage_entry
      select w.id, w.attempt, 0, greatest(coalesce(gpu.place, 1) - 1, 0), w.project, w.owner_kind, w.owner_name, w.purpose,
        w.queue, w.pool, w.node, gpu.held->>'device', gpu.held->>'model', coalesce((gpu.held->>'millis')::integer, 0),
        case when coalesce(gpu.place, 1) = 1 then (w.resources->>'cpus')::double precision else 0 end, w.admitted_at, null,
        null, null
      from workload w left join lateral jsonb_array_elements(w.gpus) with ordinality as gpu (held, place) on true
      where w.state in ('admitted', 'starting', 'running') and w.admitted_at is not null;

      -- One call moves a batch of workloads to other states, each under its lease and only from where its controller saw
      -- it, with its task, its GPUs, its ledger and its event. Listeners are told afterwards.
      create function move_workloads(input jsonb) returns table (place integer, outcome text) language plpgsql
      set plan_cache_mode = force_generic_plan as $$
      declare
        item record;
        changed bigint;
        entries text[] := '{}';
        base bigint;
      begin
        for item in
          select * from jsonb_to_recordset(input) as given (
            place integer, id text, from_state text, from_attempt integer, to_state text, attempt integer, pool text,
            phase text, started_at bigint, outcome jsonb, ended_at bigint, times_preempted integer, leaves boolean,
            task_started_at bigint, task_ended_at bigint, memory_peak bigint, spans jsonb, entry text,
            lease_controller text, lease_key text, lease_attempt bigint)
        loop
          place := item.place;
          perform from reconcile_item held
          where held.controller = item.lease_controller and held.key = item.lease_key
            and held.attempt = item.lease_attempt and held.lease_until is not null
          for share;
          if not found then
            outcome := 'lease-lost';
            return next;
            continue;
          end if;
          update workload w set state = item.to_state, phase = item.phase, reason = null, attempt = item.attempt,
            pool = item.pool, started_at = item.started_at, outcome = item.outcome, ended_at = item.ended_at,
            times_preempted = item.times_preempted,
            node = case when item.to_state = 'queued' then null else w.node end,
            gpus = case when item.to_state = 'queued' then '[]'::jsonb else w.gpus end,
            places = case when item.leaves then '[]'::jsonb else w.places end,
            preempt = case when item.leaves then null else w.preempt end,
            admitted_at = case when item.leaves then null else w.admitted_at end,
            secret_env = case when item.ended_at is not null then '{}'::jsonb else w.secret_env end
          where w.id = item.id and w.state = item.from_state and w.attempt = item.from_attempt;
          get diagnostics changed = row_count;
          if changed = 0 then
            outcome := 'conflict';
            return next;
            continue;
          end if;
          if item.task_started_at is not null then
            update task t set started_at = item.task_started_at
            where t.workload = item.id and t.attempt = item.from_attempt;
          end if;
          if item.leaves then
            delete from gpu_claim c where c.workload = item.id;
            update task t set ended_at = item.task_ended_at, outcome = item.outcome, memory_peak = item.memory_peak
            where t.workload = item.id and t.attempt = item.from_attempt;
            perform close_usage(item.id, item.from_attempt, item.spans);
          end if;
          entries := entries || item.entry;
          outcome := 'written';
          return next;
        end loop;
        if cardinality(entries) > 0 then
          update event_head set size = size + cardinality(entries) returning size - cardinality(entries) into base;
          insert into event (seq, entry, leaf_hash)
          select base + logged.ordinal, logged.entry, sha256('\\x00'::bytea || convert_to(logged.entry, 'UTF8'))
          from unnest(entries) with ordinality as logged (entry, ordinal);
        end if;
      end $$;

      -- One call puts a batch of workloads into the queue; one that is known already stays as it is.
      create function insert_workloads(input jsonb) returns table (place integer, is_new boolean) language plpgsql
      set plan_cache_mode = force_generic_plan as $$
      declare
        item record;
        changed bigint;
        entries text[] := '{}';
        base bigint;
      begin
        for item in
          select * from jsonb_to_recordset(input) as given (
            place integer, id text, project text, owner_kind text, owner_project text, owner_name text, purpose text, pool text,
            queue text, terms jsonb, priority double precision, resources jsonb, command jsonb, secret_env jsonb,
            max_restarts integer, queued_at bigint, entry text)
        loop
          place := item.place;
          insert into workload (id, project, owner_kind, owner_project, owner_name, purpose, pool, queue, terms, priority,
            resources, command, secret_env, max_restarts, state, attempt, phase, gpus, queued_at)
          values (item.id, item.project, item.owner_kind, item.owner_project, item.owner_name, item.purpose, item.pool,
            item.queue, item.terms, item.priority, item.resources, item.command, item.secret_env, item.max_restarts, 'queued',
            1, 'waiting for a place', '[]', item.queued_at)
          on conflict (id) do nothing;
          get diagnostics changed = row_count;
          is_new := changed > 0;
          if is_new then
            entries := entries || item.entry;
          end if;
          return next;
        end loop;
        if cardinality(entries) > 0 then
          update event_head set size = size + cardinality(entries) returning size - cardinality(entries) into base;
          insert into event (seq, entry, leaf_hash)
          select base + logged.ordinal, logged.entry, sha256('\\x00'::bytea || convert_to(logged.entry, 'UTF8'))
          from unnest(entries) with ordinality as logged (entry, ordinal);
        end if;
      end $$;

      -- Claims the GPUs of workloads that have just been given places, and opens their tasks and their part of the ledger.
      create function claim_places(ids text[], moment bigint) returns void language sql as $$
        insert into gpu_claim (device, workload, millis, slice)
        select gpu->>'device', w.id, (gpu->>'millis')::integer, (gpu->>'slice')::integer
        from workload w, jsonb_array_elements(w.places) place, jsonb_array_elements(place->'gpus') gpu
        where w.id = any(ids) and w.gpus <> '[]';
        insert into task (workload, attempt, node, gpus, admitted_at)
        select id, attempt, node, gpus, moment from workload where id = any(ids)
        on conflict do nothing;
        insert into usage_entry (workload, attempt, member, piece, project, owner_kind, owner_name, purpose, queue, pool, node,
          device, gpu_model, gpu_millis, cpus, from_at)
        select w.id, w.attempt, place.ordinal - 1, coalesce(gpu.ordinal, 1) - 1, w.project, w.owner_kind, w.owner_name,
          w.purpose, w.queue, w.pool, place.held->>'node', gpu.held->>'device', gpu.held->>'model',
          coalesce((gpu.held->>'millis')::integer, 0),
          case when coalesce(gpu.ordinal, 1) = 1 then (w.resources->>'cpus')::double precision else 0 end, moment
        from workload w
        cross join lateral jsonb_array_elements(w.places) with ordinality as place (held, ordinal)
        left join lateral jsonb_array_elements(place.held->'gpus') with ordinality as gpu (held, ordinal) on true
        where w.id = any(ids);
      $$;

      -- Puts spans of known worth in the place of the open rows of a start.
      create function close_usage(closing text, closing_attempt integer, spans jsonb) returns void language sql as $$
        with open as (
          delete from usage_entry where workload = closing and attempt = closing_attempt and to_at is null returning *
        )
        insert into usage_entry
        select open.workload, open.attempt, open.member, open.piece, open.project, open.owner_kind, open.owner_name,
          open.purpose, open.queue, open.pool, open.node, open.device, open.gpu_model, open.gpu_millis, open.cpus,
          greatest(span."from", open.from_at), span."to", span.outcome, span.cause
        from open, jsonb_to_recordset(spans) as span ("from" bigint, "to" bigint, outcome text, cause text)
        where span."to" > open.from_at
      $$;`,
  },
];
