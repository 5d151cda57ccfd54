import type { Dispatcher } from "undici";
import * as z from "zod";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { ModelReplica, ModelRoute } from "../gateway/routing-table.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

/** How long what a replica says of its model is believed. */
const freshMs: Millis = 60_000;

/** Models of which that is remembered; the oldest goes first. */
const maxRemembered = 256;

/** How long a replica may take to say it. */
const answerMs: Millis = 5_000;

/** Bytes that it may say. */
const maxBytes = 1024 * 1024;

const tensorSchema = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number()) });

const metadataSchema = z.object({
  platform: z.string().default(""),
  inputs: z.array(tensorSchema).default([]),
  outputs: z.array(tensorSchema).default([]),
});

/** What a model takes and gives, as its replica tells it. */
export type UpstreamMetadata = Readonly<z.infer<typeof metadataSchema>>;

type Version = ModelRoute["versions"][number];

interface Remembered {
  readonly at: Instant;
  readonly metadata: Promise<UpstreamMetadata>;
}

/** What asking replicas about their models needs. */
interface MetadataGround {
  readonly clock: Clock;
  readonly pools: Pick<UpstreamPools, "dispatch">;
  readonly keys: Pick<UpstreamKeys, "fresh" | "read">;
}

/** Asks replicas what their models take and give, and remembers it for a while. */
export class UpstreamMetadataReader {
  readonly #ground: MetadataGround;
  readonly #remembered = new Map<string, Remembered>();

  constructor(ground: MetadataGround) {
    this.#ground = ground;
  }

  /**
   * @throws {Fault} `serving.model-not-ready` when the version has no replica, or none says it.
   */
  async read(route: ModelRoute, version: Version): Promise<UpstreamMetadata> {
    const key = `${route.project}/${route.deployment}/${route.revision}/${version.versionId}`;
    const now = this.#ground.clock.now();
    const known = this.#remembered.get(key);
    if (known !== undefined && now - known.at < freshMs) return await known.metadata;
    const metadata = this.#askReplicas(route, version);
    this.#remembered.delete(key);
    this.#remembered.set(key, { at: now, metadata });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= maxRemembered) break;
      this.#remembered.delete(oldest);
    }
    try {
      return await metadata;
    } catch (error) {
      if (this.#remembered.get(key)?.metadata === metadata) this.#remembered.delete(key);
      throw error;
    }
  }

  async #askReplicas(route: ModelRoute, version: Version): Promise<UpstreamMetadata> {
    let last = "it has none";
    for (const replica of version.replicas) {
      try {
        return metadataSchema.parse(JSON.parse(await this.#ask(route.project, replica)));
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
    }
    throw new Fault(
      "serving.model-not-ready",
      `no replica of ${route.deployment} version ${version.version} says what its model takes: ${last.slice(0, 500)}`,
    );
  }

  async #ask(project: string, replica: ModelReplica): Promise<string> {
    const { keys, pools } = this.#ground;
    const { credential } = replica;
    const key =
      credential === undefined ? null : (keys.fresh(project, credential) ?? (await keys.read(project, credential)));
    const headers = { ...replica.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
    const path = `/v2/models/${encodeURIComponent(replica.model)}`;
    return await new Promise((resolve, reject) => {
      const options = { method: "GET", path, headers, headersTimeout: answerMs, bodyTimeout: answerMs } as const;
      pools.dispatch(replica, options, wholeText(resolve, reject));
    });
  }
}

function wholeText(resolve: (text: string) => void, reject: (error: Error) => void): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let status = 0;
  return {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, code) => {
      status = code;
    },
    onResponseData: (controller, chunk) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > maxBytes) controller.abort(new Error(`its metadata want at most ${maxBytes} bytes, found more`));
    },
    onResponseEnd: () => {
      const text = Buffer.concat(chunks).toString("utf8");
      if (status === 200) resolve(text);
      else reject(new Error(`it answered ${status}: ${text.slice(0, 200)}`));
    },
    onResponseError: (_controller, error) => reject(error),
  };
}
