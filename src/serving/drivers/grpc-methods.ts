import type { IncomingHttpHeaders } from "node:http2";
import type { Clock } from "../../base/clock.ts";
import { isFault } from "../../base/fault.ts";
import { serverMetadata } from "../gateway/model-metadata.ts";
import { grpcStatus, grpcStatusOf } from "../gateway/protocol/grpc-status.ts";
import type { InferRequestMessage, InferResponseMessage } from "../gateway/protocol/infer-message.ts";
import { fromRestInference, type RestInference, toRestInference } from "../gateway/protocol/infer-translation.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import { checkLoadingParameters } from "../loading-state.ts";
import { refusalOfFault } from "../gateway/protocol/refusal.ts";
import { askNeighbour } from "./ask-neighbour.ts";
import { faultStatus } from "./fault-status.ts";
import { GrpcError, type GrpcExchange } from "./grpc-exchange.ts";
import { HeldAnswer } from "./held-answer.ts";
import { type MessageType, messageType } from "./inference-proto.ts";
import type { Found, InferenceService } from "./inference-service.ts";
import type { RequestObserver } from "./request-observer.ts";
import { RequestBytes } from "./request-bytes.ts";
import { requestIdOf } from "./request-id.ts";

/** One call of a method. */
export interface GrpcCall {
  readonly exchange: GrpcExchange;
  readonly headers: IncomingHttpHeaders;
  /** Fires when the caller goes away or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Answers one call; the status is OK unless it throws. */
export type GrpcMethod = (call: GrpcCall) => Promise<void>;

/** What the methods need. */
export interface GrpcMethodGround {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly inference: InferenceService;
  readonly featuresElsewhere: () => Promise<string | null>;
  /** Hears of every inference that was refused before any replica was asked. */
  readonly refuse: RequestObserver["refuse"];
  /** Bytes of one answer. */
  readonly messageBytes: number;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

const inferenceService = "inference.GRPCInferenceService";

/** SERVING of the health protocol. */
const servingStatus = 1;

/** The methods of `inference.GRPCInferenceService`, and what probes ask of `grpc.health.v1.Health`, by their paths. */
export function grpcMethods(ground: GrpcMethodGround): ReadonlyMap<string, GrpcMethod> {
  const { inference } = ground;
  const infer = inferrer(ground);
  const methods: Readonly<Record<string, GrpcMethod>> = {
    ServerLive: unary("ServerLive", async () => ({ live: true })),
    ServerReady: unary("ServerReady", async () => ({ ready: true })),
    ServerMetadata: unary("ServerMetadata", async () => serverMetadata),
    ModelReady: unary<Named>("ModelReady", async ({ name, version }, { headers }) => {
      try {
        await inference.checkReady(headers, name, orNull(version));
        return { ready: true };
      } catch (error) {
        if (isFault(error, "serving.model-not-ready")) return { ready: false };
        throw error;
      }
    }),
    ModelMetadata: unary<Named>("ModelMetadata", ({ name, version }, { headers }) =>
      inference.metadata(headers, name, orNull(version)),
    ),
    ModelInfer: unary<InferRequestMessage>("ModelInfer", infer),
    ModelStreamInfer: streamed(infer),
    RepositoryIndex: unary<{ readonly ready: boolean }>("RepositoryIndex", async ({ ready }, { headers }) => ({
      models: await inference.index(headers, ready),
    })),
    RepositoryModelLoad: changing("RepositoryModelLoad", inference, "load"),
    RepositoryModelUnload: changing("RepositoryModelUnload", inference, "unload"),
  };
  return new Map([
    ...Object.entries(methods).map(([name, method]) => [`/${inferenceService}/${name}`, method] as const),
    ["/grpc.health.v1.Health/Check", healthCheck],
  ]);
}

/** A gateway that hears the question serves; models have `ModelReady`. */
const healthCheck = unary<{ readonly service: string }>("HealthCheck", async ({ service }) => {
  if (service === "" || service === inferenceService) return { status: servingStatus };
  throw new GrpcError(
    grpcStatus.notFound,
    `the gateway has the service ${inferenceService}, asked for "${service.slice(0, 200)}"`,
  );
});

function unary<Asked>(name: string, answer: (asked: Asked, call: GrpcCall) => Promise<object>): GrpcMethod {
  const request = messageType(`${name}Request`);
  const response = messageType(`${name}Response`);
  return async (call) => {
    const asked = decoded<Asked>(request, await call.exchange.message());
    await call.exchange.send(response.encode(await answer(asked, call)));
  };
}

interface ChangingMessage {
  readonly model_name: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

function changing(name: string, inference: InferenceService, change: "load" | "unload"): GrpcMethod {
  return unary<ChangingMessage>(name, async ({ model_name, parameters }, { headers, signal }) => {
    checkLoadingParameters(Object.keys(parameters ?? {}));
    await inference.changeLoading(headers, model_name, change, signal);
    return {};
  });
}

/** Each message is answered before the next is read; what one fails at is told in its answer, and the stream goes on. */
function streamed(infer: (asked: InferRequestMessage, call: GrpcCall) => Promise<InferResponseMessage>): GrpcMethod {
  const request = messageType("ModelInferRequest");
  const response = messageType("ModelStreamInferResponse");
  return async (call) => {
    for await (const bytes of call.exchange.messages()) {
      const asked = decoded<InferRequestMessage>(request, bytes);
      const answer = await infer(asked, call).then(
        (infer_response) => ({ infer_response }),
        (error: unknown) => {
          if (!isFault(error) && !(error instanceof GrpcError)) throw error;
          return { error_message: error.message, infer_response: { id: asked.id, model_name: asked.model_name } };
        },
      );
      await call.exchange.send(response.encode(answer));
      if (call.signal.aborted) return;
    }
  };
}

function inferrer(
  ground: GrpcMethodGround,
): (asked: InferRequestMessage, call: GrpcCall) => Promise<InferResponseMessage> {
  const { inference, clock, newId, featuresElsewhere, messageBytes } = ground;
  return async (asked, { headers, signal }) => {
    const requestId = requestIdOf({ headers }, newId);
    const found = await counted(ground, { requestId, found: null }, inference.find(headers, asked.model_name));
    const rest = toRestInference(asked);
    const isRaw = asked.raw_input_contents.length > 0;
    const holdsViews = found.route.kind === "tabular" && found.route.views.length > 0;
    const holder = holdsViews ? await featuresElsewhere() : null;
    if (holder !== null) {
      const answer = await askNeighbour(holder, neighbourRequest(asked, headers, rest), messageBytes, signal);
      return fromRestInference(answer.body, answer.jsonBytes, isRaw);
    }
    const answer = new HeldAnswer(messageBytes, clock.now());
    const leave = (): void => answer.leave();
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      const { jsonBytes } = rest;
      const body = new RequestBytes([rest.body]);
      const version = orNull(asked.model_version);
      const carried = inference.infer({
        ...found,
        requestId,
        protocol: "grpc",
        version,
        headers,
        body,
        jsonBytes,
        answer,
      });
      await counted(ground, { requestId, found }, carried);
      return readHeld(answer, found, isRaw);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
}

/** Counts the refusal that an inference meets, and passes it on. */
async function counted<Result>(
  { refuse, clock }: GrpcMethodGround,
  { requestId, found }: { readonly requestId: string; readonly found: Found | null },
  inferring: Promise<Result>,
): Promise<Result> {
  const startedAt = clock.now();
  try {
    return await inferring;
  } catch (error) {
    if (isFault(error)) {
      const admission = found?.admission ?? null;
      const deployment = found?.route.deployment ?? "";
      const refusal = refusalOfFault(error, faultStatus(error.kind));
      refuse({ requestId, protocol: "grpc", startedAt, admission, deployment }, refusal);
    }
    throw error;
  }
}

function readHeld(answer: HeldAnswer, { route }: Found, isRaw: boolean): InferResponseMessage {
  const { whole } = answer;
  if (whole === null) throw new GrpcError(grpcStatus.cancelled, "the call was given up");
  if (whole.kind === "refused") throw new GrpcError(grpcStatusOf(whole.refusal.status), whole.refusal.message);
  const jsonBytes = whole.headers[jsonLengthHeader];
  const message = fromRestInference(whole.body, jsonBytes === undefined ? null : Number(jsonBytes), isRaw);
  return { ...message, model_name: route.deployment };
}

function neighbourRequest(
  asked: InferRequestMessage,
  headers: IncomingHttpHeaders,
  { body, jsonBytes }: RestInference,
) {
  const version = asked.model_version === "" ? "" : `/versions/${encodeURIComponent(asked.model_version)}`;
  const kept = Object.entries(headers).filter(
    ([name]) => name === "authorization" || name.startsWith("x-") || name === "traceparent",
  );
  return {
    path: `/v2/models/${encodeURIComponent(asked.model_name)}${version}/infer`,
    headers: { ...Object.fromEntries(kept), [jsonLengthHeader]: String(jsonBytes) },
    body,
  };
}

function decoded<Asked>(type: MessageType, bytes: Uint8Array): Asked {
  try {
    return type.decode(bytes) as Asked;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GrpcError(grpcStatus.invalidArgument, `the message cannot be read: ${why}`);
  }
}

function orNull(version: string): string | null {
  return version === "" ? null : version;
}
