import { type Kysely, type Selectable, sql } from "kysely";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Lease } from "./controller.ts";
import type { EventEntry } from "./event.ts";
import { type KindDefinition, type Manifest, type Resource, type ResourceRef, refKey } from "./resource.ts";
import {
  type Applied,
  applyEntry,
  checkVersion,
  conflict,
  decideApply,
  deletionEntry,
  missing,
} from "./resource-change.ts";
import { ResourceWriter } from "./resource-write.ts";
import type { PlatformTables, ResourceTable } from "./tables.ts";

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
  /** How many resources of each kind there are; kinds without any are left out. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Marks the resource for deletion; kinds without cleanup go at once. @throws {Fault} `platform.resource-missing`. */
  requestDeletion(actor: string, ref: ResourceRef): Promise<void>;
  /** Removes the row of a resource that was marked, after cleanup. */
  remove<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    resource: Resource<Spec, Status>,
    lease: Lease,
  ): Promise<void>;
}

/** How often a write without a version looks again when another writer was faster. */
const triesMax = 5;

/** How many resources that were just applied are remembered, to spare the next apply its read. */
const recentMax = 1_000;

/** The resource store on PostgreSQL. */
export class PostgresResourceStore implements ResourceStore {
  readonly #database: Kysely<PlatformTables>;
  readonly #definitions: ReadonlyMap<string, KindDefinition>;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #writer: ResourceWriter;
  /** What was applied last, by `refKey`: likely still the stored version, and the version guards the guess. */
  readonly #recent = new Map<string, Resource>();

  constructor(database: Kysely<PlatformTables>, kinds: readonly KindDefinition[], clock: Clock, newId: () => string) {
    this.#database = database;
    this.#definitions = new Map(kinds.map((definition) => [definition.kind, definition]));
    this.#clock = clock;
    this.#newId = newId;
    this.#writer = new ResourceWriter(database);
  }

