import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openGate } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { createHttpServer } from "../platform/http-server.ts";
import { silentLog } from "../platform/log.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { relayToGateway } from "./drivers/relay-to-gateway.ts";
import { invokeRoutes } from "./invoke-routes.ts";

let gateway: Server | undefined;
const seen: { readonly url: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];
let left = 0;

afterEach(async () => {
  seen.length = 0;
  left = 0;
  gateway?.closeAllConnections();
  await new Promise<void>((resolve) => (gateway === undefined ? resolve() : gateway.close(() => resolve())));
  gateway = undefined;
});

/** A stand-in for the gateway that answers with this, or, given nothing, begins a stream that never ends. */
async function openGateway(answer?: { readonly status: number; readonly body: string }): Promise<string> {
  gateway = createServer((request, response) => {
    let body = "";
    response.once("close", () => (left += response.writableFinished ? 0 : 1));
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      seen.push({ url: request.url ?? "", headers: request.headers, body });
      const type = answer === undefined ? "text/event-stream" : "application/json";
      response.writeHead(answer?.status ?? 200, {
        "content-type": type,
        "x-millwright-version": "3",
        "set-cookie": "no",
      });
      if (answer === undefined) response.write("data: one\n\n");
      else response.end(answer.body);
    });
  });
  await new Promise<void>((resolve) => gateway?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}

function serve(gatewayUrl: string | null, gatekeeper: Gatekeeper = openGate) {
  const routes = invokeRoutes(relayToGateway(() => gatewayUrl));
  return createHttpServer({ routes, gatekeeper, log: silentLog, newId: () => "r", defaultProject: "default" });
}

const chatPath = "/api/v1/projects/cats/deployments/purr/invoke/v1/chat/completions";

test("a request goes on with the caller's own key and project, for the deployment that the path names", async () => {
  const asked: unknown[] = [];
  const gate: Gatekeeper = {
    ...openGate,
    authorise: async (_caller, action, project) => void asked.push([action, project]),
  };
  const app = serve(await openGateway({ status: 429, body: '{"error":{"code":"overloaded"}}' }), gate);
  const headers = { authorization: "Bearer key-1", "content-type": "application/json", cookie: "secret=1" };
  const answer = await app.inject({
    method: "POST",
    url: chatPath,
    headers,
    payload: { model: "other", stream: true },
  });

  expect(asked).toEqual([["read", "cats"]]);
  expect(seen[0]).toMatchObject({
    url: "/v1/chat/completions",
    headers: { authorization: "Bearer key-1", "x-millwright-project": "cats" },
  });
  expect(seen[0]?.headers["cookie"]).toBeUndefined();
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ model: "purr", stream: true });
  expect(answer.statusCode).toBe(429);
  expect(answer.json()).toEqual({ error: { code: "overloaded" } });
  expect(answer.headers).toMatchObject({ "x-millwright-version": "3", "x-content-type-options": "nosniff" });
  expect(answer.headers["set-cookie"]).toBeUndefined();
});

test("an answer comes as it is written, and who goes away ends it at the gateway as well", async () => {
  const app = serve(await openGateway());
  const base = await app.listen({ port: 0, host: "127.0.0.1" });
  const away = new AbortController();
  const answer = await fetch(`${base}${chatPath}`, { method: "POST", body: "{}", signal: away.signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();

  expect(await reader?.read()).toEqual({ done: false, value: "data: one\n\n" });
  expect(left).toBe(0);
  away.abort();
  await until("the gateway is told", async () => left === 1);
  await app.close();
});

test("bodies that are too large or no JSON, paths of others and a gateway that is gone are refused", async () => {
  const url = await openGateway({ status: 200, body: "{}" });
  const refused = async (gatewayUrl: string | null, path: string, payload: string): Promise<string> => {
    const headers = { "content-type": "application/json" };
    const answer = await serve(gatewayUrl).inject({ method: "POST", url: path, headers, payload });
    return `${answer.statusCode} ${answer.json<{ error: { code: string } }>().error.code}`;
  };

  expect(await refused(url, chatPath, `"${"a".repeat(5_000_000)}"`)).toBe("413 platform.body-too-large");
  expect(await refused(url, chatPath, "[]")).toBe("400 serving.request-invalid");
  expect(await refused(url, chatPath.replace("v1/chat/completions", "v2/models/other/infer"), "{}")).toBe(
    "404 platform.not-found",
  );
  expect(await refused(null, chatPath, "{}")).toBe("503 serving.gateway-unreachable");
  expect(await refused("http://127.0.0.1:1", chatPath, "{}")).toBe("503 serving.gateway-unreachable");
  expect(seen).toEqual([]);
});
