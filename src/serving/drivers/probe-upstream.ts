import { request } from "undici";
import type { Millis } from "../../base/clock.ts";
import { isFault } from "../../base/fault.ts";
import { externalCredential, externalUrl, type ProbeResult } from "../external-plan.ts";
import type { DeploymentSpec } from "../model.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";

/** How long an address may take to say that it is ready. */
export const probeTimeoutMs: Millis = 3_000;

/**
 * Asks an address whether it is ready, by `GET /health` or its protocol's own question as the spec says: `GET /v1/models`, or
 * `GET /v2/health/ready` of the Open Inference Protocol.
 */
export async function probeUpstream(
  project: string,
  external: NonNullable<DeploymentSpec["external"]>,
  keys: Pick<UpstreamKeys, "read">,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (external.probe === "none") return { kind: "ready" };
  const path = pathOf(external);
  try {
    const credential = externalCredential(external);
    const key = credential === null ? null : await keys.read(project, credential);
    const { statusCode, body } = await request(`${externalUrl(external)}${path}`, {
      headers: { ...external.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]),
    });
    await body.dump();
    if (statusCode >= 200 && statusCode < 300) return { kind: "ready" };
    return { kind: "not-ready", why: `GET ${path} is answered with ${statusCode}, wanted 200` };
  } catch (error) {
    signal.throwIfAborted();
    if (isFault(error)) return { kind: "not-ready", why: error.message };
    return {
      kind: "not-ready",
      why: `GET ${path} found no answer: ${error instanceof Error ? describe(error) : String(error)}`,
    };
  }
}

function pathOf({ probe, protocol }: NonNullable<DeploymentSpec["external"]>): string {
  if (probe !== "models") return "/health";
  return protocol === "v2" ? "/v2/health/ready" : "/v1/models";
}

function describe(error: Error): string {
  if (error.name === "TimeoutError") return `none within ${probeTimeoutMs} ms`;
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
