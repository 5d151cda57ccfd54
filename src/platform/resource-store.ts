import type { Kysely, Selectable } from "kysely";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Lease } from "./controller.ts";
import type { EventEntry } from "./event.ts";
import { type KindDefinition, type Manifest, type Resource, type ResourceRef, refKey } from "./resource.ts";
import { type ResourceWrite, ResourceWriter } from "./resource-write.ts";
import type { PlatformTables, ResourceTable } from "./tables.ts";

/** How an apply ended. */
export interface Applied {
  readonly outcome: "created" | "updated" | "unchanged";
  /** The resource before, or null when it is new. */
  readonly before: Resource | null;
  readonly resource: Resource;
}

export interface ResourceFilter {
  /** Only these projects; null or absent: all. */
  readonly projects?: readonly string[] | null;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Who observes: the lease under which a controller writes a status, and what it says in the log. */
export interface Observation {
  readonly lease: Lease;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The one door for declared state: every accepted write is one transaction that also appends to the event log. */
export interface ResourceStore {
  get<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    project: string | null,
    name: string,
  ): Promise<Resource<Spec, Status> | undefined>;
  list<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    filter?: ResourceFilter,
  ): Promise<readonly Resource<Spec, Status>[]>;
  /**
   * Creates the resource or moves it to the manifest's spec and labels. The manifest must have been parsed.
   * @throws {Fault} `platform.resource-conflict` when `manifest.version` is given and the stored version differs.
   */
  apply(actor: string, manifest: Manifest, options?: { readonly dryRun?: boolean }): Promise<Applied>;
  /**
   * Writes the status under the resource's version and the lease's fencing token; without change, writes nothing.
   * @throws {Fault} `platform.resource-conflict` when someone else wrote first, `platform.lease-lost`.
   */
  observe<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    resource: Resource<Spec, Status>,
    status: Status,
    by: Observation,
  ): Promise<Resource<Spec, Status>>;
  /** Marks the resource for deletion; kinds without cleanup go at once. @throws {Fault} `platform.resource-missing`. */
  requestDeletion(actor: string, ref: ResourceRef): Promise<void>;
  /** Removes the row of a resource that was marked, after cleanup. */
  remove<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    resource: Resource<Spec, Status>,
    lease: Lease,
  ): Promise<void>;
}

/** How often an apply without a version looks again when another writer was faster. */
const applyTriesMax = 5;

/** How many resources that were just applied are remembered, to spare the next apply its read. */
const recentMax = 1_000;

/** The resource store on PostgreSQL. */
export function openResourceStore(
  database: Kysely<PlatformTables>,
  kinds: readonly KindDefinition[],
  clock: Clock,
  newId: () => string,
): ResourceStore {
  const writer = new ResourceWriter(database);
  const definitions = new Map(kinds.map((definition) => [definition.kind, definition]));

  const read = async (ref: ResourceRef): Promise<Resource | undefined> => {
    const row = await database
      .selectFrom("resource")
      .selectAll()
      .where("kind", "=", ref.kind)
      .where("project", "=", ref.project ?? "")
      .where("name", "=", ref.name)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  };

  const recent = new Map<string, Resource>();
  const remember = (resource: Resource): void => {
    if (recent.size >= recentMax) recent.delete(recent.keys().next().value ?? "");
    recent.set(refKey(resource), resource);
  };

  const definitionOf = (kind: string): KindDefinition => {
    const definition = definitions.get(kind);
    if (definition === undefined) throw new Fault("platform.resource-invalid", `there is no kind ${kind}`);
    return definition;
  };

  return {
    async get(definition, project, name) {
      const found = await read({ kind: definition.kind, project, name });
      return found as never;
    },

    async list(definition, filter = {}) {
      let query = database.selectFrom("resource").selectAll().where("kind", "=", definition.kind);
      if (filter.projects !== undefined && filter.projects !== null) {
        query = query.where("project", "in", filter.projects.length === 0 ? [" "] : [...filter.projects]);
      }
      if (filter.labels !== undefined && Object.keys(filter.labels).length > 0) {
        query = query.where("labels", "@>", JSON.stringify(filter.labels) as never);
      }
      const rows = await query.orderBy("project").orderBy("name").execute();
      return rows.map(fromRow) as never;
    },

    async apply(actor, manifest, options = {}) {
      const definition = definitionOf(manifest.kind);
      const ref = {
        kind: manifest.kind,
        project: definition.scope === "project" ? (manifest.project ?? "default") : null,
        name: manifest.name,
      };
      for (let attempt = 1; attempt <= applyTriesMax; attempt += 1) {
        // What we wrote last is likely still there: decide on it, and let the version guard the write.
        const remembered = attempt === 1 && options.dryRun !== true ? recent.get(refKey(ref)) : undefined;
        const before = remembered ?? (await read(ref));
        recent.delete(refKey(ref));
        const isGuess = remembered !== undefined;
        if (!isGuess) checkVersion(manifest, before);
        else if (manifest.version !== undefined && manifest.version !== remembered.version) continue;
        const decided = decideApply(definition, ref, manifest, before, clock.now(), newId);
        if (decided.outcome === "unchanged" && isGuess) continue;
        if (options.dryRun === true || decided.outcome === "unchanged") return decided;
        const outcome = await writer.write({
          operation: before === undefined ? "insert" : "update",
          resource: decided.resource,
          expectedVersion: before?.version ?? 0,
          lease: null,
          entry: applyEntry(actor, decided, clock.now()),
        });
        if (outcome === "written") {
          remember(decided.resource);
          return decided;
        }
      }
      throw conflict(ref, manifest.version ?? null, null);
    },

    async observe(definition, resource, status, by) {
      if (canonicalJson(resource.status) === canonicalJson(status)) return resource;
      const now = clock.now();
      const after = { ...resource, status, version: resource.version + 1, updatedAt: now };
      await writeOrThrow(writer, {
        operation: "update",
        resource: after,
        expectedVersion: resource.version,
        lease: by.lease,
        entry: {
          at: now,
          actor: `controller:${by.lease.controller}`,
          verb: "observed",
          subject: { kind: definition.kind, project: resource.project, name: resource.name },
          message: by.message,
          data: { version: after.version, generation: after.generation, attempt: by.lease.attempt, status, ...by.data },
        },
      });
      return after;
    },

    async requestDeletion(actor, ref) {
      const definition = definitionOf(ref.kind);
      for (let attempt = 1; attempt <= applyTriesMax; attempt += 1) {
        const resource = await read(ref);
        if (resource === undefined) {
          throw new Fault(
            "platform.resource-missing",
            `there is no ${refKey(ref)}; list them with: millwright get ${definition.plural}`,
          );
        }
        if (resource.deletingSince !== null) return;
        const now = clock.now();
        const outcome = await writer.write({
          operation: definition.needsCleanup ? "update" : "delete",
          resource: { ...resource, version: resource.version + 1, updatedAt: now, deletingSince: now },
          expectedVersion: resource.version,
          lease: null,
          entry: {
            at: now,
            actor,
            verb: definition.needsCleanup ? "deletion-requested" : "deleted",
            subject: ref,
            message: `${refKey(ref)} ${definition.needsCleanup ? "is being deleted" : "was deleted"}`,
            data: { version: resource.version + 1, spec: resource.spec },
          },
        });
        if (outcome === "written") return;
      }
      throw conflict(ref, null, null);
    },

    async remove(definition, resource, lease) {
      await writeOrThrow(writer, {
        operation: "delete",
        resource,
        expectedVersion: resource.version,
        lease,
        entry: {
          at: clock.now(),
          actor: `controller:${lease.controller}`,
          verb: "deleted",
          subject: { kind: definition.kind, project: resource.project, name: resource.name },
          message: `${refKey(resource)} was cleaned up and deleted`,
          data: { version: resource.version, spec: resource.spec },
        },
      });
    },
  };
}

