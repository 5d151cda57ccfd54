/** The filters and choices of a page, as its address holds them: plain texts by name. */
export type UrlState = Readonly<Record<string, string>>;

/** Reads the query of an address; of repeated names the last one counts. */
export function parseUrlState(query: string): UrlState {
  return Object.fromEntries(new URLSearchParams(query.replace(/^\?/, "")));
}

/** Writes a query; members that are undefined or empty are left out, and no members give no question mark. */
export function writeUrlState(state: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (typeof value === "string" && value !== "") parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text.replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
}

/** Takes the members of `change` over into `state`; null and the empty text remove a member. */
export function patchUrlState(state: UrlState, change: Readonly<Record<string, string | null>>): UrlState {
  const merged = Object.entries({ ...state, ...change });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ""));
}

/** A list in one member, parts apart by commas. */
export function listInUrl(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

/** Adds `part` to a list, or takes it out when it is there. */
export function toggleInList(list: readonly string[], part: string): readonly string[] {
  return list.includes(part) ? list.filter((each) => each !== part) : [...list, part];
}

/** Whether every word of `filter` occurs in one of `texts`, whatever the case. */
export function matchesFilter(filter: string, texts: readonly (string | null)[]): boolean {
  const all = texts.join("\n").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
