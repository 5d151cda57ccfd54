import type { Instant } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import type { EventEntry } from "../platform/event.ts";
import type { StoredVersion } from "./store.ts";

/** The verb of the event that tells of a new version. */
export const versionedVerb = "versioned";

/** Tells the log of a new version and what it was made from. */
export function versionEvent(lease: Lease, version: StoredVersion, now: Instant): EventEntry {
  const { state, rows, bytes, contentHash, madeFrom } = version;
  return {
    at: now,
    actor: `controller:${lease.controller}`,
    verb: versionedVerb,
    subject: { kind: "Dataset", project: version.project, name: version.dataset },
    message: `${version.dataset} has version ${version.version}, ${state}, ${rows} rows`,
    data: {
      version: version.version,
      state,
      rows,
      bytes,
      contentHash,
      madeFrom,
      violations: version.violations.length,
    },
  };
}
