import type { Action } from "../../../platform/ports.ts";

/** A request of the OpenAI API that the control plane answers: files and batches. */
export interface ControlPath {
  readonly kind: "control";
  /** What the caller must be allowed to do. */
  readonly action: Action;
  /** Below the project's `openai` in the control plane's API, with its query: `/files/file-1/content`. */
  readonly path: string;
}

const pattern = /^\/v1(\/(?:files(?:\/[\w-]{1,64}(?:\/content)?)?|batches(?:\/[\w-]{1,64}(?:\/cancel)?)?))\/?(\?.*)?$/;

const methods: ReadonlySet<string> = new Set(["GET", "POST", "DELETE"]);

/** Reads method and path of a request about files or batches; undefined for others. */
export function parseControlPath(method: string, url: string): ControlPath | undefined {
  const [, path, query = ""] = pattern.exec(url) ?? [];
  if (path === undefined || !methods.has(method)) return undefined;
  return { kind: "control", action: method === "GET" ? "read" : "write", path: `${path}${query}` };
}
