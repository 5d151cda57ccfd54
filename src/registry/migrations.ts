import type { Migration } from "../platform/migration.ts";

export const registryMigrations: readonly Migration[] = [
  {
    number: 70,
    name: "registry-versions",
    sql: `
      create table model_version (
        id text primary key,
        project text not null,
        model text not null,
        version integer,
        state text not null check (state in ('candidate', 'rejected', 'passed', 'approved', 'retired')),
        object_key text not null,
        sha256 text not null,
        inputs jsonb not null,
        lineage jsonb not null,
        registered_by text not null,
        registered_at bigint not null,
        metrics jsonb not null default '{}',
        verdict jsonb,
        unique (project, model, version)
      );
      create index model_version_of_model on model_version (project, model, registered_at);
      create table model_alias (
        project text not null,
        model text not null,
        alias text not null,
        version_id text not null references model_version (id),
        set_by text not null,
        set_at bigint not null,
        primary key (project, model, alias)
      );
      create index model_alias_of_version on model_alias (version_id);
      create table model_approval (
        version_id text not null references model_version (id),
        identity text not null,
        decision text not null check (decision in ('approved', 'overridden', 'rejected')),
        comment text not null,
        decided_at bigint not null,
        primary key (version_id, identity)
      );`,
  },
];
