import { Client, request } from "undici";
import type { Millis } from "../../base/clock.ts";
import { isFault } from "../../base/fault.ts";
import { externalCredential, externalUrl, type ProbeResult } from "../external-plan.ts";
import type { DeploymentSpec } from "../model.ts";
import type { UpstreamGuard } from "./upstream-guard.ts";
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
  parts: { readonly keys: Pick<UpstreamKeys, "read">; readonly guard: Pick<UpstreamGuard, "check" | "connector"> },
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { keys, guard } = parts;
  if (external.probe === "none") return await checkOnly(external, guard);
  const path = pathOf(external);
  const url = new URL(externalUrl(external));
  const dispatcher = new Client(url.origin, { connect: guard.connector(url, probeTimeoutMs) });
  try {
    const credential = externalCredential(external);
    const key = credential === null ? null : await keys.read(project, credential);
    const { statusCode, body } = await request(`${externalUrl(external)}${path}`, {
      headers: { ...external.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]),
    });
    await body.dump();
    if (statusCode >= 200 && statusCode < 300) return { kind: "ready" };
    const isLocked = statusCode === 401 || statusCode === 403;
    const hint = isLocked ? "; it refuses the gateway's key, see external.apiKeyFile" : "";
    return { kind: "not-ready", why: `GET ${path} is answered with ${statusCode}, wanted 200${hint}` };
  } catch (error) {
    signal.throwIfAborted();
    if (isFault(error)) return { kind: "not-ready", why: error.message };
    return {
      kind: "not-ready",
      why: `GET ${path} found no answer: ${error instanceof Error ? describe(error) : String(error)}`,
    };
  } finally {
    await dispatcher.destroy();
  }
}

/** Nothing is asked, but an address that may not be reached is told as such. */
async function checkOnly(
  external: NonNullable<DeploymentSpec["external"]>,
  guard: Pick<UpstreamGuard, "check">,
): Promise<ProbeResult> {
  try {
    await guard.check(externalUrl(external));
    return { kind: "ready" };
  } catch (error) {
    // A name that is not found now may be found by the gateway.
    return isFault(error) ? { kind: "not-ready", why: error.message } : { kind: "ready" };
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
