import type { ChatHistoryItem, ChatWrapper, LlamaModel, LlamaText, Token } from "node-llama-cpp";
import type { ChatMessage, Prompt } from "../runtimes/generation-request.ts";
import { Fault } from "../../base/fault.ts";

/** A prompt as the model takes it, and what ends its answer beside the model's own end. */
export interface PromptTokens {
  readonly tokens: readonly Token[];
  readonly stops: readonly string[];
  readonly stopTokens: ReadonlySet<Token>;
}

/** Turns prompts into tokens: chats through the template that the model's file carries, text through its tokeniser. */
export class GgufPrompts {
  readonly #model: LlamaModel;
  readonly #wrapper: ChatWrapper;

  constructor(model: LlamaModel, wrapper: ChatWrapper) {
    this.#model = model;
    this.#wrapper = wrapper;
  }

  /** @throws {Fault} `serving.request-invalid` when the prompt holds tokens that the model does not have. */
  toTokens(prompt: Prompt): PromptTokens {
    switch (prompt.kind) {
      case "chat":
        return this.#chat(prompt.messages);
      case "text":
        return bare(this.#withBeginning(this.#model.tokenize(prompt.text)));
      case "tokens":
        return bare(this.#known(prompt.tokens));
    }
  }

  #chat(messages: readonly ChatMessage[]): PromptTokens {
    const chatHistory: ChatHistoryItem[] = messages.map(toHistoryItem);
    // What the model is to write comes last, still empty.
    chatHistory.push({ type: "model", response: [""] });
    const { contextText, stopGenerationTriggers } = this.#wrapper.generateContextState({ chatHistory });
    const stops: string[] = [];
    const stopTokens = new Set<Token>();
    for (const trigger of stopGenerationTriggers) {
      const tokens = trigger.tokenize(this.#model.tokenizer);
      const [only] = tokens;
      if (tokens.length === 1 && only !== undefined) stopTokens.add(only);
      else if (isPlainText(trigger)) stops.push(trigger.toString());
    }
    return { tokens: contextText.tokenize(this.#model.tokenizer), stops, stopTokens };
  }

  #withBeginning(tokens: readonly Token[]): readonly Token[] {
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    return shouldPrependBosToken && bos !== null ? [bos, ...tokens] : tokens;
  }

  #known(tokens: readonly number[]): readonly Token[] {
    // A token that the vocabulary does not have would end the process inside llama.cpp.
    const size = this.#model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    const unknown = tokens.find((token) => token >= size);
    if (unknown === undefined) return tokens as readonly Token[];
    throw new Fault(
      "serving.request-invalid",
      `the prompt wants tokens of the model's vocabulary, which are below ${size}, found ${unknown}`,
    );
  }
}

function bare(tokens: readonly Token[]): PromptTokens {
  return { tokens, stops: [], stopTokens: new Set() };
}

function toHistoryItem(message: ChatMessage): ChatHistoryItem {
  switch (message.role) {
    case "system":
      return { type: "system", text: message.text };
    case "user":
      return { type: "user", text: message.text };
    case "assistant":
      return { type: "model", response: [message.text] };
  }
}

function isPlainText(text: LlamaText): boolean {
  return text.values.every((value) => typeof value === "string");
}
