import { expect, test } from "vitest";
import { modelRoute } from "../fixtures/model-route.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import type { UpstreamPolicy } from "../upstream-policy.ts";
import { type ResolveName, UpstreamGuard } from "./upstream-guard.ts";

const remote: UpstreamPolicy = { allow: [], deny: [], allowsLoopback: false };

/** A gateway before an external upstream under a name, which resolves as told. */
async function gatewayFor(policy: UpstreamPolicy, resolve: ResolveName, host = "engine.example") {
  const guard = new UpstreamGuard(policy, () => [], resolve);
  const made = await openAiGateway({ gateway: { guard } });
  const { port } = new URL(made.upstream.url);
  const address = { kind: "http" as const, url: `http://${host}:${port}`, isExternal: true as const };
  made.setRoute(modelRoute("outside", [{ address }]));
  const ask = async () => {
    const answer = await fetch(`${made.baseURL}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer good" },
      body: JSON.stringify({ ...hello, model: "outside" }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  return { ...made, ask, guard, port };
}

test("a name is judged by what it resolves to when the connection is made, not when it was checked", async () => {
  const answers = ["8.8.8.8", "127.0.0.1"];
  const { ask, guard, upstream, port } = await gatewayFor(remote, async () => [
    { address: answers.shift() ?? "127.0.0.1", family: 4 },
  ]);
  await guard.check(`http://engine.example:${port}`);

  const { status, text } = await ask();
  expect(status).toBe(503);
  expect(text).toContain(`found engine.example port ${port}: it is this machine's loopback`);
  expect(text).toContain(`MILLWRIGHT_EXTERNAL_ALLOW=engine.example:${port}`);
  expect(upstream.seen).toEqual([]);
});

test("an address that may be reached is reached, and of several only those", async () => {
  const policy = { ...remote, allow: ["127.0.0.0/8"] };
  const { ask, upstream } = await gatewayFor(policy, async () => [
    { address: "169.254.169.254", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ]);
  expect((await ask()).status).toBe(200);
  expect(upstream.seen).toHaveLength(1);
});

test("an address that is written out is judged, too, however it is written", async () => {
  const nobody: ResolveName = async () => [];
  for (const host of ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"]) {
    const { ask, upstream } = await gatewayFor(remote, nobody, host);
    const { status, text } = await ask();
    expect([host, status, text.includes("loopback")]).toEqual([host, 503, true]);
    expect(upstream.seen).toEqual([]);
  }
});

test("an address of the platform's own making is not judged", async () => {
  const guard = new UpstreamGuard(remote, () => []);
  const { openai } = await openAiGateway({ gateway: { guard } });

  expect((await openai.chat.completions.create(hello)).choices).toHaveLength(1);
});

test("a check names what was found and what would allow it, and a name without an address", async () => {
  const guard = new UpstreamGuard(
    remote,
    () => [7_700],
    async () => [],
  );
  await expect(guard.check("http://169.254.169.254/latest")).rejects.toMatchObject({
    code: "serving.upstream-refused",
    message: expect.stringMatching(/found 169\.254\.169\.254 port 80: it is link-local/),
  });
  await expect(guard.check("https://engine.example")).rejects.toMatchObject({
    message: expect.stringMatching(/engine\.example port 443: its name has no address/),
  });
  await expect(guard.check("http://10.0.0.5:8000")).resolves.toBeUndefined();
});
