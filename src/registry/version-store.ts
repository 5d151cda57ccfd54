import type { ColumnType, JSONColumnType, Kysely } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Approval, Verdict } from "./model.ts";
import type { Lineage, ModelVersion, VersionState } from "./ports.ts";

interface VersionTable {
  id: string;
  project: string;
  model: string;
  version: number | null;
  state: VersionState;
  object_key: string;
  sha256: string;
  inputs: JSONColumnType<string[]>;
  lineage: JSONColumnType<Lineage>;
  registered_by: string;
  registered_at: number;
  metrics: JSONColumnType<Record<string, number>>;
  verdict: ColumnType<Verdict | null, string | null, string | null>;
}

/** The registry's tables. */
export interface RegistryTables {
  model_version: VersionTable;
  model_alias: {
    project: string;
    model: string;
    alias: string;
    version_id: string;
    set_by: string;
    set_at: number;
  };
  model_approval: {
    version_id: string;
    identity: string;
    decision: Approval["decision"];
    comment: string;
    decided_at: number;
  };
}

/** The most versions that one list answers with. */
const versionsMax = 1000;

/** Anything that reads: the database or a transaction on it. */
export type Reader = Kysely<RegistryTables>;

/** One version. @throws {Fault} `registry.version-missing`. */
export async function readOne(reader: Reader, id: string): Promise<ModelVersion> {
  const [version] = await readVersions(reader, { id });
  if (version !== undefined) return version;
  throw new Fault(
    "registry.version-missing",
    `there is no model version with the id ${id}; list them with: millwright get model-versions`,
    { details: { id } },
  );
}

/** Versions with their aliases, newest first. */
export async function readVersions(
  reader: Reader,
  filter: { readonly id?: string; readonly project?: string; readonly model?: string },
): Promise<readonly ModelVersion[]> {
  let query = reader.selectFrom("model_version").selectAll().orderBy("registered_at", "desc").orderBy("id", "desc");
  if (filter.id !== undefined) query = query.where("id", "=", filter.id);
  if (filter.project !== undefined) query = query.where("project", "=", filter.project);
  if (filter.model !== undefined) query = query.where("model", "=", filter.model);
  const rows = await query.limit(versionsMax).execute();
  if (rows.length === 0) return [];
  const aliases = await reader
    .selectFrom("model_alias")
    .select(["alias", "version_id"])
    .where(
      "version_id",
      "in",
      rows.map((row) => row.id),
    )
    .orderBy("alias")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    model: row.model,
    version: row.version,
    state: row.state,
    objectKey: row.object_key,
    sha256: row.sha256,
    inputs: row.inputs,
    lineage: row.lineage,
    registeredBy: row.registered_by,
    registeredAt: row.registered_at,
    aliases: aliases.filter((alias) => alias.version_id === row.id).map((alias) => alias.alias),
    metrics: row.metrics,
  }));
}

/** The id of the version that an alias points to. */
export async function readAlias(
  reader: Reader,
  project: string,
  model: string,
  alias: string,
): Promise<string | undefined> {
  const row = await reader
    .selectFrom("model_alias")
    .select("version_id")
    .where("project", "=", project)
    .where("model", "=", model)
    .where("alias", "=", alias)
    .executeTakeFirst();
  return row?.version_id;
}

/** What people said of a version, in order. */
export async function readApprovals(reader: Reader, id: string): Promise<readonly Approval[]> {
  const rows = await reader
    .selectFrom("model_approval")
    .selectAll()
    .where("version_id", "=", id)
    .orderBy("decided_at")
    .execute();
  return rows.map((row) => ({
    identity: row.identity,
    decision: row.decision,
    comment: row.comment,
    at: row.decided_at,
  }));
}
