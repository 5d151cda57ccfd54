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
];
