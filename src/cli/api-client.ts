import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Millis } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { toRemoteFault } from "./remote-fault.ts";
import { formPayload, jsonPayload, type RequestPayload, type UploadFile } from "./request-payload.ts";

/** How long a plain request may take; streams have no such limit. */
export const requestLimitMs: Millis = 60_000;

/** Answers of more characters are refused. */
export const largestAnswer = 256_000_000;

/** Between probes that find out whether the other side of a quiet stream still lives. */
const keepAliveMs: Millis = 15_000;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Speaks to the control plane's HTTP API. */
export interface ApiClient {
  readonly url: string;
  /** The key that it asks with, for the platform's other doors. */
  readonly key: string | undefined;
  /** @throws {RemoteFault} what the server answered. @throws {Fault} `cli.server-unreachable`, `cli.answer-invalid`. */
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown>;
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  delete(path: string, signal: AbortSignal): Promise<unknown>;
  /** Sends a form with one file, which flows as it is read. */
  upload(
    path: string,
    fields: Readonly<Record<string, string>>,
    file: UploadFile,
    signal: AbortSignal,
  ): Promise<unknown>;
  /** Opens a text that the server writes for as long as it likes. */
  stream(path: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** A client of the server at `url`, asking with `key`. Opens one connection a request: commands ask little. */
export function makeApiClient(url: string, key: string | undefined): ApiClient {
  const base = url.replace(/\/+$/, "");
  const send = (
    method: string,
    path: string,
    payload: RequestPayload | undefined,
    limit: Millis | null,
    signal: AbortSignal,
  ) => sendRequest({ method, url: new URL(base + path), key, payload, limit }, signal);
  const ask = async (method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> =>
    await read(
      await send(method, path, body === undefined ? undefined : jsonPayload(body), requestLimitMs, signal),
      path,
      signal,
    );
  const read = async (response: IncomingMessage, path: string, signal: AbortSignal): Promise<unknown> => {
    const text = await readText(response).catch((cause: unknown) => {
      throw signal.aborted || cause instanceof Fault ? cause : toUnreachable(new URL(base), cause);
    });
    return parseAnswer(text, path);
  };
  return {
    url: base,
    key,
    get: (path, query, signal) => ask("GET", path + toQueryText(query), undefined, signal),
    post: (path, body, signal) => ask("POST", path, body, signal),
    delete: (path, signal) => ask("DELETE", path, undefined, signal),
    upload: async (path, fields, file, signal) =>
      await read(await send("POST", path, formPayload(fields, file), null, signal), path, signal),
    stream: (path, query, signal) => send("GET", path + toQueryText(query), undefined, null, signal),
  };
}

/** Writes `?a=1&b=2` from the members that are set; empty when none is. */
export function toQueryText(query: Query): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parts.append(name, String(value));
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}

interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  readonly key: string | undefined;
  readonly payload: RequestPayload | undefined;
  /** Null: as long as the server likes. */
  readonly limit: Millis | null;
}

async function sendRequest(outgoing: OutgoingRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { payload } = outgoing;
  const open = outgoing.url.protocol === "https:" ? httpsRequest : httpRequest;
  const limits = outgoing.limit === null ? [signal] : [signal, AbortSignal.timeout(outgoing.limit)];
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = open(outgoing.url, {
      method: outgoing.method,
      signal: AbortSignal.any(limits),
      agent: false,
      headers: {
        accept: "application/json, text/event-stream, text/plain",
        ...(outgoing.key === undefined ? {} : { authorization: `Bearer ${outgoing.key}` }),
        ...(payload === undefined ? {} : { "content-type": payload.contentType, "content-length": payload.bytes }),
      },
    });
    request.once("socket", (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.once("response", resolve);
    // Once it is answered, an error concerns the rest of a body that the server does not want.
    request.on("error", (cause) => {
      payload?.content.destroy();
      reject(signal.aborted ? signal.reason : toUnreachable(outgoing.url, cause));
    });
    if (payload === undefined) request.end();
    else {
      payload.content.once("error", (cause) => request.destroy(cause));
      payload.content.pipe(request);
    }
  });
  const status = response.statusCode ?? 0;
  if (status >= 400) throw toRemoteFault(status, await readText(response));
  return response;
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > largestAnswer) {
      response.destroy();
      throw new Fault("cli.answer-invalid", `the answer has more than ${largestAnswer} characters; ask for less`);
    }
  }
  return text;
}

function parseAnswer(text: string, path: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${path} answered something that is no JSON: ${text.slice(0, 80)}; is this a Millwright server?`;
    throw new Fault("cli.answer-invalid", message, { cause });
  }
}

function toUnreachable(url: URL, cause: unknown): Fault {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  const reason =
    code === "ECONNREFUSED" ? "nothing listens there" : code === "ABORT_ERR" ? "no answer in time" : String(cause);
  const message = `cannot reach the server at ${url.origin}: ${reason}; look with "millwright status", start one with "millwright up"`;
  return new Fault("cli.server-unreachable", message, { details: { server: url.origin, reason: code }, cause });
}
