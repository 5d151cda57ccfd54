import type { Dispatcher } from "undici";
import type { Clock, Millis } from "../../base/clock.ts";
import type { AdmissionTicket } from "../gateway/admission/admission-queue.ts";
import type { DeploymentDesk } from "../gateway/deployment-desk.ts";
import { type MetricsDialect, parseEngineLoad } from "../gateway/routing/parse-engine-load.ts";
import type { ModelReplica, ModelRoute } from "../gateway/routing-table.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

/** How often engines are asked for their load. */
const lookMs: Millis = 1_000;

/** How long an engine may take to tell it; one that is late is asked again the next time. */
const lookTimeoutMs: Millis = 1_000;

/** Bytes of a metrics page that are read. */
const maxPageBytes = 4 * 1024 * 1024;

/** What the watch needs. */
export interface EngineWatchNeeds {
  readonly clock: Clock;
  readonly pools: Pick<UpstreamPools, "dispatch">;
  readonly desks: () => Iterable<DeploymentDesk>;
  /** Lets requests go on that waited for a place. */
  readonly admit: (requests: readonly AdmissionTicket[]) => void;
}

type Version = ModelRoute["versions"][number];

/** Reads what engines say of their load and corrects the balancers' own counts by it; an engine that is silent changes nothing. */
export class EngineWatch {
  readonly #needs: EngineWatchNeeds;
  readonly #asking = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(needs: EngineWatchNeeds) {
    this.#needs = needs;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Asks every engine whose metrics are understood, once. */
  async look(): Promise<void> {
    const asked: Promise<void>[] = [];
    for (const desk of this.#needs.desks()) {
      for (const version of desk.route.versions) {
        for (const replica of version.replicas) {
          const dialect = dialectOf(replica);
          if (dialect !== null) asked.push(this.#ask(desk, version, replica, dialect));
        }
      }
    }
    await Promise.all(asked);
  }

  async #ask(desk: DeploymentDesk, version: Version, replica: ModelReplica, dialect: MetricsDialect): Promise<void> {
    const key = `${desk.route.project}/${desk.route.deployment}/${replica.id}`;
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    try {
      const page = await readPage(this.#needs.pools, replica);
      const load = page === null ? null : parseEngineLoad(dialect, page);
      if (load !== null) this.#needs.admit(desk.correct(version, replica.id, load, this.#needs.clock.now()));
    } finally {
      this.#asking.delete(key);
    }
  }
}

function dialectOf({ engine }: ModelReplica): MetricsDialect | null {
  return engine === null || engine === "onnx" ? null : engine;
}

/** The metrics page of a replica; null when there is none in time. */
function readPage(pools: Pick<UpstreamPools, "dispatch">, replica: ModelReplica): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, code) => {
        status = code;
      },
      onResponseData: (controller, chunk) => {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        if (bytes > maxPageBytes) controller.abort(new Error("the metrics page is too long"));
      },
      onResponseEnd: () => resolve(status === 200 ? Buffer.concat(chunks).toString("utf8") : null),
      onResponseError: () => resolve(null),
    };
    const headers = { accept: "text/plain", ...replica.headers };
    const timeouts = { headersTimeout: lookTimeoutMs, bodyTimeout: lookTimeoutMs };
    pools.dispatch(replica, { method: "GET", path: "/metrics", headers, ...timeouts }, handler);
  });
}
