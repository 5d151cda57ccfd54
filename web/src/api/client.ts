import { fieldsOf } from "./reading.ts";
import { currentSession, signOut } from "./session.ts";

/** The longest wait for one answer. */
const requestTimeoutMs = 30_000;

/** A request that the server refused or that did not reach it. */
export class ApiFailure extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The fault's code, such as `tenancy.self-approval`. */
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;

  constructor(failure: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly requestId?: string | null;
  }) {
    super(failure.message);
    this.name = "ApiFailure";
    this.status = failure.status;
    this.code = failure.code;
    this.details = failure.details ?? {};
    this.requestId = failure.requestId ?? null;
  }
}

/** The header that carries the session's key. */
export function authorisation(): Readonly<Record<string, string>> {
  const session = currentSession();
  return session.kind === "signed-in" ? { authorization: `Bearer ${session.key}` } : {};
}

/** Reads the server's error shape `{error: {code, message, details, requestId}}` from a refused answer. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => null);
  const error = fieldsOf(typeof body === "object" && body !== null ? body : {}, "answer").fields("error");
  return new ApiFailure({
    status: response.status,
    code: error.textOr("code", `http.${response.status}`),
    message: error.textOr("message", `the server answered ${response.status} ${response.statusText}`),
    details: error.record("details"),
    requestId: error.textOr("requestId", null),
  });
}

interface Sending {
  readonly method: "GET" | "POST" | "DELETE";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(path: string, sending: Sending, signal: AbortSignal | undefined): Promise<Response> {
  const limit = AbortSignal.timeout(requestTimeoutMs);
  const headers = { accept: "application/json", ...authorisation(), ...sending.headers };
  let response: Response;
  try {
    const bounded = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    response = await fetch(path, { ...sending, headers, signal: bounded });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiFailure({
      status: 0,
      code: "web.server-unreachable",
      message: `no answer from ${globalThis.location.origin}; see whether the server runs with "millwright status"`,
    });
  }
  if (response.ok) return response;
  const failure = await failureOf(response);
  if (failure.status === 401) signOut(failure.message);
  throw failure;
}

/** Asks for JSON and reads it. @throws {ApiFailure} when the server refuses or does not answer. */
export async function getJson<Value>(
  path: string,
  read: (value: unknown) => Value,
  signal?: AbortSignal,
): Promise<Value> {
  const response = await send(path, { method: "GET" }, signal);
  return read(await response.json());
}

/** Sends JSON and reads the answer. @throws {ApiFailure} when the server refuses or does not answer. */
export async function postJson<Value>(
  path: string,
  body: unknown,
  read: (value: unknown) => Value,
  signal?: AbortSignal,
): Promise<Value> {
  const sending = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  } as const;
  const response = await send(path, sending, signal);
  const text = await response.text();
  return read(text === "" ? {} : JSON.parse(text));
}

/** Deletes and reads the answer. @throws {ApiFailure} when the server refuses or does not answer. */
export async function deleteJson<Value>(path: string, read: (value: unknown) => Value): Promise<Value> {
  const response = await send(path, { method: "DELETE" }, undefined);
  return read(await response.json());
}

/** Opens an answer that goes on: server-sent events or a followed log. Without a time limit; ends by `signal`. */
export async function openStream(
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(path, { headers: { accept, ...authorisation() }, signal });
  if (!response.ok || response.body === null) {
    const failure = await failureOf(response);
    if (failure.status === 401) signOut(failure.message);
    throw failure;
  }
  return response.body;
}

/** Joins a path and its query; members that are undefined, null or empty are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | null | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
