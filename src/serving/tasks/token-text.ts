import type { LlamaModel, Token } from "node-llama-cpp";

/** A character of UTF-8 takes at most 4 bytes; what is not whole after as many tokens will never be. */
const maxPendingTokens = 4;

/** Tokens before a token that may change how it is written. */
const contextTokens = 3;

const brokenCharacter = "\uFFFD";

/** Turns tokens into text one by one; a character whose bytes come in several tokens is given out once it is whole. */
export class TokenText {
  readonly #model: Pick<LlamaModel, "detokenize">;
  #pending: Token[] = [];
  #before: Token[] = [];

  constructor(model: Pick<LlamaModel, "detokenize">) {
    this.#model = model;
  }

  /** The text that the token completes. */
  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#text();
    const isWhole = !text.endsWith(brokenCharacter) || this.#pending.length >= maxPendingTokens;
    return isWhole ? this.#take(text) : "";
  }

  /** What is left when no more tokens come. */
  finish(): string {
    return this.#pending.length === 0 ? "" : this.#take(this.#text());
  }

  #text(): string {
    return this.#model.detokenize(this.#pending, false, this.#before);
  }

  #take(text: string): string {
    this.#before = [...this.#before, ...this.#pending].slice(-contextTokens);
    this.#pending = [];
    return text;
  }
}
