import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { residentByProcess } from "./process-cpu.ts";

/** What one process holds, bytes. */
export interface ProcessMemory {
  readonly resident: number;
  /** Pages that V8 has for its heap, in use or not. */
  readonly heap: number;
  /** Buffers and what else V8 knows of outside its heap; most comes from malloc. */
  readonly external: number;
  /** The rest of what is resident: the program, what V8 compiled, and what malloc keeps. */
  readonly other: number;
}

/** What a gateway holds at one moment. */
export interface GatewayMemory {
  readonly host: ProcessMemory;
  /** All its workers together. */
  readonly workers: ProcessMemory;
}

const nothing: ProcessMemory = { resident: 0, heap: 0, external: 0, other: 0 };
const toldSchema = z.object({ heap: z.number(), external: z.number() });

/** Lets the processes of gateways tell what they hold, and reads it. */
export class MemoryLooks {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<MemoryLooks> {
    return new MemoryLooks(await mkdtemp(join(tmpdir(), "bench-memory-")));
  }

  /** Calls what starts a gateway so that its processes tell. */
  async during<T>(start: () => Promise<T>): Promise<T> {
    const before = process.env["NODE_OPTIONS"];
    const teller = pathToFileURL(join(import.meta.dirname, "tell-memory.ts"));
    teller.searchParams.set("folder", this.#folder);
    process.env["NODE_OPTIONS"] = `${before ?? ""} --import=${teller.href}`.trim();
    try {
      return await start();
    } finally {
      if (before === undefined) delete process.env["NODE_OPTIONS"];
      else process.env["NODE_OPTIONS"] = before;
    }
  }

  /** @param host the process of the gateway's host. */
  look(host: number): GatewayMemory {
    let workers = nothing;
    let ofHost = nothing;
    for (const [pid, resident] of residentByProcess(host)) {
      const found = this.#of(pid, resident);
      if (pid === host) ofHost = found;
      else workers = sum(workers, found);
    }
    return { host: ofHost, workers };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #of(pid: number, resident: number): ProcessMemory {
    const told = toldSchema.parse(JSON.parse(readFileSync(join(this.#folder, `${pid}.json`), "utf8")));
    return { resident, ...told, other: resident - told.heap - told.external };
  }
}

function sum(one: ProcessMemory, other: ProcessMemory): ProcessMemory {
  return {
    resident: one.resident + other.resident,
    heap: one.heap + other.heap,
    external: one.external + other.external,
    other: one.other + other.other,
  };
}
