import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Credential } from "../gateway/route-policy.ts";

/** How long a key that was read is used before its file is looked at again. */
export const keyFreshMs: Millis = 10_000;

/** Bytes of a key at most. */
const maxKeyBytes = 16_384;

/** What the names of keys in the environment begin with. */
export const upstreamKeyPrefix = "MILLWRIGHT_UPSTREAM_";

interface ReadKey {
  readonly key: string;
  readonly at: Instant;
}

/**
 * Reads the keys that upstreams want, at use.
 *
 * A project reaches only its own keys: files of the folder `PROJECT` in `folder`, and names of the environment that begin with
 * `MILLWRIGHT_UPSTREAM_PROJECT__`; so nobody can have the server send another's secret to an address of theirs.
 */
export class UpstreamKeys {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  readonly #read = new Map<string, ReadKey>();

  constructor(folder: string, environment: Readonly<Record<string, string | undefined>>, clock: Clock) {
    this.#folder = folder;
    this.#environment = environment;
    this.#clock = clock;
  }

  /** The key if it was read lately, without waiting; undefined when it must be read first. */
  fresh(project: string, credential: Credential): string | undefined {
    const known = this.#read.get(`${project}/${credential.kind}/${credential.name}`);
    return known !== undefined && this.#clock.now() - known.at < keyFreshMs ? known.key : undefined;
  }

  /** @throws {Fault} `serving.upstream-key-missing` when there is none, which names the place but not the key. */
  async read(project: string, credential: Credential): Promise<string> {
    const fresh = this.fresh(project, credential);
    if (fresh !== undefined) return fresh;
    const key =
      credential.kind === "file"
        ? await this.#readFile(project, credential.name)
        : this.#readName(project, credential.name);
    this.#read.set(`${project}/${credential.kind}/${credential.name}`, { key, at: this.#clock.now() });
    return key;
  }

  async #readFile(project: string, name: string): Promise<string> {
    const path = join(this.#folder, project, name);
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw new Fault(
        "serving.upstream-key-missing",
        `the upstream's key is wanted in the file ${path}: ${String(cause)}`,
        {
          cause,
        },
      );
    });
    return checkKey(text.trim(), `the file ${path}`);
  }

  #readName(project: string, name: string): string {
    const whole = `${upstreamKeyPrefix}${project.toUpperCase().replaceAll("-", "_")}__${name}`;
    return checkKey(this.#environment[whole]?.trim() ?? "", `${whole} of the server's environment`);
  }
}

function checkKey(key: string, place: string): string {
  if (key.length > 0 && key.length <= maxKeyBytes && /^[\x21-\x7e]+$/.test(key)) return key;
  throw new Fault(
    "serving.upstream-key-missing",
    `the upstream's key is wanted in ${place}, as one line without spaces of at most ${maxKeyBytes} characters; found ${key.length} characters`,
  );
}
