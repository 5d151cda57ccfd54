import type { Instant, Millis } from "../../base/clock.ts";
import type { AdmissionQueue, AdmissionTicket } from "./admission/admission-queue.ts";
import { shareOfPlaces } from "./admission/share-of-places.ts";
import { WaitingRoom } from "./admission/waiting-room.ts";
import type { Balancer } from "./routing/balancer.ts";
import type { EngineLoad } from "./routing/engine-load.ts";
import { RetryBudget } from "./resilience/retry-budget.ts";
import type { ModelRoute } from "./routing-table.ts";
import { bucketOf, versionOfBucket } from "./traffic-split.ts";
import { VersionDesk } from "./version-desk.ts";

/** Requests under way at once at a deployment whose replicas do not say how many they work on. */
const openPlaces = 4_096;

/** A request is held for as long as its route says, and no longer than this. */
const longestHoldMs: Millis = 86_400_000;

type Version = ModelRoute["versions"][number];

/** Makes the parts that a desk works with. */
export interface DeskParts {
  readonly balancer: (route: ModelRoute, versionId: string) => Balancer;
  readonly queue: (route: ModelRoute, places: number, now: Instant) => AdmissionQueue;
}

/** Requests that may go on: those that waited for a place, and ids of those that waited for a replica. */
export interface Released {
  readonly admitted: readonly AdmissionTicket[];
  readonly woken: readonly string[];
}

/** What the gateway keeps of one deployment between requests; it outlives changes of the route. */
export class DeploymentDesk {
  readonly queue: AdmissionQueue;
  readonly budget = new RetryBudget();
  /** Where requests wait while there is no replica. */
  readonly room: WaitingRoom;
  readonly #parts: DeskParts;
  readonly #versions = new Map<string, VersionDesk>();
  #route: ModelRoute;
  #isAsleep = false;

  constructor(route: ModelRoute, parts: DeskParts, now: Instant) {
    this.#parts = parts;
    this.#route = route;
    this.room = new WaitingRoom({ heldMax: route.admission.maxQueued, holdMaxMs: longestHoldMs });
    this.#setVersions(now);
    this.queue = parts.queue(route, this.#places(), now);
  }

  get route(): ModelRoute {
    return this.#route;
  }

  /** Whether it has no replica, and requests wait until it has. */
  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  /** Takes the deployment's new route. @returns requests that are admitted, and ids of those that are no longer held. */
  setRoute(route: ModelRoute, now: Instant): Released {
    this.#route = route;
    this.#setVersions(now);
    const woken = this.isAsleep || this.room.size === 0 ? [] : this.room.open(now);
    return { woken, admitted: this.queue.setCapacity(this.#places(), now) };
  }

  get champion(): VersionDesk | undefined {
    return this.#versions.get(this.#route.champion);
  }

  /** The version with this id. */
  versionOf(versionId: string): VersionDesk | undefined {
    return this.#versions.get(versionId);
  }

  /**
   * The version that answers a request: by its share, or the champion when that one has no replica or is out.
   *
   * @param splitKey requests with the same key get the same version.
   * @param isOut whether the gateway stopped sending to a version.
   */
  versionFor(splitKey: string, isOut: (versionId: string) => boolean): VersionDesk | undefined {
    const versions = this.#route.versions;
    const [only] = versions;
    const chosen = versions.length === 1 ? only : versionOfBucket(this.#route, bucketOf(this.#route.salt, splitKey));
    const desk = chosen === undefined ? undefined : this.#versions.get(deskKey(chosen));
    if (desk !== undefined && !desk.isEmpty && !isOut(desk.version.versionId)) return desk;
    return this.champion;
  }

  /**
   * What an engine says of its own load; `version` is the one of the route that its replica stands under.
   *
   * @returns requests that are admitted now, since it works on more.
   */
  correct(
    version: Pick<Version, "versionId" | "arm">,
    replica: string,
    load: EngineLoad,
    now: Instant,
  ): readonly AdmissionTicket[] {
    const hasChanged = this.#versions.get(deskKey(version))?.correct(replica, load, now) === true;
    return hasChanged ? this.queue.setCapacity(this.#places(), now) : [];
  }

  /** The desks of its versions, by their ids. */
  get versions(): ReadonlyMap<string, VersionDesk> {
    return this.#versions;
  }

  /** What other workers hold may have changed. @returns requests that are admitted now. */
  resize(now: Instant): readonly AdmissionTicket[] {
    return this.queue.setCapacity(this.#places(), now);
  }

  /**
   * Requests that may be under way at once: what the spec allows or the replicas say, less what other workers hold of it, and no more than
   * was learnt of the replicas, which each worker learns for itself.
   */
  #places(): number {
    const { maxConcurrent } = this.#route.admission;
    let places = 0;
    let isLearnt = false;
    const most = maxConcurrent === null ? null : this.#shareOf(maxConcurrent);
    for (const version of this.#route.versions) {
      if (version.percent === 0) continue;
      for (const replica of version.replicas) {
        const desk = this.#versions.get(deskKey(version));
        const known = desk?.placesAt(replica) ?? null;
        if (desk === undefined || known === null) return most ?? openPlaces;
        const { requests, workers } = desk.elsewhere(replica.id);
        places += replica.slots === null ? known : shareOfPlaces(known, requests, workers);
        isLearnt ||= replica.slots === null;
      }
    }
    if (most === null) return Math.max(1, places);
    return isLearnt ? Math.min(most, places) : most;
  }

  /** What this worker may use of places that the whole deployment has. */
  #shareOf(places: number): number {
    let requests = 0;
    let workers = 0;
    for (const desk of this.#versions.values()) {
      for (const { id } of desk.version.replicas) {
        const other = desk.elsewhere(id);
        requests += other.requests;
        workers = Math.max(workers, other.workers);
      }
    }
    return shareOfPlaces(places, requests, workers);
  }

  #setVersions(now: Instant): void {
    const { hold, versions } = this.#route;
    this.#isAsleep = hold !== undefined && versions.every((version) => version.replicas.length === 0);
    const ids = new Set(this.#route.versions.map(deskKey));
    for (const id of this.#versions.keys()) if (!ids.has(id)) this.#versions.delete(id);
    for (const version of this.#route.versions) {
      const known = this.#versions.get(deskKey(version));
      if (known !== undefined) known.setVersion(version, now);
      else {
        const balancer = this.#parts.balancer(this.#route, version.versionId);
        this.#versions.set(deskKey(version), new VersionDesk(version, balancer, now));
      }
    }
  }
}

/** The baseline is the champion's version again, on replicas of its own. */
function deskKey({ versionId, arm }: Pick<Version, "versionId" | "arm">): string {
  return arm === "baseline" ? `${versionId}/baseline` : versionId;
}
