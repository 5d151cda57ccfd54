/** Starts the server. */
export const serve = (): number => 1;
