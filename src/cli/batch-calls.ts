import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Fault } from "../base/fault.ts";
import { defaultProject } from "../tenancy/model.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { readField, readText } from "./field-path.ts";
import { type Item, toItem } from "./item.ts";
import { RemoteFault } from "./remote-fault.ts";

/** The member of a batch's metadata by which a command finds it again. */
const markName = "millwright_run";

/** Batches that are looked through for a mark. */
const newestMax = 100;

/** The files and batches of one project, by the control plane's API. */
export class BatchCalls {
  readonly #client: ApiClient;
  readonly #root: string;
  readonly #deployments: string;
  readonly #signal: AbortSignal;

  constructor(client: ApiClient, { project, signal }: Pick<CommandContext, "project" | "signal">) {
    this.#client = client;
    const root = `/api/v1/projects/${encodeURIComponent(project ?? defaultProject)}`;
    this.#root = `${root}/openai`;
    this.#deployments = `${root}/deployments`;
    this.#signal = signal;
  }

  /** @returns the id of the file. @throws {Fault} `cli.file-unreadable`. */
  async upload(path: string): Promise<string> {
    const info = await stat(path).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Fault("cli.file-unreadable", `cannot read "${path}": ${reason}`, { details: { path }, cause });
    });
    const file = { filename: basename(path), bytes: info.size, content: createReadStream(path) };
    return readText(
      toItem(await this.#client.upload(`${this.#root}/files`, { purpose: "batch" }, file, this.#signal)),
      "id",
    );
  }

  /** @param mark is found again by `findMarked`. */
  async begin(inputFileId: string, endpoint: string, window: string, mark?: string): Promise<Item> {
    const metadata = mark === undefined ? {} : { metadata: { [markName]: mark } };
    const wanted = { input_file_id: inputFileId, endpoint, completion_window: window, ...metadata };
    return toItem(await this.#client.post(`${this.#root}/batches`, wanted, this.#signal));
  }

  async look(id: string): Promise<Item> {
    return toItem(await this.#client.get(`${this.#root}/batches/${encodeURIComponent(id)}`, {}, this.#signal));
  }

  async cancel(id: string): Promise<Item> {
    return toItem(await this.#client.post(`${this.#root}/batches/${encodeURIComponent(id)}/cancel`, {}, this.#signal));
  }

  /** The newest ones. */
  async list(limit: number): Promise<readonly Item[]> {
    const page = toItem(await this.#client.get(`${this.#root}/batches`, { limit }, this.#signal));
    const data = readField(page, "data");
    return Array.isArray(data) ? data.map(toItem) : [];
  }

  /** The batch that was begun with this mark, if it is among the newest. */
  async findMarked(mark: string): Promise<Item | undefined> {
    const newest = await this.list(newestMax);
    return newest.find((batch) => readText(batch, `metadata.${markName}`) === mark);
  }

  /**
   * What a deployment takes and gives, as the Open Inference Protocol v2 tells it.
   *
   * @throws {Fault} `cli.argument-invalid` for a deployment that takes prompts.
   */
  async modelMetadata(model: string): Promise<Item> {
    const name = encodeURIComponent(model);
    try {
      return toItem(await this.#client.get(`${this.#deployments}/${name}/invoke/v2/models/${name}`, {}, this.#signal));
    } catch (error) {
      if (!(error instanceof RemoteFault) || error.kind !== "invalid") throw error;
      const advice = 'give --prompt "TEXT WITH {column}" for a model that answers prompts';
      throw new Fault("cli.argument-invalid", `${model} takes no tensors from rows: ${error.message}; ${advice}`);
    }
  }

  async content(fileId: string): Promise<AsyncIterable<Uint8Array>> {
    return await this.#client.stream(`${this.#root}/files/${encodeURIComponent(fileId)}/content`, {}, this.#signal);
  }
}