async function writeOrThrow(writer: ResourceWriter, write: ResourceWrite): Promise<void> {
  const outcome = await writer.write(write);
  if (outcome === "written") return;
  if (outcome === "conflict") throw conflict(write.resource, write.expectedVersion, null);
  throw new Fault("platform.lease-lost", `another worker took over ${refKey(write.resource)}; its answer counts`, {
    details: { controller: write.lease?.controller, key: write.lease?.key, attempt: write.lease?.attempt },
  });
}

function checkVersion(manifest: Manifest, before: Resource | undefined): void {
  if (manifest.version === undefined || manifest.version === (before?.version ?? 0)) return;
  throw conflict(
    { kind: manifest.kind, project: manifest.project ?? null, name: manifest.name },
    manifest.version,
    before?.version ?? 0,
  );
}

function conflict(ref: ResourceRef, wanted: number | null, found: number | null): Fault {
  const expected =
    wanted === null ? "" : ` (you had version ${wanted}${found === null ? "" : `, it is now at ${found}`})`;
  return new Fault(
    "platform.resource-conflict",
    `${refKey(ref)} was changed by someone else meanwhile${expected}; read it again and repeat your change`,
    { details: { ...ref, versionWanted: wanted, versionFound: found } },
  );
}

function decideApply(
  definition: KindDefinition,
  ref: ResourceRef,
  manifest: Manifest,
  before: Resource | undefined,
  now: number,
  newId: () => string,
): Applied {
  const labels = manifest.labels ?? before?.labels ?? {};
  if (before === undefined) {
    const created: Resource = {
      kind: ref.kind,
      project: ref.project,
      name: ref.name,
      uid: newId(),
      labels,
      spec: manifest.spec,
      status: definition.initialStatus,
      generation: 1,
      version: 1,
      createdAt: now,
      updatedAt: now,
      deletingSince: null,
    };
    return { outcome: "created", before: null, resource: created };
  }
  if (before.deletingSince !== null) {
    throw new Fault(
      "platform.resource-conflict",
      `${refKey(before)} is being deleted; wait until it is gone, then apply again`,
    );
  }
  const isSpecSame = canonicalJson(before.spec) === canonicalJson(manifest.spec);
  if (isSpecSame && canonicalJson(before.labels) === canonicalJson(labels))
    return { outcome: "unchanged", before, resource: before };
  const generation = before.generation + (isSpecSame ? 0 : 1);
  return {
    outcome: "updated",
    before,
    resource: { ...before, labels, spec: manifest.spec, generation, version: before.version + 1, updatedAt: now },
  };
}

function applyEntry(actor: string, applied: Applied, now: number): EventEntry {
  const { resource } = applied;
  return {
    at: now,
    actor,
    verb: applied.outcome,
    subject: { kind: resource.kind, project: resource.project, name: resource.name },
    message: `${refKey(resource)} was ${applied.outcome}`,
    data: { version: resource.version, generation: resource.generation, labels: resource.labels, spec: resource.spec },
  };
}

function fromRow(row: Selectable<ResourceTable>): Resource {
  return {
    uid: row.uid,
    kind: row.kind,
    project: row.project === "" ? null : row.project,
    name: row.name,
    labels: row.labels,
    spec: row.spec,
    status: row.status,
    generation: row.generation,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletingSince: row.deleting_since,
  };
}
