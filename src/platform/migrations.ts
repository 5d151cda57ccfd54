import type { Migration } from "./migration.ts";

export const platformMigrations: readonly Migration[] = [
  {
    number: 1,
    name: "platform-resources",
    sql: `
      create table resource (
        uid text not null unique,
        kind text not null,
        project text not null,
        name text not null,
        labels jsonb not null,
        spec jsonb not null,
        status jsonb not null,
        generation bigint not null,
        version bigint not null,
        created_at bigint not null,
        updated_at bigint not null,
        deleting_since bigint,
        primary key (kind, project, name)
      );`,
  },
  {
    number: 2,
    name: "platform-event-log",
    sql: `
      create table event (
        seq bigint primary key,
        entry text not null,
        leaf_hash bytea not null,
        at bigint generated always as (((entry::jsonb)->>'at')::bigint) stored,
        actor text generated always as ((entry::jsonb)->>'actor') stored,
        verb text generated always as ((entry::jsonb)->>'verb') stored,
        kind text generated always as ((entry::jsonb)#>>'{subject,kind}') stored,
        project text generated always as ((entry::jsonb)#>>'{subject,project}') stored,
        name text generated always as ((entry::jsonb)#>>'{subject,name}') stored
      );
      create index event_subject on event (kind, project, name, seq);
      create index event_project on event (project, seq);
      create table event_head (single boolean primary key default true check (single), size bigint not null);
      insert into event_head (size) values (0);
      create table event_checkpoint (
        size bigint primary key,
        root bytea not null,
        frontier bytea not null,
        signed_at bigint not null,
        signature bytea not null,
        public_key bytea not null
      );
      create function refuse_change_of_history() returns trigger language plpgsql as $$
        begin raise exception 'the event log is append-only'; end $$;
      create trigger event_is_append_only before update or delete or truncate on event
        for each statement execute function refuse_change_of_history();`,
  },
  {
    number: 3,
    name: "platform-reconcile",
    sql: `
      create table reconcile_item (
        controller text not null,
        key text not null,
        due_at bigint,
        dirty bigint not null default 0,
        attempt bigint not null default 0,
        lease_until bigint,
        failures integer not null default 0,
        last_error text,
        primary key (controller, key)
      );
      create index reconcile_due on reconcile_item (controller, due_at) where due_at is not null;
      create table reconcile_cursor (controller text primary key, seq bigint not null);`,
  },
  {
    number: 4,
    name: "platform-write-resources",
    sql: "-- held the first form of the function that number 5 makes",
  },
  {
    number: 5,
    name: "platform-write-resources-tells-later",
    sql: `
      drop function if exists write_resources(jsonb);
      -- One call writes a batch of resources, in order, and logs the writes that passed. A function, so that its plans are
      -- kept: planning the same as one statement costs more than running it. Listeners are told afterwards.
      create function write_resources(input jsonb) returns text[] language plpgsql
      set plan_cache_mode = force_generic_plan as $$
      declare
        item record;
        changed bigint;
        outcomes text[] := '{}';
        entries text[] := '{}';
        base bigint;
      begin
        for item in
          select * from jsonb_to_recordset(input) as given (
            operation text, uid text, kind text, project text, name text, labels jsonb, spec jsonb,
            status jsonb, generation bigint, version bigint, created_at bigint, updated_at bigint, deleting_since bigint,
            expected bigint, entry text, lease_controller text, lease_key text, lease_attempt bigint)
        loop
          if item.lease_controller is not null then
            perform from reconcile_item held
            where held.controller = item.lease_controller and held.key = item.lease_key
              and held.attempt = item.lease_attempt and held.lease_until is not null
            for share;
            if not found then
              outcomes := outcomes || 'lease-lost'::text;
              continue;
            end if;
          end if;
          if item.operation = 'insert' then
            insert into resource values (item.uid, item.kind, item.project, item.name, item.labels, item.spec, item.status,
              item.generation, item.version, item.created_at, item.updated_at, item.deleting_since)
            on conflict on constraint resource_pkey do nothing;
          elsif item.operation = 'update' then
            update resource stored set labels = item.labels, spec = item.spec, status = item.status,
              generation = item.generation, version = item.version, updated_at = item.updated_at,
              deleting_since = item.deleting_since
            where stored.kind = item.kind and stored.project = item.project and stored.name = item.name
              and stored.uid = item.uid and stored.version = item.expected;
          else
            delete from resource stored
            where stored.kind = item.kind and stored.project = item.project and stored.name = item.name
              and stored.uid = item.uid and stored.version = item.expected;
          end if;
          get diagnostics changed = row_count;
          if changed = 0 then
            outcomes := outcomes || 'conflict'::text;
          else
            outcomes := outcomes || 'written'::text;
            entries := entries || item.entry;
          end if;
        end loop;
        if cardinality(entries) > 0 then
          update event_head set size = size + cardinality(entries) returning size - cardinality(entries) into base;
          insert into event (seq, entry, leaf_hash)
          select base + logged.ordinal, logged.entry, sha256('\\x00'::bytea || convert_to(logged.entry, 'UTF8'))
          from unnest(entries) with ordinality as logged (entry, ordinal);
        end if;
        return outcomes;
      end $$;`,
  },
];
