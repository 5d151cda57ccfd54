import { Fault } from "../../base/fault.ts";
import type { Action } from "../../platform/ports.ts";
import { checkRequestRows } from "../gateway/feature-join.ts";
import type { Admission } from "../gateway/messages.ts";
import { type ModelMetadata, tabularMetadata, versionMissing, versionNames } from "../gateway/model-metadata.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import { type IndexedModel, repositoryIndex } from "../gateway/repository-index.ts";
import { isRouteOf, type ModelRoute, type Route, type TabularRoute } from "../gateway/routing-table.ts";
import { versionNamed } from "../gateway/traffic-split.ts";
import { jsonLengthHeader, parseInferRequest } from "../infer-request.ts";
import type { KeyVerdicts } from "./key-verdicts.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { ModelLoading } from "./model-loading.ts";
import type { ModelRequests } from "./model-requests.ts";
import { projectHeader } from "./openai-server.ts";
import type { RequestHeaders } from "./known-request.ts";
import type { RequestAccounts } from "./request-accounts.ts";
import type { RequestBytes } from "./request-bytes.ts";
import { type RowGround, RowRequest } from "./row-request.ts";
import { tensorCall } from "./tensor-call.ts";
import { type ShadowGround, shadowOf } from "./model-shadow.ts";
import type { UpstreamMetadataReader } from "./upstream-metadata.ts";

/** What answering the Open Inference Protocol v2 needs, whatever carries it. */
export interface InferenceGround extends RowGround, Omit<ShadowGround, "recorder"> {
  readonly verdicts: Pick<KeyVerdicts, "admit">;
  readonly accounts: Pick<RequestAccounts, "carry">;
  readonly requests: Pick<ModelRequests, "carry">;
  readonly metadata: Pick<UpstreamMetadataReader, "read">;
  readonly loading: Pick<ModelLoading, "change">;
}

/** A deployment that a caller named, and who the caller is. */
export interface Found {
  readonly route: Route;
  readonly admission: Admission;
}

/** One inference, read whole. */
export interface InferAsk extends Found {
  readonly requestId: string;
  readonly protocol: RequestRecord["protocol"];
  /** The version's number or id; null lets the split choose. */
  readonly version: string | null;
  readonly headers: RequestHeaders;
  /** JSON, and raw tensors where `jsonBytes` says so. */
  readonly body: RequestBytes;
  /** How many of the body's first bytes are JSON when raw tensors follow, else null. */
  readonly jsonBytes: number | null;
  readonly answer: ModelAnswer;
}

/** Answers the Open Inference Protocol v2 for all deployments; REST and gRPC stand before it. */
export class InferenceService {
  readonly #ground: InferenceGround;

  constructor(ground: InferenceGround) {
    this.#ground = ground;
  }

  /**
   * Lets a caller in by its key.
   *
   * @throws {Fault} `tenancy.*` when it may not.
   */
  admit(headers: RequestHeaders, action: Action, project: string | null = chosenProject(headers)): Promise<Admission> {
    const { authorization } = headers;
    const [scheme, token] = (typeof authorization === "string" ? authorization : "").split(" ");
    return this.#ground.verdicts.admit(scheme?.toLowerCase() === "bearer" ? token : undefined, action, project);
  }

  /** @throws {Fault} `serving.model-missing` when the caller's project has no such deployment. */
  async find(headers: RequestHeaders, model: string): Promise<Found> {
    const admission = await this.admit(headers, "read");
    const { project } = admission;
    const route = this.#ground.table().routes.find((each) => isRouteOf(each, project, model));
    if (route !== undefined) return { route, admission };
    throw new Fault(
      "serving.model-missing",
      `project ${project} has no deployment "${model.slice(0, 200)}" that serves; list them with GET /v2/models, choose another project with the header ${projectHeader}`,
    );
  }

  async modelNames(headers: RequestHeaders): Promise<readonly string[]> {
    const { project } = await this.admit(headers, "read");
    return this.#ground
      .table()
      .routes.filter((route) => route.project === project)
      .map((route) => route.deployment);
  }

  /** What a model takes and gives: of a tabular deployment what its spec says, else what a replica says. */
  async metadata(headers: RequestHeaders, model: string, version: string | null): Promise<ModelMetadata> {
    const { route } = await this.find(headers, model);
    if (route.kind === "tabular") {
      wantedVersion(route, version);
      return tabularMetadata(route);
    }
    if (route.protocol !== "v2") throw speaksOpenAi(route);
    const asked = wantedVersion(route, version) ?? championOf(route);
    if (asked === undefined) throw notReady(route);
    const { platform, inputs, outputs } = await this.#ground.metadata.read(route, asked);
    return { name: route.deployment, versions: versionNames(route), platform, inputs, outputs };
  }

