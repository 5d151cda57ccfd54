import { invalidRequest } from "./request-field.ts";

const tokenPattern = /^o(\d{1,12})$/;

/** Reads how many rows to skip from a page token; no token: none. @throws {Fault} `tracking.request-invalid`. */
export function parsePageToken(token: string | undefined): number {
  if (token === undefined || token === "") return 0;
  const match = tokenPattern.exec(token);
  if (match?.[1] === undefined) {
    throw invalidRequest(
      `Invalid page token "${token.slice(0, 60)}": use the next_page_token of an earlier answer as it is.`,
    );
  }
  return Number(match[1]);
}

/** The token of the page that starts after `offset` rows. */
export function toPageToken(offset: number): string {
  return `o${offset}`;
}

/** Cuts one page out of rows that were read with one row more than the page holds. */
export function toPage<Row>(
  rows: readonly Row[],
  offset: number,
  size: number,
): { readonly rows: readonly Row[]; readonly nextToken: string | null } {
  return { rows: rows.slice(0, size), nextToken: rows.length > size ? toPageToken(offset + size) : null };
}
