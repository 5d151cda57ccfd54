import { request as httpRequest, type IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../base/fault.ts";
import type { RelayToGateway } from "../ports.ts";

/** What of the gateway's answer goes back to the caller. */
const passedOn = /^(content-type|content-length|retry-after|x-request-id|x-millwright-.*|x-ratelimit-.*)$/;

/** Passes requests on to the gateway; its address may change while the server runs. */
export function relayToGateway(gatewayUrl: () => string | null): RelayToGateway {
  return async ({ method, path, body, headers }, response, signal) => {
    const base = gatewayUrl();
    if (base === null) throw new Fault("serving.gateway-unreachable", "the gateway does not listen yet; try again");
    const payload = body === null ? null : Buffer.from(body);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const length = payload === null ? {} : { "content-length": payload.byteLength };
      const request = httpRequest(`${base}${path}`, {
        method,
        agent: false,
        headers: { ...headers, ...length },
        signal,
      });
      request.once("response", resolve);
      request.once("error", reject);
      request.end(payload ?? undefined);
    }).catch((cause: unknown) => {
      if (signal.aborted) return null;
      throw new Fault("serving.gateway-unreachable", `the gateway at ${base} did not answer: ${String(cause)}`, {
        cause,
      });
    });
    if (answer === null) return;
    const given = Object.entries(answer.headers).filter(([name]) => passedOn.test(name));
    response.writeHead(answer.statusCode ?? 502, {
      ...Object.fromEntries(given),
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    response.flushHeaders();
    // Who goes away, on either side, ends both; there is nothing left to answer then.
    await pipeline(answer, response).catch(() => undefined);
  };
}
