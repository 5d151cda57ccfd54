import { invalidRequest } from "./request-field.ts";

/** A piece of a search filter. Keywords and comparison signs come as `word` and `sign`; text is unquoted. */
export type SearchToken =
  | { readonly kind: "word"; readonly text: string }
  /** In single or double quotes, or in backticks (then it can only be a name). */
  | { readonly kind: "quoted"; readonly text: string; readonly quote: "'" | '"' | "`" }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string };

const patterns: readonly (readonly [SearchToken["kind"] | "space", RegExp])[] = [
  ["space", /\s+/y],
  ["number", /(?<![\w"`])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y],
  ["quoted", /'(?:[^'])*'|"(?:[^"])*"|`(?:[^`])*`/y],
  ["word", /[\p{L}\p{N}_][\p{L}\p{N}_\-/:]*/uy],
  ["sign", /<=|>=|!=|<>|[=<>(),.]/y],
];

/**
 * Cuts a filter into tokens.
 *
 * @throws {Fault} `tracking.request-invalid` at the first character that fits nowhere.
 */
export function searchTokens(filter: string): readonly SearchToken[] {
  const tokens: SearchToken[] = [];
  let at = 0;
  while (at < filter.length) {
    const found = nextToken(filter, at);
    if (found === undefined) {
      throw invalidRequest(
        `Invalid clause(s) in filter string: cannot read ${JSON.stringify(filter.slice(at, at + 20))} at position ${at + 1}`,
      );
    }
    if (found.kind !== "space") tokens.push(toToken(found.kind, found.text));
    at += found.text.length;
  }
  return tokens;
}

function nextToken(
  filter: string,
  at: number,
): { readonly kind: SearchToken["kind"] | "space"; readonly text: string } | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(filter);
    if (match !== null) return { kind, text: match[0] };
  }
  return undefined;
}

function toToken(kind: SearchToken["kind"], text: string): SearchToken {
  if (kind !== "quoted") return { kind, text };
  const quote = text.charAt(0);
  return { kind, text: text.slice(1, -1), quote: quote === "'" ? "'" : quote === '"' ? '"' : "`" };
}
