/** A program. */
export const probe = 1;
