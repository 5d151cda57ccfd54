import { type ControlPath, parseControlPath } from "./control-path.ts";

/** What a request of the OpenAI API makes: each passes one request on to a model. */
export type OpenAiOperation = "chat" | "completion" | "embedding" | "response";

/** What a request of the OpenAI API asks for. */
export type OpenAiPath =
  | { readonly kind: "list-models" }
  | { readonly kind: "get-model"; readonly model: string }
  | { readonly kind: "generate"; readonly operation: OpenAiOperation }
  | ControlPath
  | { readonly kind: "wrong-method"; readonly wanted: string };

const operations: ReadonlyMap<string, OpenAiOperation> = new Map([
  ["/v1/chat/completions", "chat"],
  ["/v1/completions", "completion"],
  ["/v1/embeddings", "embedding"],
  ["/v1/responses", "response"],
]);

const generations: ReadonlyMap<OpenAiOperation, OpenAiPath> = new Map(
  [...operations.values()].map((operation) => [operation, { kind: "generate", operation }]),
);

const requestLines: ReadonlyMap<string, OpenAiOperation> = new Map(
  [...operations].map(([path, operation]) => [`POST ${path} HTTP/1.1`, operation]),
);

const modelsPath = "/v1/models";

/** The path of an operation, the same here and at every upstream. */
export function pathOfOperation(operation: OpenAiOperation): string {
  for (const [path, each] of operations) if (each === operation) return path;
  return "/v1/chat/completions";
}

/** The operation that a whole request line of HTTP/1.1 asks for, spelled as clients do; undefined for every other line. */
export function operationOfLine(line: string): OpenAiOperation | undefined {
  return requestLines.get(line);
}

/** Reads method and path of a request of the OpenAI API; undefined for the paths of other protocols. */
export function parseOpenAiPath(method: string, url: string): OpenAiPath | undefined {
  const query = url.indexOf("?");
  const whole = query === -1 ? url : url.slice(0, query);
  const path = whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
  const operation = operations.get(path);
  if (operation !== undefined) {
    return method === "POST" ? generations.get(operation) : { kind: "wrong-method", wanted: "POST" };
  }
  if (path !== modelsPath && !path.startsWith(`${modelsPath}/`)) return parseControlPath(method, url);
  if (method !== "GET") return { kind: "wrong-method", wanted: "GET" };
  if (path === modelsPath) return { kind: "list-models" };
  return { kind: "get-model", model: decoded(path.slice(modelsPath.length + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
