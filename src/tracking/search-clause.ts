import { invalidRequest } from "./request-field.ts";
import { type SearchToken, searchTokens } from "./search-token.ts";

export const searchOperators = [
  ">",
  ">=",
  "=",
  "!=",
  "<",
  "<=",
  "LIKE",
  "ILIKE",
  "IN",
  "NOT IN",
  "IS NULL",
  "IS NOT NULL",
] as const;
export type SearchOperator = (typeof searchOperators)[number];

/** The right side of a comparison; null for `IS [NOT] NULL`. */
export type SearchValue = string | number | readonly string[] | null;

/** One comparison as it was written; what it may mean is for the search that reads it. */
export interface SearchClause {
  /** Before the first dot; null when there is none. */
  readonly prefix: string | null;
  readonly key: string;
  readonly operator: SearchOperator;
  readonly value: SearchValue;
}

/**
 * Reads a filter: comparisons joined by AND. There is no OR and there are no parentheses but those of IN lists,
 * as in MLflow's own grammar.
 *
 * @throws {Fault} `tracking.request-invalid`.
 */
export function parseSearchClauses(filter: string): readonly SearchClause[] {
  const reader = new TokenReader(searchTokens(filter), filter);
  const clauses: SearchClause[] = [];
  if (reader.isAtEnd()) return clauses;
  for (;;) {
    clauses.push(readClause(reader));
    if (reader.isAtEnd()) return clauses;
    if (!reader.takeWord("AND")) throw reader.refuse("clauses can only be joined by AND");
  }
}

/** Reads a name such as `metrics.auc`, ``params.`learning rate` `` or `start_time`; the rest must follow it. */
export function parseSearchKey(text: string): {
  readonly prefix: string | null;
  readonly key: string;
  readonly rest: readonly string[];
} {
  const reader = new TokenReader(searchTokens(text), text);
  const { prefix, key } = readKey(reader);
  const rest: string[] = [];
  while (!reader.isAtEnd()) rest.push(reader.take().text);
  return { prefix, key, rest };
}

function readClause(reader: TokenReader): SearchClause {
  const { prefix, key } = readKey(reader);
  const operator = readOperator(reader);
  return { prefix, key, operator, value: readValue(reader, operator) };
}

function readKey(reader: TokenReader): { readonly prefix: string | null; readonly key: string } {
  const first = readName(reader);
  if (!reader.takeSign(".")) return { prefix: null, key: first };
  const parts = [readName(reader)];
  while (reader.takeSign(".")) parts.push(readName(reader));
  return { prefix: first, key: parts.join(".") };
}

function readName(reader: TokenReader): string {
  const token = reader.take();
  if (token.kind === "sign" || (token.kind === "quoted" && token.quote === "'"))
    throw reader.refuse(`a name was wanted, found ${token.text}`);
  return token.text;
}

function readOperator(reader: TokenReader): SearchOperator {
  const token = reader.take();
  if (token.kind === "sign") {
    const sign = token.text === "<>" ? "!=" : token.text;
    const operator = searchOperators.find((each) => each === sign);
    if (operator !== undefined) return operator;
  }
  if (token.kind === "word") {
    switch (token.text.toUpperCase()) {
      case "LIKE":
        return "LIKE";
      case "ILIKE":
        return "ILIKE";
      case "IN":
        return "IN";
      case "NOT":
        if (reader.takeWord("IN")) return "NOT IN";
        break;
      case "IS": {
        const isNegated = reader.takeWord("NOT");
        if (reader.takeWord("NULL")) return isNegated ? "IS NOT NULL" : "IS NULL";
        break;
      }
    }
  }
  throw reader.refuse(`a comparison was wanted, found ${token.text}`);
}

function readValue(reader: TokenReader, operator: SearchOperator): SearchValue {
  if (operator === "IS NULL" || operator === "IS NOT NULL") return null;
  if (operator === "IN" || operator === "NOT IN") return readList(reader);
  const token = reader.take();
  if (token.kind === "number") return Number(token.text);
  if (token.kind === "quoted" && token.quote !== "`") return token.text;
  throw reader.refuse(
    "Parameter value is either not quoted or unidentified quote types used; use either single or double quotes",
  );
}

function readList(reader: TokenReader): readonly string[] {
  if (!reader.takeSign("(")) throw reader.refuse("a list in parentheses was wanted after IN");
  const values: string[] = [];
  do {
    const token = reader.take();
    if (token.kind !== "quoted" || token.quote === "`") throw reader.refuse("a list holds quoted text only");
    values.push(token.text);
  } while (reader.takeSign(","));
  if (!reader.takeSign(")")) throw reader.refuse("the list is not closed");
  return values;
}

class TokenReader {
  readonly #tokens: readonly SearchToken[];
  readonly #filter: string;
  #at = 0;

  constructor(tokens: readonly SearchToken[], filter: string) {
    this.#tokens = tokens;
    this.#filter = filter;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  take(): SearchToken {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.refuse("it ends too early");
    this.#at += 1;
    return token;
  }

  takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word" || token.text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  takeSign(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  refuse(why: string): ReturnType<typeof invalidRequest> {
    return invalidRequest(`Invalid clause(s) in filter string: ${JSON.stringify(this.#filter.slice(0, 200))}: ${why}`);
  }
}
