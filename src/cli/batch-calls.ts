import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Fault } from "../base/fault.ts";
import { defaultProject } from "../tenancy/model.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { readField, readText } from "./field-path.ts";
import { type Item, toItem } from "./item.ts";

/** The files and batches of one project, by the control plane's API. */
export class BatchCalls {
  readonly #client: ApiClient;
  readonly #root: string;
  readonly #signal: AbortSignal;

  constructor(client: ApiClient, { project, signal }: Pick<CommandContext, "project" | "signal">) {
    this.#client = client;
    this.#root = `/api/v1/projects/${encodeURIComponent(project ?? defaultProject)}/openai`;
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

  async begin(inputFileId: string, endpoint: string, window: string): Promise<Item> {
    const wanted = { input_file_id: inputFileId, endpoint, completion_window: window };
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

  async content(fileId: string): Promise<AsyncIterable<Uint8Array>> {
    return await this.#client.stream(`${this.#root}/files/${encodeURIComponent(fileId)}/content`, {}, this.#signal);
  }
}
