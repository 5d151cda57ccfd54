import { Fault, isFault } from "../../base/fault.ts";
import type { Log } from "../../platform/ports.ts";
import type { Refusal } from "../gateway/protocol/refusal.ts";
import { isRouteOf, type RoutingTable, type TabularRoute } from "../gateway/routing-table.ts";
import { type InferRequest, jsonLengthHeader } from "../infer-request.ts";
import { type InferResponse, toInferBody } from "../infer-response.ts";
import { errorRefusal } from "./error-refusal.ts";
import { type InferGround, serveInference } from "./gateway-infer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { type RequestHeaders, textIn } from "./known-request.ts";
import { failedEnd, type RequestEnd } from "./request-end.ts";
import type { TabularHolds } from "./tabular-holds.ts";

/** What serving rows needs. */
export interface RowGround extends InferGround {
  readonly log: Log;
  readonly table: () => RoutingTable;
  readonly holds: Pick<TabularHolds, "isAsleep" | "wait">;
}

/** Rows for a tabular model, and who asks. */
export interface RowAsk {
  readonly requestId: string;
  readonly route: TabularRoute;
  readonly rows: InferRequest;
  /** The version that the caller names; null leaves it to the split. */
  readonly version: string | null;
  readonly identity: string;
  readonly headers: RequestHeaders;
  readonly answer: ModelAnswer;
}

/** Serves the rows of one request: waits for a replica where there is none, asks it, answers the caller. */
export class RowRequest {
  readonly #ground: RowGround;
  readonly #asked: RowAsk;
  readonly #abort = new AbortController();
  #queueMs = 0;
  #tries = 0;
  /** The version that was asked last. */
  #version = "";

  constructor(ground: RowGround, asked: RowAsk) {
    this.#ground = ground;
    this.#asked = asked;
  }

  /** Serves to the end; the caller has its answer then. Never throws. */
  async serve(): Promise<RequestEnd> {
    const { answer, requestId, route } = this.#asked;
    const stopListening = answer.onGone(() => this.#abort.abort());
    try {
      const served = await this.#serveAwake();
      if ("kind" in served) return served;
      this.#send(served);
      return { ...this.#endOf("done"), firstByteAt: this.#ground.clock.now() };
    } catch (error) {
      if (this.#abort.signal.aborted) return this.#endOf("aborted");
      const { project, deployment } = route;
      return this.#refuse(errorRefusal(error, this.#ground.log, { requestId, project, deployment }));
    } finally {
      stopListening();
    }
  }

  /** Serves by the route as it is once replicas are there. */
  async #serveAwake(): Promise<InferResponse | RequestEnd> {
    const awake = await this.#awake(this.#asked.route);
    if (awake.kind !== "tabular") return awake;
    try {
      return await this.#serveBy(awake);
    } catch (error) {
      // Its replicas were replaced between the look at the table and the question: no model has seen the request.
      if (!isFault(error, "serving.replica-unreachable") || this.#routeNow() === awake) throw error;
      const again = await this.#awake(this.#routeNow());
      return again.kind === "tabular" ? await this.#serveBy(again) : again;
    }
  }

  /** The route once it has a replica, or the end of a request that waited for one in vain. */
  async #awake(route: TabularRoute): Promise<TabularRoute | RequestEnd> {
    const { holds, clock } = this.#ground;
    if (!holds.isAsleep(route)) return route;
    const since = clock.now();
    const wait = await holds.wait(route, this.#asked.answer);
    this.#queueMs += clock.now() - since;
    switch (wait.kind) {
      case "refused":
        return this.#refuse(wait.refusal);
      case "gone":
        return this.#endOf("aborted");
      case "admitted":
        return this.#routeNow();
    }
  }

  /** @throws {Fault} `serving.model-not-ready` when the table in force has no such deployment any more. */
  #routeNow(): TabularRoute {
    const { project, deployment } = this.#asked.route;
    const now = this.#ground.table().routes.find((each) => isRouteOf(each, project, deployment));
    if (now?.kind === "tabular") return now;
    throw new Fault("serving.model-not-ready", `${deployment} has no replica that is ready`);
  }

  #serveBy(route: TabularRoute): Promise<InferResponse> {
    const { rows: request, version, identity, headers } = this.#asked;
    const header = (name: string): string | undefined => textIn(headers, name);
    const onAsk = (asked: { readonly version: string }): void => {
      this.#tries += 1;
      this.#version = asked.version;
    };
    return serveInference(this.#ground, route, { request, version, identity, header, onAsk }, this.#abort.signal);
  }

  #send(served: InferResponse): void {
    const { answer, rows, route } = this.#asked;
    const { json, raw } = toInferBody(served, (name) => rows.binaryOutputs.get(name) ?? rows.binaryOutput);
    answer.addHeaders({ "x-millwright-deployment": route.deployment, "x-millwright-version": this.#version });
    if (raw.length === 0) answer.sendWhole(200, "application/json", json);
    else {
      answer.addHeaders({ [jsonLengthHeader]: String(json.byteLength) });
      answer.sendWhole(200, "application/octet-stream", Buffer.concat([json, ...raw]));
    }
  }

  #refuse(refusal: Refusal): RequestEnd {
    this.#asked.answer.refuse(refusal);
    return { ...this.#endOf("failed"), refusal };
  }

  #endOf(kind: RequestEnd["kind"]): RequestEnd {
    const servedBy = this.#tries === 0 ? "" : this.#asked.route.deployment;
    const retries = Math.max(0, this.#tries - 1);
    return { ...failedEnd, kind, servedBy, version: this.#version, queueMs: this.#queueMs, retries };
  }
}