  /** @throws {Fault} `serving.model-not-ready` when no replica (of that version) is ready. */
  async checkReady(headers: RequestHeaders, model: string, version: string | null): Promise<void> {
    const { route } = await this.find(headers, model);
    const wanted = wantedVersion<Counted>(route, version);
    const asked: readonly Counted[] = wanted === null ? route.versions : [wanted];
    if (!asked.some(({ replicas }) => replicas.length > 0)) throw notReady(route);
  }

  async index(headers: RequestHeaders, readyOnly: boolean): Promise<readonly IndexedModel[]> {
    const { project } = await this.admit(headers, "read");
    return repositoryIndex(this.#ground.table().routes, project, readyOnly);
  }

  /** Loads or unloads a model; resolves once that is done. @throws {Fault} as `ModelLoading` says. */
  async changeLoading(
    headers: RequestHeaders,
    model: string,
    change: "load" | "unload",
    signal: AbortSignal,
  ): Promise<void> {
    const admission = await this.admit(headers, "write");
    await this.#ground.loading.change(admission, model, change, signal);
  }

  /** Answers one inference; the caller has its answer, or hears what this throws when the request was wrong in itself. */
  async infer(ask: InferAsk): Promise<void> {
    const { route } = ask;
    if (route.kind === "tabular") await this.#inferRows(route, ask);
    else if (route.protocol === "v2") await this.#inferTensors(route, ask);
    else throw speaksOpenAi(route);
  }

  async #inferRows(route: TabularRoute, { admission, body, jsonBytes, ...ask }: InferAsk): Promise<void> {
    const rows = parseInferRequest(body.whole(), jsonBytes);
    const { rows: count } = checkRequestRows(route, rows);
    const { identity } = admission;
    const request = new RowRequest(this.#ground, { ...ask, route, rows, identity });
    await this.#ground.accounts.carry(
      {
        ...ask,
        route,
        admission,
        operation: "infer",
        startedAt: this.#ground.clock.now(),
        isStream: false,
        tokensIn: 0,
        tokensOut: 0,
        rows: count,
        body: () => body.whole(),
      },
      () => request.serve(),
    );
  }

  async #inferTensors(route: ModelRoute, ask: InferAsk): Promise<void> {
    const { body, jsonBytes, headers, admission, answer, requestId } = ask;
    checkJsonBytes(body, jsonBytes);
    const versionId = wantedVersion(route, ask.version)?.versionId ?? null;
    const target = { route, adapter: null };
    const call = tensorCall(body, jsonBytes);
    const onEnd = versionId === null ? shadowOf(this.#ground, { requestId, target, call }, answer) : null;
    await this.#ground.requests.carry({
      requestId,
      operation: "infer",
      protocol: ask.protocol,
      startedAt: this.#ground.clock.now(),
      admission,
      target,
      versionId,
      headers,
      tokensIn: 0,
      tokensOut: 0,
      choices: 1,
      blocks: null,
      body: () => body.whole(),
      call,
      answer,
      ...(onEnd === null ? {} : { onEnd }),
    });
  }
}

/** A version as far as its readiness goes. */
interface Counted {
  readonly version: string;
  readonly versionId: string;
  readonly replicas: readonly unknown[];
}

/** The value of the header that says how many of a body's bytes are JSON. @throws {Fault} when it is no number. */
export function jsonBytesOf(headers: RequestHeaders): number | null {
  const text = headers[jsonLengthHeader];
  return text === undefined ? null : Number(text);
}

function checkJsonBytes(body: RequestBytes, jsonBytes: number | null): void {
  if (body.byteLength === 0) throw invalid('the body wants a JSON object with "inputs", found nothing');
  if (jsonBytes === null || (Number.isInteger(jsonBytes) && jsonBytes >= 2 && jsonBytes <= body.byteLength)) return;
  throw invalid(`the header ${jsonLengthHeader} wants 2 to ${body.byteLength}, found ${jsonBytes}`);
}

function wantedVersion<Version extends { readonly version: string; readonly versionId: string }>(
  route: Route & { readonly versions: readonly Version[] },
  name: string | null,
): Version | null {
  if (name === null) return null;
  const version = versionNamed(route, name);
  if (version === undefined) throw versionMissing(route, name);
  return version;
}

function championOf(route: ModelRoute): ModelRoute["versions"][number] | undefined {
  return route.versions.find(({ versionId }) => versionId === route.champion) ?? route.versions[0];
}

function chosenProject(headers: RequestHeaders): string | null {
  const header = headers[projectHeader];
  return typeof header === "string" && header !== "" ? header : null;
}

function speaksOpenAi(route: Route): Fault {
  return invalid(`${route.deployment} speaks the OpenAI API; send its requests to paths such as /v1/chat/completions`);
}

function notReady(route: Route): Fault {
  const load = `; load it with POST /v2/repository/models/${route.deployment}/load`;
  const why = route.isUnloaded === true ? `was unloaded${load}` : "has no replica that is ready";
  return new Fault("serving.model-not-ready", `${route.deployment} ${why}`);
}

function invalid(message: string): Fault {
  return new Fault("serving.request-invalid", message);
}
