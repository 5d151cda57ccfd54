import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { Fault } from "../../base/fault.ts";
import type { Generated } from "../runtimes/generation-answer.ts";
import type { Sampling } from "../runtimes/generation-request.ts";
import { SlotQueue } from "../runtimes/slot-queue.ts";
import { StopText } from "../runtimes/stop-text.ts";
import { GgufFigures } from "./gguf-figures.ts";
import type { PromptTokens } from "./gguf-prompt.ts";
import { TokenText } from "./token-text.ts";

/** Tokens of a prompt that are processed between two looks at whether the caller is still there. */
const prefillTokens = 256;

/** What one choice of an answer is made from. */
export interface GenerationTask {
  readonly prompt: PromptTokens;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  /** null: as many as the context holds. */
  readonly maxTokens: number | null;
}

/** Generates text with a loaded model: several requests at once, each in a slot of its own, all in the same batches. */
export class GgufModel {
  readonly model: LlamaModel;
  readonly contextTokens: number;
  readonly figures = new GgufFigures();
  readonly #context: LlamaContext;
  readonly #sequences: readonly LlamaContextSequence[];
  readonly #slots: SlotQueue<LlamaContextSequence>;

  constructor(model: LlamaModel, context: LlamaContext, slots: number, maxWaiting: number) {
    this.model = model;
    this.#context = context;
    this.#sequences = Array.from({ length: slots }, () => context.getSequence());
    this.contextTokens = this.#sequences[0]?.contextSize ?? context.contextSize;
    this.#slots = new SlotQueue(this.#sequences, maxWaiting);
  }

  get running(): number {
    return this.#slots.running;
  }

  get waiting(): number {
    return this.#slots.waiting;
  }

  /** Tokens whose state is kept, over all slots. */
  get kvTokens(): number {
    return this.#sequences.reduce((sum, sequence) => sum + sequence.nextTokenIndex, 0);
  }

  /** Tokens whose state may be kept. */
  get kvTokensMax(): number {
    return this.contextTokens * this.#sequences.length;
  }

  /**
   * Continues a prompt. The slot is free again as soon as the promise settles, which is at most one token, or `prefillTokens` of the
   * prompt, after the signal fires.
   *
   * @param onText takes each piece of text; generation waits for it.
   * @throws {Fault} `serving.request-invalid` when the prompt does not fit, `serving.overloaded` when too many wait; the signal's
   *   reason when it fires.
   */
  async generate(
    task: GenerationTask,
    onText: (text: string) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<Generated> {
    checkLength(task.prompt.tokens.length, this.contextTokens);
    const { tokens } = task.prompt;
    const sequence = await this.#slots.acquire((free) => mostSimilar(free, tokens), signal);
    try {
      const generated = await this.#run(sequence, task, onText, signal);
      this.figures.end(generated.finishReason);
      return generated;
    } catch (error) {
      this.figures.end(signal.aborted ? "abort" : "error");
      throw error;
    } finally {
      this.#slots.release(sequence);
    }
  }

  async stop(): Promise<void> {
    await this.#context.dispose();
    await this.model.dispose();
  }

  async #run(
    sequence: LlamaContextSequence,
    task: GenerationTask,
    onText: (text: string) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<Generated> {
    const { tokens } = task.prompt;
    const startedMs = performance.now();
    const { cachedTokens, rest } = await prefill(sequence, tokens, signal);
    this.figures.countPrompt(tokens.length - cachedTokens, cachedTokens);
    const room = this.contextTokens - tokens.length;
    const maxTokens = Math.min(room, task.maxTokens ?? room);
    const text = new TokenText(this.model);
    const stops = new StopText([...task.stops, ...task.prompt.stops]);
    let whole = "";
    let completionTokens = 0;
    let firstMs: number | null = null;
    let isEnded = true;
    const give = async (piece: string): Promise<void> => {
      if (piece === "") return;
      whole += piece;
      await onText(piece);
    };
    for await (const token of sequence.evaluate([...rest], evaluation(task.sampling, this.model, tokens))) {
      signal.throwIfAborted();
      firstMs ??= performance.now();
      if (!task.sampling.ignoresEnd && (this.model.isEogToken(token) || task.prompt.stopTokens.has(token))) break;
      completionTokens += 1;
      await give(stops.push(text.push(token)));
      if (stops.isStopped) break;
      if (completionTokens >= maxTokens) {
        isEnded = false;
        break;
      }
    }
    if (!stops.isStopped) await give(stops.push(text.finish()) + stops.finish());
    this.figures.countGeneration(completionTokens, startedMs, firstMs ?? performance.now(), performance.now());
    const finishReason = isEnded || stops.isStopped ? "stop" : "length";
    return { text: whole, finishReason, promptTokens: tokens.length, cachedTokens, completionTokens };
  }
}

function checkLength(found: number, contextTokens: number): void {
  if (found === 0) throw new Fault("serving.request-invalid", "the prompt wants at least one token, found none");
  if (found < contextTokens) return;
  throw new Fault(
    "serving.request-invalid",
    `the prompt wants fewer than the ${contextTokens} tokens of the model's context, found ${found}; shorten it, or raise gguf.contextTokens of the deployment`,
    { details: { code: "context_length_exceeded" } },
  );
}

/** The free slot that holds the most of the prompt already; among equals the emptiest, so that others keep what they hold. */
function mostSimilar(free: readonly LlamaContextSequence[], tokens: readonly Token[]): LlamaContextSequence {
  const scored = free.map((sequence) => ({
    sequence,
    shared: sequence.compareContextTokens([...tokens]).firstDifferentIndex,
    kept: sequence.nextTokenIndex,
  }));
  const [best] = scored.sort((left, right) => right.shared - left.shared || left.kept - right.kept);
  if (best === undefined) throw new Error("a slot was asked for where none is free");
  return best.sequence;
}

/** Brings all of the prompt but its end into the slot, keeping what is there already. */
async function prefill(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<{ readonly cachedTokens: number; readonly rest: readonly Token[] }> {
  // The last token is evaluated always: it is what the first new token follows from.
  await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
  const cachedTokens = sequence.nextTokenIndex;
  let done = cachedTokens;
  while (tokens.length - done > prefillTokens) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(done, done + prefillTokens));
    done += prefillTokens;
  }
  signal.throwIfAborted();
  return { cachedTokens, rest: tokens.slice(done) };
}

function evaluation(sampling: Sampling, model: LlamaModel, prompt: readonly Token[]) {
  const { temperature, topP, topK, minP, seed, frequencyPenalty, presencePenalty } = sampling;
  const isPenalised = frequencyPenalty !== 0 || presencePenalty !== 0;
  return {
    temperature,
    topP,
    topK,
    minP,
    yieldEogToken: true,
    ...(seed === null ? {} : { seed: Math.abs(seed) % 2 ** 32 }),
    ...(isPenalised
      ? {
          repeatPenalty: {
            punishTokens: prompt.filter((token) => !model.isSpecialToken(token)).slice(-64),
            penalty: 1,
            frequencyPenalty,
            presencePenalty,
          },
        }
      : {}),
  };
}
