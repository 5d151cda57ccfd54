import type { Migration } from "../platform/migration.ts";

export const tenancyMigrations: readonly Migration[] = [
  {
    number: 10,
    name: "tenancy-identities",
    sql: `
      create table identity (
        name text primary key,
        kind text not null check (kind in ('person', 'service', 'task')),
        created_at bigint not null
      );
      create table role_binding (
        identity text not null references identity (name) on delete cascade,
        team text not null,
        role text not null check (role in ('viewer', 'member', 'approver', 'admin')),
        primary key (identity, team)
      );
      create table api_key (
        id text primary key,
        identity text not null references identity (name) on delete cascade,
        secret_hash bytea not null,
        project text,
        created_at bigint not null,
        expires_at bigint,
        revoked_at bigint
      );`,
  },
];
