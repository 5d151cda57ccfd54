import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { DeploymentDesk, type DeskParts } from "../gateway/deployment-desk.ts";
import type { DeploymentLoad } from "../gateway/observe/request-metrics.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { ModelDirectory } from "../gateway/protocol/model-directory.ts";
import { emptyRoutingTable, type RoutingTable } from "../gateway/routing-table.ts";
import type { RoutingNews } from "../gateway/routing/routing-news.ts";
import type { Places } from "./places.ts";

/** What the balancers of one worker have learnt, by `project/deployment/version`. */
export type DeskNews = Readonly<Record<string, RoutingNews>>;

/** How often what other workers hold is taken from the places at most, whatever their number. */
const resizeMs: Millis = 50;

/** The desks of all deployments whose requests are passed on, and the names by which the OpenAI API finds them. */
export class Desks {
  readonly #parts: DeskParts;
  readonly #places: Pick<Places, "admit" | "wake">;
  readonly #clock: Clock;
  readonly #desks = new Map<string, DeploymentDesk>();
  #directory = new ModelDirectory(emptyRoutingTable);
  #resizedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(parts: DeskParts, places: Pick<Places, "admit" | "wake">, clock: Clock) {
    this.#parts = parts;
    this.#places = places;
    this.#clock = clock;
  }

  get directory(): ModelDirectory {
    return this.#directory;
  }

  deskOf(project: string, deployment: string): DeploymentDesk | undefined {
    return this.#desks.get(`${project}/${deployment}`);
  }

  all(): Iterable<DeploymentDesk> {
    return this.#desks.values();
  }

  /** What is under way and what waits, by deployment. */
  loads(): readonly DeploymentLoad[] {
    return [...this.#desks.values()].map(({ route: { project, deployment }, queue }) => ({
      project,
      deployment,
      underWay: queue.underWay,
      waiting: queue.waiting,
    }));
  }

  /** What each replica holds that has something in flight, or whose engine speaks. */
  replicaLoads(): readonly ReplicaLoad[] {
    const loads: ReplicaLoad[] = [];
    for (const { route, versions } of this.#desks.values()) {
      for (const desk of versions.values()) {
        for (const { endpoint: replica, ...load } of desk.loads()) {
          if (load.requests === 0 && load.engine === null) continue;
          const { project, deployment } = route;
          loads.push({ project, deployment, version: desk.version.version, replica, ...load });
        }
      }
    }
    return loads;
  }

  /** What the balancers have learnt since the last call, by deployment and version. */
  takeNews(): DeskNews {
    const news: Record<string, RoutingNews> = {};
    for (const [key, desk] of this.#desks) {
      for (const [version, versionDesk] of desk.versions) news[`${key}/${version}`] = versionDesk.takeNews();
    }
    return news;
  }

  /** Takes what another worker's balancers have learnt. */
  hear(worker: string, news: DeskNews, now: Instant): void {
    for (const [key, desk] of this.#desks) {
      for (const [version, versionDesk] of desk.versions) {
        const told = news[`${key}/${version}`];
        if (told !== undefined) versionDesk.hear(worker, told, now);
      }
    }
    if (now - this.#resizedAt < resizeMs) return;
    this.#resizedAt = now;
    for (const desk of this.#desks.values()) this.#places.admit(desk.resize(now));
  }

  /** Goes on with a new table; requests under way keep what they were given. */
  setTable(table: Pick<RoutingTable, "routes">): void {
    const now = this.#clock.now();
    const kept = new Set<string>();
    for (const route of table.routes) {
      if (route.kind !== "model") continue;
      const key = `${route.project}/${route.deployment}`;
      kept.add(key);
      const known = this.#desks.get(key);
      if (known === undefined) this.#desks.set(key, new DeploymentDesk(route, this.#parts, now));
      else {
        const { admitted, woken } = known.setRoute(route, now);
        this.#places.wake(woken);
        this.#places.admit(admitted);
      }
    }
    for (const key of this.#desks.keys()) if (!kept.has(key)) this.#desks.delete(key);
    this.#directory = new ModelDirectory(table);
  }
}
