import * as z from "zod";
import { describe, expect, test } from "vitest";
import { openGate } from "../../test/platform.ts";
import { sendAll } from "../../test/send-all.ts";
import { Fault } from "../base/fault.ts";
import { createHttpServer } from "./http-server.ts";
import { silentLog } from "./log.ts";
import type { Gatekeeper } from "./ports.ts";
import { defineRoute, type Route } from "./route.ts";

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

const echo = defineRoute({
  method: "POST",
  path: "/api/v1/projects/:project/echo",
  summary: "Says it again.",
  permission: { scope: "project", action: "write" },
  params: z.object({ project: z.string() }),
  body: z.strictObject({ word: z.string() }),
  handler: async ({ body, project }) => ({ word: body.word, project }),
});

const failing = (error: unknown): Route =>
  defineRoute({
    method: "GET",
    path: "/api/v1/fail",
    summary: "Fails.",
    permission: { scope: "any" },
    handler: async () => {
      throw error;
    },
  });

function serve(routes: readonly Route[], gatekeeper: Gatekeeper = openGate) {
  return createHttpServer({ routes, gatekeeper, log: silentLog, newId: () => "request-1", defaultProject: "default" });
}

describe("the HTTP server", () => {
  test("parses path and body by the route's schemas and passes the authorised project", async () => {
    const answer = await serve([echo]).inject({
      method: "POST",
      url: "/api/v1/projects/flights/echo",
      payload: { word: "hello" },
    });
    expect(answer.json()).toEqual({ word: "hello", project: "flights" });
    expect(answer.headers["x-request-id"]).toBe("request-1");
  });

  test("work that ends because its caller went away is no error of the server", async () => {
    const [begun, ended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const long = defineRoute({
      method: "GET",
      path: "/api/v1/long",
      summary: "Works until nobody waits.",
      permission: { scope: "any" },
      handler: async ({ signal }) => {
        begun.resolve(undefined);
        await new Promise((_done, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
      },
    });
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => errors.push(message) };
    const server = createHttpServer({
      routes: [long, failing(new Error("boom"))],
      gatekeeper: openGate,
      log,
      newId: () => "request-1",
      defaultProject: "default",
    });
    server.addHook("onRequest", async (_request, reply) => {
      reply.raw.once("close", () => ended.resolve(undefined));
    });
    const address = await server.listen({ port: 0, host: "127.0.0.1" });
    const caller = new AbortController();
    const asked = fetch(`${address}/api/v1/long`, { signal: caller.signal }).catch(() => "gone");
    await begun.promise;
    caller.abort();
    expect(await asked).toBe("gone");
    await ended.promise;
    // What another request logs comes after what the first would have.
    expect((await fetch(`${address}/api/v1/fail`)).status).toBe(500);
    await server.close();

    expect(errors).toEqual(["request failed"]);
  });

  test("who sends a body that nobody reads hears why, and meets no broken pipe", async () => {
    const unread = defineRoute({
      method: "POST",
      path: "/api/v1/unread",
      summary: "Reads nothing.",
      permission: { scope: "any" },
      body: "stream",
      handler: async () => {
        throw new Fault("platform.request-invalid", "wanted a form");
      },
    });
    const app = serve([unread]);
    const port = Number(new URL(await app.listen({ port: 0, host: "127.0.0.1" })).port);
    const head = ["POST /api/v1/unread HTTP/1.1", "authorization: Bearer any", "content-type: text/plain"];
    const { text, error } = await sendAll(port, head, Buffer.alloc(20 * 1024 * 1024, "a"));
    await app.close();

    expect(error).toBeNull();
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*x-request-id: request-1\r\n[^]*\{"error":\{[^]*wanted a form/);
  });

  test("names the field that is not as wanted", async () => {
    const answer = await serve([echo]).inject({
      method: "POST",
      url: "/api/v1/projects/flights/echo",
      payload: { word: 3 },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<ErrorBody>().error).toMatchObject({
      code: "platform.request-invalid",
      details: { issues: [{ path: "word" }] },
    });
  });

  test("a body that is no JSON is the caller's error", async () => {
    const answer = await serve([echo]).inject({
      method: "POST",
      url: "/api/v1/projects/flights/echo",
      headers: { "content-type": "application/json" },
      payload: "{word",
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<ErrorBody>().error.message).toMatch(/no JSON/);
  });

  test("turns each kind of fault into its status, and anything else into a 500 that tells no internals", async () => {
    const conflict = await serve([failing(new Fault("platform.resource-conflict", "changed meanwhile"))]).inject(
      "/api/v1/fail",
    );
    const bug = await serve([failing(new Error("secret path /etc/x"))]).inject("/api/v1/fail");
    const outage = await serve([
      failing(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
    ]).inject("/api/v1/fail");
    expect(conflict.statusCode).toBe(409);
    expect(bug.statusCode).toBe(500);
    expect(bug.body).not.toContain("secret");
    expect(outage.statusCode).toBe(503);
    expect(outage.headers["retry-after"]).toBe("1");
  });

  test("asks for a key before it looks at anything, and says how to send one", async () => {
    const gate: Gatekeeper = {
      ...openGate,
      authenticate: async (token) => {
        if (token === undefined) throw new Fault("tenancy.key-missing", "a key is wanted");
        return { identity: token, project: null };
      },
    };
    const app = serve([echo], gate);
    const without = await app.inject({
      method: "POST",
      url: "/api/v1/projects/flights/echo",
      payload: { nonsense: true },
    });
    expect(without.statusCode).toBe(401);
    expect(without.headers["www-authenticate"]).toContain("Bearer");
    const basic = `Basic ${Buffer.from("anyone:the-key").toString("base64")}`;
    const withKey = await app.inject({
      method: "POST",
      url: "/api/v1/projects/flights/echo",
      payload: { word: "hi" },
      headers: { authorization: basic },
    });
    expect(withKey.statusCode).toBe(200);
  });

  test("an address that is nothing is told so", async () => {
    const answer = await serve([echo]).inject("/api/v1/nowhere");
    expect(answer.statusCode).toBe(404);
    expect(answer.json<ErrorBody>().error.code).toBe("platform.not-found");
  });
});
