import type { ColumnType, Generated, JSONColumnType } from "kysely";
import type { Condition } from "./resource.ts";

/** Rows of `resource`; `project` is empty for kinds of the whole platform. */
export interface ResourceTable {
  uid: string;
  kind: string;
  project: string;
  name: string;
  labels: JSONColumnType<Record<string, string>>;
  spec: JSONColumnType<object>;
  status: JSONColumnType<{ conditions?: Condition[] }>;
  generation: number;
  version: number;
  created_at: number;
  updated_at: number;
  deleting_since: number | null;
}

/** Rows of `event`; all but `seq`, `entry` and `leaf_hash` are computed from `entry` by the database. */
export interface EventTable {
  seq: number;
  entry: string;
  leaf_hash: Buffer;
  at: ColumnType<number, never, never>;
  actor: ColumnType<string, never, never>;
  verb: ColumnType<string, never, never>;
  kind: ColumnType<string, never, never>;
  project: ColumnType<string | null, never, never>;
  name: ColumnType<string, never, never>;
}

export interface EventHeadTable {
  single: Generated<boolean>;
  size: number;
}

export interface EventCheckpointTable {
  size: number;
  root: Buffer;
  frontier: Buffer;
  signed_at: number;
  signature: Buffer;
  public_key: Buffer;
}

export interface ReconcileItemTable {
  controller: string;
  key: string;
  due_at: number | null;
  dirty: Generated<number>;
  attempt: Generated<number>;
  lease_until: number | null;
  failures: Generated<number>;
  last_error: string | null;
}

export interface ReconcileCursorTable {
  controller: string;
  seq: number;
}

/** The tables that the platform itself owns. */
export interface PlatformTables {
  resource: ResourceTable;
  event: EventTable;
  event_head: EventHeadTable;
  event_checkpoint: EventCheckpointTable;
  reconcile_item: ReconcileItemTable;
  reconcile_cursor: ReconcileCursorTable;
}
