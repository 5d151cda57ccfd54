import { canonicalJson } from "../base/canonical-json.ts";
import type { Instant } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { EventEntry } from "./event.ts";
import { type KindDefinition, type Manifest, type Resource, type ResourceRef, refKey } from "./resource.ts";

/** How an apply ended. */
export interface Applied {
  readonly outcome: "created" | "updated" | "unchanged";
  /** The resource before, or null when it is new. */
  readonly before: Resource | null;
  readonly resource: Resource;
}

/** @throws {Fault} `platform.resource-conflict` when the manifest names a version that is not the stored one. */
export function checkVersion(manifest: Manifest, before: Resource | undefined): void {
  if (manifest.version === undefined || manifest.version === (before?.version ?? 0)) return;
  throw conflict(
    { kind: manifest.kind, project: manifest.project ?? null, name: manifest.name },
    manifest.version,
    before?.version ?? 0,
  );
}

/** The fault of whoever decided on a version that is no longer there. */
export function conflict(ref: ResourceRef, wanted: number | null, found: number | null): Fault {
  const expected =
    wanted === null ? "" : ` (you had version ${wanted}${found === null ? "" : `, it is now at ${found}`})`;
  return new Fault(
    "platform.resource-conflict",
    `${refKey(ref)} was changed by someone else meanwhile${expected}; read it again and repeat your change`,
    { details: { ...ref, versionWanted: wanted, versionFound: found } },
  );
}

/** Decides what a manifest changes. Pure but for `newId`, which is called once when the resource is new. */
export function decideApply(
  definition: KindDefinition,
  ref: ResourceRef,
  manifest: Manifest,
  before: Resource | undefined,
  now: Instant,
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

/** The event of an apply that changed something. */
export function applyEntry(actor: string, applied: Applied, now: Instant): EventEntry {
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

/** The event of a deletion, or of the wish for one when a controller must clean up first. */
export function deletionEntry(actor: string, resource: Resource, needsCleanup: boolean): EventEntry {
  return {
    at: resource.updatedAt,
    actor,
    verb: needsCleanup ? "deletion-requested" : "deleted",
    subject: { kind: resource.kind, project: resource.project, name: resource.name },
    message: `${refKey(resource)} ${needsCleanup ? "is being deleted" : "was deleted"}`,
    data: { version: resource.version, spec: resource.spec },
  };
}

/** The fault of naming a resource that does not exist. */
export function missing(ref: ResourceRef, definition: KindDefinition): Fault {
  return new Fault(
    "platform.resource-missing",
    `there is no ${refKey(ref)}; list them with: millwright get ${definition.plural}`,
  );
}
