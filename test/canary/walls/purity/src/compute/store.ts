/** Keeps rows. */
export const nodeTable = "node";
