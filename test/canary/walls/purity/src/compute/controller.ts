/** An edge may look at the clock. */
export const age = (since: number): number => Date.now() - since;
