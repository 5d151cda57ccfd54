import { execFile, type ExecFileException } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Pool } from "undici";
import * as z from "zod";

const repository = join(import.meta.dirname, "../../..");
const commandLine = join(repository, "src/cli/main.ts");

/** How often a wait looks. */
const lookMs = 300;
/** How long the last workloads may take to stop. */
const stopLimitMs = 30_000;
const requestTimeoutMs = 60_000;

const stateSchema = z.object({ controlUrl: z.string(), gatewayUrl: z.string().nullable(), pid: z.number() });

/** Any resource, as the API answers with it. */
export interface AnyResource {
  readonly kind: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>> & { readonly phase?: string };
}

/** The demo's hands on the platform: the command line for what a user would type, the HTTP API for the rest. */
export class PlatformClient {
  readonly dataDir: string;
  readonly project: string;
  #control: Pool | undefined;
  #gateway: Pool | undefined;
  #key = "";
  controlUrl = "";
  gatewayUrl = "";

  constructor(dataDir: string, project: string) {
    this.dataDir = dataDir;
    this.project = project;
  }

  /** Runs `millwright WORDS…` and answers with what it printed. A failure carries what it said. */
  async command(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return await new Promise((resolve, reject) => {
      const options = { cwd: repository, env: { ...process.env, ...env, NO_COLOR: "1" }, maxBuffer: 64 * 1024 * 1024 };
      const withFolder = [commandLine, ...words, "--data-dir", this.dataDir];
      execFile(process.execPath, withFolder, options, (error: ExecFileException | null, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(new Error(`millwright ${words.join(" ")} failed (${error.code}):\n${stderr.trim() || stdout.trim()}`));
      });
    });
  }

  /** Reads where the server listens and the admin's key. */
  async connect(): Promise<void> {
    const state = stateSchema.parse(JSON.parse(await readFile(join(this.dataDir, "server.json"), "utf8")));
    this.#key = (await readFile(join(this.dataDir, "admin.key"), "utf8")).trim();
    this.controlUrl = state.controlUrl;
    this.gatewayUrl = state.gatewayUrl ?? "";
    this.#control = new Pool(state.controlUrl, {
      connections: 8,
      bodyTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
    });
    this.#gateway = new Pool(this.gatewayUrl, {
      connections: 16,
      bodyTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
    });
  }

  get key(): string {
    return this.#key;
  }

  /** Calls the control plane; throws with the fault's message when it refuses. */
  async call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    key = this.#key,
  ): Promise<unknown> {
    const answer = await this.tryCall(method, path, body, key);
    if (answer.status < 300) return answer.json;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.json)}`);
  }

  /** Calls the control plane and answers with the status too. */
  async tryCall(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    key = this.#key,
  ): Promise<{ readonly status: number; readonly json: unknown }> {
    if (this.#control === undefined) throw new Error("the demo is not connected");
    const isBytes = body instanceof Uint8Array;
    const { statusCode, body: content } = await this.#control.request({
      method,
      path,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    });
    const text = await content.text();
    return { status: statusCode, json: text === "" ? {} : JSON.parse(text) };
  }

  /** Posts to the gateway; answers with status and parsed JSON. */
  async gateway(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly json: unknown }> {
    if (this.#gateway === undefined) throw new Error("the demo is not connected");
    const { statusCode, body: content } = await this.#gateway.request({
      method: "POST",
      path,
      headers: {
        authorization: `Bearer ${this.#key}`,
        "content-type": "application/json",
        "x-millwright-project": this.project,
        ...headers,
      },
      body: JSON.stringify(body),
    });
    const text = await content.text();
    return { status: statusCode, json: text === "" ? {} : JSON.parse(text) };
  }

  /** One resource of the demo's project. */
  async resource(plural: string, name: string): Promise<AnyResource | undefined> {
    const answer = await this.tryCall("GET", `/api/v1/projects/${this.project}/${plural}/${name}`);
    return answer.status === 200 ? (answer.json as AnyResource) : undefined;
  }

  /** Looks again and again until `look` gives a value, at most `limitMs`; says what was awaited when it gives up. */
  async until<Value>(what: string, limitMs: number, look: () => Promise<Value | undefined>): Promise<Value> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const value = await look();
      if (value !== undefined) return value;
      if (performance.now() > deadline) throw new Error(`gave up after ${limitMs / 1000} s waiting until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  /** Ends what still runs (replicas): tasks outlive the server by design, and the demo shall leave nothing behind. */
  async stopWorkloads(): Promise<void> {
    const active = async (): Promise<readonly { readonly id: string }[]> =>
      (
        (await this.call("GET", `/api/v1/projects/${this.project}/workloads?active=true`)) as {
          items: readonly { readonly id: string }[];
        }
      ).items;
    const { status } = await this.tryCall("DELETE", `/api/v1/projects/${this.project}/deployments/flight-delay`);
    if (status >= 500) throw new Error(`the deployment could not be deleted: ${status}`);
    for (const { id } of await active())
      await this.tryCall("POST", `/api/v1/projects/${this.project}/workloads/${id}/cancel`, {});
    await this.until("all workloads have stopped", stopLimitMs, async () =>
      (await active()).length === 0 ? true : undefined,
    );
  }

  async close(): Promise<void> {
    await this.#control?.close();
    await this.#gateway?.close();
  }
}
