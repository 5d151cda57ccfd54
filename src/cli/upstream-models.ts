import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Millis } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** How long a server may take to name its models, and how much it may say. */
const limitMs: Millis = 10_000;
const largestList = 4_000_000;

/**
 * The names of the models that a server of the OpenAI API has.
 *
 * @throws {Fault} `cli.server-unreachable` when it does not answer with a list.
 */
export async function listUpstreamModels(url: string, signal: AbortSignal): Promise<readonly string[]> {
  const address = `${url.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1/models`;
  const open = address.startsWith("https:") ? httpsRequest : httpRequest;
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const request = open(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]) }, (response) => {
        let found = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          found += chunk;
          if (found.length > largestList) response.destroy(new Error("the list is too long"));
        });
        response.once("error", reject);
        response.once("end", () => resolve(found));
      });
      request.once("error", reject);
      request.end();
    });
    const { data } = JSON.parse(text) as { data?: readonly { readonly id?: unknown }[] };
    if (!Array.isArray(data)) throw new Error(`it answered ${text.slice(0, 200)}`);
    return data.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("cli.server-unreachable", `${address} names no models (${why}); name one with --model`, { cause });
  }
}
