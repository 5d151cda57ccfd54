/** A span. */
export const span = 1;
