import type * as NodeLlamaCpp from "node-llama-cpp";
import { Fault } from "../../base/fault.ts";
import type { GgufTask } from "../runtimes/replica-files.ts";
import { threadCount } from "../runtimes/thread-count.ts";
import { GgufEmbeddings } from "./gguf-embeddings.ts";
import { GgufModel } from "./gguf-model.ts";
import { GgufPrompts } from "./gguf-prompt.ts";

/** Tokens that one batch may hold, over all slots. */
const batchTokens = 512;

/** What a replica has to work with. */
export interface LoadedGguf {
  readonly model: GgufModel;
  readonly prompts: GgufPrompts;
  /** null: the deployment did not ask for them. */
  readonly embeddings: GgufEmbeddings | null;
  readonly threads: number;
}

/** Where the model is to run. */
export interface GgufPlace {
  readonly cpus: number;
  /** Whether the replica holds a GPU; without one nothing looks for any. */
  readonly hasGpu: boolean;
}

/**
 * Loads a GGUF file and makes room for its slots.
 *
 * @throws {Fault} `serving.model-incompatible` when the package that runs it is missing, the file is not one that it can load, or the
 *   slots do not fit the model or the memory; says what was wanted and what was found.
 */
export async function loadGguf(file: string, settings: GgufTask["settings"], place: GgufPlace): Promise<LoadedGguf> {
  const llamaCpp = await importLlamaCpp();
  const threads = threadCount(place.cpus);
  const llama = await translated(
    "llama.cpp could not start",
    async () =>
      await llamaCpp.getLlama({
        gpu: place.hasGpu ? "auto" : false,
        build: "never",
        skipDownload: true,
        maxThreads: threads,
        logLevel: llamaCpp.LlamaLogLevel.error,
      }),
  );
  const model = await translated(
    `the file ${file} wants to be a GGUF model that llama.cpp can load`,
    async () => await llama.loadModel({ modelPath: file }),
  );
  checkContext(settings.contextTokens, model.trainContextSize);
  const { contextTokens: contextSize, slots, queue } = settings;
  const room = `${slots} slots of ${contextSize} tokens do not fit beside the model; ask for fewer, or for more memory`;
  const context = await translated(
    room,
    async () => await model.createContext({ sequences: slots, contextSize, batchSize: batchTokens, threads }),
  );
  const embeddings = settings.embeddings
    ? await translated(
        "the context for embeddings does not fit",
        async () => await model.createEmbeddingContext({ contextSize, threads }),
      )
    : null;
  return {
    model: new GgufModel(model, context, slots, queue),
    prompts: new GgufPrompts(model, llamaCpp.resolveChatWrapper(model)),
    embeddings: embeddings === null ? null : new GgufEmbeddings(embeddings, contextSize, queue),
    threads,
  };
}

async function importLlamaCpp(): Promise<typeof NodeLlamaCpp> {
  try {
    return await import("node-llama-cpp");
  } catch (cause) {
    throw new Fault(
      "serving.model-incompatible",
      `runtime: gguf wants the package node-llama-cpp, which is not installed beside Millwright (${cause instanceof Error ? cause.message : String(cause)}); install it with: npm install node-llama-cpp@3, then start the replica again`,
      { cause },
    );
  }
}

function checkContext(wanted: number, trained: number): void {
  if (wanted <= trained) return;
  throw new Fault(
    "serving.model-incompatible",
    `gguf.contextTokens wants ${wanted} tokens; the model was made for ${trained}. Ask for at most ${trained}`,
    { details: { wanted, trained } },
  );
}

async function translated<Value>(what: string, load: () => Promise<Value>): Promise<Value> {
  try {
    return await load();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("serving.model-incompatible", `${what}: ${why}`, { cause });
  }
}
