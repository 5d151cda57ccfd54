import { Fault } from "../base/fault.ts";
import { promptTemplate } from "./prompt-template.ts";
import type { RowModel } from "./row-model.ts";
import { readField } from "./field-path.ts";

/** How rows become chats. */
export interface ChatRows {
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  readonly maxTokens?: number;
}

/** One chat for each row, whose text becomes the column `answer`. @throws {Fault} as `promptTemplate`. */
export function chatRows({ model, prompt, system, maxTokens }: ChatRows): RowModel {
  const toPrompt = promptTemplate(prompt);
  return {
    endpoint: "/v1/chat/completions",
    rowsPerRequest: 1,
    columns: [{ name: "answer", type: "VARCHAR" }],
    prepare: (row) => {
      try {
        return { kind: "ready", value: toPrompt(row) };
      } catch (error) {
        if (error instanceof Fault) return { kind: "bad", problem: error.message };
        throw error;
      }
    },
    elementsOf: () => 1,
    body: ([content]) => {
      const question = { role: "user", content };
      const messages = system === undefined ? [question] : [{ role: "system", content: system }, question];
      return { model, messages, ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) };
    },
    read: (answer) => {
      const choices = readField(answer, "choices");
      const content = Array.isArray(choices) ? readField(choices[0], "message.content") : undefined;
      return typeof content === "string" ? [[content]] : null;
    },
  };
}
