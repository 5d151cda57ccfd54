import { once } from "node:events";
import { isFault } from "../../base/fault.ts";
import {
  type AnswerHead,
  doneChunk,
  errorChunk,
  finishChunk,
  type Generated,
  roleChunk,
  textChunk,
  usageChunk,
  usageOf,
  wholeAnswer,
} from "../runtimes/generation-answer.ts";
import type { GenerationRequest } from "../runtimes/generation-request.ts";
import type { GgufExchange, GgufGround } from "./gguf-exchange.ts";
import type { GenerationTask } from "./gguf-model.ts";
import { sendJson } from "./send-json.ts";

/** Answers a request for text, whole or as a stream of server-sent events. */
export async function answerGeneration(
  ground: GgufGround,
  exchange: GgufExchange,
  request: GenerationRequest,
): Promise<void> {
  const head: AnswerHead = {
    kind: request.kind,
    id: `${request.kind === "chat" ? "chatcmpl" : "cmpl"}-${ground.newId()}`,
    createdSeconds: ground.nowSeconds(),
    model: request.model ?? ground.task.model,
  };
  const { prompts } = ground.loaded;
  const tasks = request.prompts.map(
    (prompt): GenerationTask => ({
      prompt: prompts.toTokens(prompt),
      sampling: request.sampling,
      stops: request.stops,
      maxTokens: request.maxTokens,
    }),
  );
  // One choice that fails ends the others: their slots must not work on for nobody.
  const failed = new AbortController();
  const signal = AbortSignal.any([exchange.signal, failed.signal]);
  const generate = async (onText: (index: number, text: string) => Promise<void>): Promise<readonly Generated[]> => {
    const running = tasks.map(async (task, index) => {
      try {
        return await ground.loaded.model.generate(
          seeded(task, index),
          async (text) => await onText(index, text),
          signal,
        );
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(running);
    return await Promise.all(running);
  };
  if (request.isStream) await stream(exchange, head, request, generate);
  else await answerWhole(exchange, head, generate);
}

type Generate = (onText: (index: number, text: string) => Promise<void>) => Promise<readonly Generated[]>;

/** Choices of one request that share a seed would all be the same. */
function seeded(task: GenerationTask, index: number): GenerationTask {
  const { seed } = task.sampling;
  return seed === null || index === 0 ? task : { ...task, sampling: { ...task.sampling, seed: seed + index } };
}

async function answerWhole({ response }: GgufExchange, head: AnswerHead, generate: Generate): Promise<void> {
  const choices = await generate(async () => undefined);
  sendJson(response, 200, wholeAnswer(head, choices));
}

async function stream(
  { response, signal }: GgufExchange,
  head: AnswerHead,
  request: GenerationRequest,
  generate: Generate,
): Promise<void> {
  const spoken = new Set<number>();
  const write = async (text: string): Promise<void> => {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    }
    // A caller that reads slowly is waited for; one that goes away is told by the signal.
    if (!response.write(text)) await once(response, "drain", { signal });
  };
  const begin = async (index: number): Promise<void> => {
    if (head.kind !== "chat" || spoken.has(index)) return;
    spoken.add(index);
    await write(roleChunk(head, index));
  };
  try {
    const choices = await generate(async (index, text) => {
      await begin(index);
      await write(textChunk(head, index, text));
    });
    for (const [index, choice] of choices.entries()) {
      await begin(index);
      await write(finishChunk(head, index, choice.finishReason));
    }
    if (request.includesUsage) await write(usageChunk(head, usageOf(choices)));
    response.end(doneChunk);
  } catch (error) {
    if (!response.headersSent || signal.aborted) throw error;
    // Clients take a stream without an end for a whole one: the error must be said in it.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    response.end(errorChunk(error instanceof Error ? error.message : String(error), isFault(error) ? error.code : ""));
  }
}
