import type { Instant } from "../../base/clock.ts";
import type { AdmissionQueue, Balancer } from "./request-parts.ts";
import { RetryBudget } from "./resilience/retry-budget.ts";
import type { ModelRoute } from "./routing-table.ts";
import { bucketOf, versionOfBucket } from "./traffic-split.ts";
import { VersionDesk } from "./version-desk.ts";

/** Requests under way at once at a deployment whose replicas do not say how many they work on. */
const openPlaces = 4_096;

/** Makes the parts that a desk works with. */
export interface DeskParts {
  readonly balancer: (route: ModelRoute, versionId: string) => Balancer;
  readonly queue: (route: ModelRoute, places: number) => AdmissionQueue;
}

/** What the gateway keeps of one deployment between requests; it outlives changes of the route. */
export class DeploymentDesk {
  readonly queue: AdmissionQueue;
  readonly budget = new RetryBudget();
  readonly #parts: DeskParts;
  readonly #versions = new Map<string, VersionDesk>();
  #route: ModelRoute;

  constructor(route: ModelRoute, parts: DeskParts, now: Instant) {
    this.#parts = parts;
    this.#route = route;
    this.queue = parts.queue(route, placesOf(route));
    this.#setVersions(now);
  }

  get route(): ModelRoute {
    return this.#route;
  }

  /** Takes the deployment's new route. @returns ids of requests that are admitted now. */
  setRoute(route: ModelRoute, now: Instant): readonly string[] {
    this.#route = route;
    this.#setVersions(now);
    return this.queue.setCapacity(placesOf(route), now);
  }

  get champion(): VersionDesk | undefined {
    return this.#versions.get(this.#route.champion);
  }

  /**
   * The version that answers a request: by its share, or the champion when that one has no replica or is out.
   *
   * @param splitKey requests with the same key get the same version.
   * @param isOut whether the gateway stopped sending to a version.
   * @param pinned the version that the caller names, which no other answers for.
   */
  versionFor(splitKey: string, isOut: (versionId: string) => boolean, pinned?: string): VersionDesk | undefined {
    if (pinned !== undefined) return this.#versions.get(pinned);
    const versions = this.#route.versions;
    const [only] = versions;
    const chosen = versions.length === 1 ? only : versionOfBucket(this.#route, bucketOf(this.#route.salt, splitKey));
    const desk = chosen === undefined ? undefined : this.#versions.get(deskKey(chosen));
    if (desk !== undefined && !desk.isEmpty && !isOut(desk.version.versionId)) return desk;
    return this.champion;
  }

  #setVersions(now: Instant): void {
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
function deskKey({ versionId, arm }: ModelRoute["versions"][number]): string {
  return arm === "baseline" ? `${versionId}/baseline` : versionId;
}

function placesOf(route: ModelRoute): number {
  if (route.admission.maxConcurrent !== null) return route.admission.maxConcurrent;
  let places = 0;
  for (const replica of route.versions.flatMap(({ percent, replicas }) => (percent > 0 ? replicas : []))) {
    if (replica.slots === null) return openPlaces;
    places += replica.slots;
  }
  return Math.max(1, places);
}
