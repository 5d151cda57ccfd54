/** Near. */
export const near = 1;
