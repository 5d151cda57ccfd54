import * as z from "zod";
import type { ShadowPair } from "../shadow-tally.ts";

/** What of an answer is compared: its text, and why it ended. */
interface AnswerText {
  readonly text: string;
  readonly finish: string;
}

const partSchema = z.object({ content: z.string().nullish() });
const answerSchema = z.object({
  choices: z
    .array(
      z.object({
        message: partSchema.optional(),
        delta: partSchema.optional(),
        text: z.string().optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  /** Of embeddings. */
  data: z.array(z.object({ embedding: z.unknown() })).optional(),
});

/** Compares two answers of the OpenAI API, each a JSON object or a stream of events; null when the first is no answer. */
export function compareAnswers(original: string, copy: string): ShadowPair | null {
  const left = readAnswer(original);
  if (left === null) return null;
  const right = readAnswer(copy);
  if (right === null) return { kind: "failed" };
  return {
    kind: "text",
    isExact: left.text === right.text,
    logLengthRatio: Math.log((right.text.length + 1) / (left.text.length + 1)),
    sameFinish: left.finish === right.finish,
  };
}

function readAnswer(body: string): AnswerText | null {
  const isStream = !body.trimStart().startsWith("{");
  const frames = isStream ? body.split("\n").flatMap(frameOf) : [body];
  let text = "";
  let finish = "";
  for (const frame of frames) {
    const parsed = answerSchema.safeParse(parseJson(frame));
    if (!parsed.success) return null;
    for (const choice of parsed.data.choices ?? []) {
      text += choice.message?.content ?? choice.delta?.content ?? choice.text ?? "";
      finish = choice.finish_reason ?? finish;
    }
    if (parsed.data.data !== undefined) text += JSON.stringify(parsed.data.data);
  }
  return frames.length === 0 ? null : { text, finish };
}

function frameOf(line: string): readonly string[] {
  const data = line.startsWith("data:") ? line.slice(5).trim() : "";
  return data === "" || data === "[DONE]" ? [] : [data];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
