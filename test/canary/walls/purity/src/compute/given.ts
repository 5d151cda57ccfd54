/** Names of the world that are given as values are no world. */
export function given(fetch: () => number, { process }: { readonly process: string }, now: number): string {
  const performance = fetch() + now;
  return `${process} ${performance}`;
}