  async get<Spec, Status>(definition: KindDefinition<Spec, Status>, project: string | null, name: string) {
    return (await this.#read({ kind: definition.kind, project, name })) as Resource<Spec, Status> | undefined;
  }

  async list<Spec, Status>(definition: KindDefinition<Spec, Status>, filter: ResourceFilter = {}) {
    let query = this.#database.selectFrom("resource").selectAll().where("kind", "=", definition.kind);
    if (filter.projects !== undefined && filter.projects !== null)
      query = query.where("project", "in", [...filter.projects, " "]);
    if (filter.labels !== undefined && Object.keys(filter.labels).length > 0) {
      query = query.where(sql<boolean>`labels @> ${JSON.stringify(filter.labels)}::jsonb`);
    }
    const rows = await query.orderBy("project").orderBy("name").execute();
    return rows.map(fromRow) as Resource<Spec, Status>[];
  }

  async counts() {
    const rows = await this.#database
      .selectFrom("resource")
      .select(["kind", (builder) => builder.fn.countAll<number>().as("count")])
      .groupBy("kind")
      .execute();
    return new Map(rows.map((row) => [row.kind, row.count]));
  }

  async apply(actor: string, manifest: Manifest, options: { readonly dryRun?: boolean } = {}): Promise<Applied> {
    const definition = this.#definitionOf(manifest.kind);
    const project = definition.scope === "project" ? (manifest.project ?? "default") : null;
    const ref = { kind: manifest.kind, project, name: manifest.name };
    for (let attempt = 1; attempt <= triesMax; attempt += 1) {
      const guess = attempt === 1 && options.dryRun !== true ? this.#recent.get(refKey(ref)) : undefined;
      this.#recent.delete(refKey(ref));
      const before = guess ?? (await this.#read(ref));
      if (guess === undefined) checkVersion(manifest, before);
      else if (manifest.version !== undefined && manifest.version !== guess.version) continue;
      const decided = decideApply(definition, ref, manifest, before, this.#clock.now(), this.#newId);
      // Only a write proves that the guess still holds: "unchanged" must be looked up.
      if (decided.outcome === "unchanged" && guess !== undefined) continue;
      if (options.dryRun === true || decided.outcome === "unchanged") return decided;
      if (await this.#writeApplied(actor, decided)) return decided;
    }
    throw conflict(ref, manifest.version ?? null, null);
  }

  async observe<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    resource: Resource<Spec, Status>,
    status: Status,
    by: Observation,
  ) {
    if (canonicalJson(resource.status) === canonicalJson(status)) return resource;
    const now = this.#clock.now();
    const after = { ...resource, status, version: resource.version + 1, updatedAt: now };
    const data = {
      version: after.version,
      generation: after.generation,
      attempt: by.lease.attempt,
      status,
      ...by.data,
    };
    await this.#writeUnderLease("update", after, resource.version, by.lease, {
      at: now,
      actor: `controller:${by.lease.controller}`,
      verb: "observed",
      subject: { kind: definition.kind, project: resource.project, name: resource.name },
      message: by.message,
      data,
    });
    return after;
  }

  async requestDeletion(actor: string, ref: ResourceRef): Promise<void> {
    const definition = this.#definitionOf(ref.kind);
    for (let attempt = 1; attempt <= triesMax; attempt += 1) {
      const resource = await this.#read(ref);
      if (resource === undefined) throw missing(ref, definition);
      if (resource.deletingSince !== null) return;
      const after = {
        ...resource,
        version: resource.version + 1,
        updatedAt: this.#clock.now(),
        deletingSince: this.#clock.now(),
      };
      const outcome = await this.#writer.write({
        operation: definition.needsCleanup ? "update" : "delete",
        resource: after,
        expectedVersion: resource.version,
        lease: null,
        entry: deletionEntry(actor, after, definition.needsCleanup),
      });
      if (outcome === "written") return;
    }
    throw conflict(ref, null, null);
  }

  async remove<Spec, Status>(
    definition: KindDefinition<Spec, Status>,
    resource: Resource<Spec, Status>,
    lease: Lease,
  ): Promise<void> {
    await this.#writeUnderLease("delete", resource, resource.version, lease, {
      at: this.#clock.now(),
      actor: `controller:${lease.controller}`,
      verb: "deleted",
      subject: { kind: definition.kind, project: resource.project, name: resource.name },
      message: `${refKey(resource)} was cleaned up and deleted`,
      data: { version: resource.version, spec: resource.spec },
    });
  }

  #definitionOf(kind: string): KindDefinition {
    const definition = this.#definitions.get(kind);
    if (definition === undefined) throw new Fault("platform.resource-invalid", `there is no kind ${kind}`);
    return definition;
  }

  async #read(ref: ResourceRef): Promise<Resource | undefined> {
    const row = await this.#database
      .selectFrom("resource")
      .selectAll()
      .where("kind", "=", ref.kind)
      .where("project", "=", ref.project ?? "")
      .where("name", "=", ref.name)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async #writeApplied(actor: string, decided: Applied): Promise<boolean> {
    const outcome = await this.#writer.write({
      operation: decided.before === null ? "insert" : "update",
      resource: decided.resource,
      expectedVersion: decided.before?.version ?? 0,
      lease: null,
      entry: applyEntry(actor, decided, this.#clock.now()),
    });
    if (outcome !== "written") return false;
    if (this.#recent.size >= recentMax) this.#recent.delete(this.#recent.keys().next().value ?? "");
    this.#recent.set(refKey(decided.resource), decided.resource);
    return true;
  }

  async #writeUnderLease(
    operation: "update" | "delete",
    resource: Resource,
    expectedVersion: number,
    lease: Lease,
    entry: EventEntry,
  ): Promise<void> {
    const outcome = await this.#writer.write({ operation, resource, expectedVersion, lease, entry });
    if (outcome === "written") return;
    if (outcome === "conflict") throw conflict(resource, expectedVersion, null);
    throw new Fault("platform.lease-lost", `another worker took over ${refKey(resource)}; its answer counts`, {
      details: { ...lease },
    });
  }
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
